"""What should each camera run, and how is it? The rules about cameras that report."""
