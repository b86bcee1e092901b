"""What keeps whom from a page? axe-core on WCAG 2.2, levels A and AA, in a real browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
with_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is missing: run `make install`")


def violations(page: "Page") -> list[str]:
    """A line for each rule that is broken, with the first place. The context of `page` must let
    scripts in (`bypass_csp`), for our pages let in only their own.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", list(_RULES)
    )
    return [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:120]}"
        f" ({len(each['nodes'])} places) {each['nodes'][0].get('failureSummary', '')}"
        for each in found["violations"]
    ]
