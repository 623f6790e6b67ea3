"""Station 3: from a post to Evidence."""
