"""What is the `image-classification` algorithm? SageMaker's built-in one, trained by a job of its
own; train.py is what our job calls with the network that it left.
"""
