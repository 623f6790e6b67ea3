"""Long checks of the whole service with a short form in `make test`: `make fuzz`, `make chaos`, `make soak`."""
