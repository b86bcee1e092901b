"""What is the `head` algorithm? A frozen pretrained backbone with a new head:
train.py is what the job calls.
"""
