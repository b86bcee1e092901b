"""What are the rules? Pure decisions and their reasons; everything that touches AWS, a clock or a disk lives elsewhere."""
