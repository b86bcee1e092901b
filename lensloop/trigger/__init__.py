"""When does a retraining start, go on, and end?"""
