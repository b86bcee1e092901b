"""How can a model be trained? One folder for each algorithm."""
