"""Station 9: what people decided, turned into what is learnt."""
