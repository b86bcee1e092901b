"""Can everybody use each screen: light and dark, on a desk and on a phone?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.axe import violations, with_axe
from tests.chromium import chromium, in_chromium
from tests.review.browser import served_here

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, in_chromium, with_axe]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# What is there when a screen is.
SCREENS = {
    "status": "main h2",
    "labels": "main a",
    "label?name=can": ".cells img",
    "frames": "#desk[data-frame]:not([hidden])",
    "check": "img",
    "map": "#map",
}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    pytest.importorskip("playwright", reason="playwright is not installed")
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_here(tmp_path_factory.mktemp("served"), 12, pictures=30) as found:
        yield found


def seen(browser: "Browser", size: Any, colours: Any) -> "Page":
    context = browser.new_context(viewport=size, color_scheme=colours, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_no_rule_of_wcag_is_broken(
    browser: "Browser", address: str, size: dict[str, int], colours: str
) -> None:
    page = seen(browser, size, colours)
    found = {}
    for screen, there in SCREENS.items():
        page.goto(f"{address}{screen}")
        page.locator(there).first.wait_for()
        found[screen] = violations(page)
    page.context.close()
    assert {screen: rules for screen, rules in found.items() if rules} == {}


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nor_by_a_dialog(browser: "Browser", address: str, colours: str) -> None:
    page = seen(browser, PHONE, colours)
    page.goto(address)
    page.get_by_role("button", name="Roll back …").click()
    page.get_by_role("dialog").wait_for()
    found = violations(page)
    page.goto(f"{address}label?name=can")
    page.locator(".cells img").first.wait_for()
    page.focus("#grid")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("m")
    page.get_by_role("dialog").wait_for()
    found += violations(page)
    page.context.close()
    assert found == []


def test_what_breaks_a_rule_is_found(browser: "Browser", address: str) -> None:
    """So that the tests above cannot pass because nothing was looked at."""
    page = seen(browser, WIDE, "light")
    page.goto(f"{address}status")
    page.evaluate("document.querySelector('main').innerHTML += '<img src=\"x.png\">'")
    assert [rule.split(":")[0] for rule in violations(page)] == ["image-alt"]
    page.context.close()
