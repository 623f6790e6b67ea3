"""Station 5: what may be wrong with a post, which rule, which words, and why it may be fine."""
