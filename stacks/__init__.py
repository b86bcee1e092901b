"""What exists in AWS, and who may do what?
Stacks wire, constructs build, grants sit beside the wiring.
"""
