"""Where do the steps meet AWS? The state table, the bucket, and what a training job left behind."""
