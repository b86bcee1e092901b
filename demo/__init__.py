"""The demo: one story, told on the local cloud by `make demo`."""
