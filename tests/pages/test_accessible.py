"""Can everybody read the pages that are written, light and dark?"""

from typing import Any

import pytest

from tests.axe import violations, with_axe
from tests.chromium import chromium, in_chromium
from tests.pages.test_browser import LOOKED_AT
from tests.pages.test_every_page import PAGES

pytestmark = [pytest.mark.slow, in_chromium, with_axe]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_rule_of_wcag_is_broken(colours: Any) -> None:
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = {}
    with chromium() as browser:
        context = browser.new_context(color_scheme=colours, bypass_csp=True)
        page = context.new_page()
        for name in LOOKED_AT:
            page.set_content(PAGES[name])
            found[name] = violations(page)
    assert {name: rules for name, rules in found.items() if rules} == {}
