"""A synthetic month of the loop: recombined posts, imperfect people, an injected clock, and the real service code."""
