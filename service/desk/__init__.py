"""Station 8: mentors edit drafts and send them back."""
