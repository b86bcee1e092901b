"""What may a person do to pictures on the page, and what follows? `review/` serves it."""
