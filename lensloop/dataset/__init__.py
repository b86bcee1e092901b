"""What makes a data set out of a bucket of pictures?"""
