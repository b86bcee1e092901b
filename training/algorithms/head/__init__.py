"""A frozen pretrained backbone with a new head."""
