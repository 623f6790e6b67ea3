"""Station 7: the moderators' queue and what they decide."""
