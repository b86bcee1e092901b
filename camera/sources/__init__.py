"""Where do the pictures come from? One module for each kind of source; `newest` is the thread that
keeps a camera's frames of now, and `opening` chooses.
"""
