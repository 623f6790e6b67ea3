"""One file per format that threads are imported from. Each reads a source as a stream of records."""
