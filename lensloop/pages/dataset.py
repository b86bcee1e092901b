"""How does the data set look? One HTML page that can be opened anywhere."""

from collections.abc import Mapping
from typing import Any

from lensloop.dataset.split import SPLITS
from lensloop.pages import render


def page(report: Mapping[str, Any]) -> str:
    return render("dataset.html", report=report, splits=SPLITS)
