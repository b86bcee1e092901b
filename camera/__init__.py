"""What runs on a camera? The agent that takes releases, proves them, classifies frames and
publishes what it sees.

Python 3.7 syntax throughout: a stock AWS DeepLens has nothing newer.
"""

AGENT_VERSION = 2  # what a release manifest's `min_agent` is compared with
