"""What did the demo look like? One HTML page with everything inside: releases, refusals, and what
each camera predicted.
"""

from collections.abc import Mapping
from typing import Any

from lensloop.pages import render


def page(demo: Mapping[str, Any]) -> str:
    """`demo` is what `demo.report` gathers from the story."""
    return render("demo.html", demo=demo)
