"""Does docs/how-it-works.md draw and name what is synthesized?"""

import os
import re
from dataclasses import fields
from typing import Any

import pytest

from lensloop.settings import Settings
from tests.workflows.diagram import PAGE, updated


def section(title: str) -> str:
    return re.split(r"\n## ", PAGE.read_text().partition(f"\n## {title}\n")[2])[0]


@pytest.mark.parametrize("workflow", ["retraining", "rollout"])
def test_every_end_is_explained_and_every_explained_end_exists(
    workflow: str, request: pytest.FixtureRequest
) -> None:
    states = request.getfixturevalue(workflow)["States"]
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}
    explained = set(
        re.findall(r"^\| \*\*(.+?)\*\* \|", section(workflow.capitalize()), re.MULTILINE)
    )
    assert explained == ends


def test_the_drawings_are_of_what_is_synthesized(
    retraining: dict[str, Any], rollout: dict[str, Any]
) -> None:
    page = PAGE.read_text()
    drawn = updated(page, {"retraining": retraining, "rollout": rollout})
    if os.environ.get("UPDATE_DOCS"):
        page = drawn
        PAGE.write_text(page)
    assert page.count("flowchart TD") == 2
    assert page == drawn, "stale: run `UPDATE_DOCS=1 python -m pytest tests/workflows/test_docs.py`"


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", PAGE.read_text()))
    assert named
    assert named <= {f.name for f in fields(Settings)}
