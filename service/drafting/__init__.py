"""Station 6: a suggested answer in which every sentence shows its source."""
