"""How any model is asked."""
