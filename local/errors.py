"""What can a person have to mend before the local cloud runs? One exception, whose message says
what to do next.
"""


class LocalCloudError(Exception):
    """The message is a sentence for a person, and names the log when there is more to read."""
