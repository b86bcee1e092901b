"""The loop closes the gap: what a camera in another place is unsure of, and what answers bring."""
