"""What are the workflows made of?
Steps that own their functions, and the two workflows that list them.
"""
