"""On which machine does a run train, and on which next when AWS has none?"""
