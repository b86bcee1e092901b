"""What do people see? Pages made of a report or a run record."""
