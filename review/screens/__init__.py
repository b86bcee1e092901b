"""What can be asked of each screen? One file a screen, with its routes."""
