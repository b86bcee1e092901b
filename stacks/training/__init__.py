"""With what, and how, is a training job asked for?"""
