"""Station 1: a member's post, as it was sent and as the readers read it."""
