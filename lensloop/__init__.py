"""What are the rules? Pure decisions and their reasons;
what touches AWS, a clock or a disk lives elsewhere.
"""
