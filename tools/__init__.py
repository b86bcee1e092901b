"""What keeps this repository itself in order?"""
