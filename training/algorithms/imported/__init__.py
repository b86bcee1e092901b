"""What is the `imported` algorithm? A model that was trained elsewhere: train.py checks it again,
gives it the contract of every model, and calibrates it.
"""
