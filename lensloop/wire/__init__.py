"""What do cameras and the cloud share? Python 3.7, imports nothing else of ours, and ships to
cameras as a folder.
"""
