"""One scorer a file, named for the harm it catches. Each makes the metrics that show how often the harm is done."""
