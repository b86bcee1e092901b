"""What runs inside a training job?
Everything between the pictures of a data set and a judged model file.
"""
