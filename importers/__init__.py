"""Where do labelled pictures come from? One file for each kind of source, a plan, and what carries
it out.
"""
