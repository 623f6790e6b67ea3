"""Station 4: topic tags from a closed vocabulary."""
