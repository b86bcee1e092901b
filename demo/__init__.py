"""Does it all work together? One story, shown on the local cloud by `make demo`."""
