"""What ships? Code of ours, and other people's packages."""
