"""What does a camera see just now? A page of its own, off by default: `view` keeps what is shown,
`page` is the page, `server` gives it to who may see it.
"""
