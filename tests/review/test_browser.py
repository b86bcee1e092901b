"""Does the page work in a real browser, with the keyboard alone, and is no label lost when browser
or server is killed half-way?
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chromium import chromium, in_chromium
from tests.fakes.folder_s3 import FolderS3
from tests.review.browser import (
    all_saved,
    expected,
    label,
    labelled,
    opened,
    served,
    served_here,
)
from tests.review.conftest import jpeg

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, in_chromium]
FRAMES = 60


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    pytest.importorskip("playwright", reason="playwright is not installed")
    with chromium() as found:
        yield found


def test_no_label_is_lost_when_browser_and_server_are_killed(
    browser: "Browser", tmp_path: Path
) -> None:
    """A label is two changes of the bucket: the server dies between them, at the 30th or so."""
    with served(tmp_path, FRAMES, kill_at=60) as address:
        first = opened(browser, address)
        assert label(first, 15) == 15
        first.close()  # with decisions on their way, as a browser that crashes
        second = opened(browser, address)
        label(second, 25)
        second.wait_for_selector("#fault:not([hidden])")
        second.close()
    before = labelled(tmp_path)
    assert 0 < len(before) < FRAMES
    with served(tmp_path, FRAMES) as address:
        last = opened(browser, address)
        assert label(last, 2 * FRAMES) == FRAMES - len(before)
        all_saved(last)
        assert "last one" in last.inner_text("#none")
    assert labelled(tmp_path) == expected(FRAMES)


def test_undo_skip_and_a_new_label_by_keys(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 3) as address:
        page = opened(browser, address)
        first = page.locator("#desk").get_attribute("data-frame")
        page.keyboard.press("2")
        page.keyboard.press("u")
        page.wait_for_selector(f"#desk[data-frame='{first}']")
        page.keyboard.press("n")
        page.keyboard.type("tetra pak")
        page.keyboard.press("Enter")
        page.keyboard.press("s")
        page.keyboard.press("Enter")  # the camera is right
        all_saved(page)
        assert "skipped" in page.inner_text("#none")
    found = labelled(tmp_path)
    assert len(found) == 1, "one has the camera's label"
    assert list((tmp_path / "s3").glob("images%2Ftetra%20pak%2Freview*"))


def test_the_first_screen_lives_and_decides(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 0) as address:
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.get_by_role("button", name="Approve release 3").click()
        page.get_by_label("Why").fill("seen it")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("Done.").wait_for()
        page.get_by_role("button", name="Roll back …").click()
        page.get_by_text("All cameras go back from release 2 to release 1.").wait_for()
        page.get_by_label("To release").fill("7")
        page.get_by_text("Release 7 is none of this project's.").wait_for()
        assert page.locator("#decide-yes").is_disabled()
        page.get_by_label("To release").fill("1")
        page.get_by_text("All cameras go back from release 2 to release 1.").wait_for()
        page.locator("#decide-yes").click()
        page.get_by_text("Done.").wait_for()
        assert faults == []


def test_pictures_are_selected_moved_and_brought_back_by_keys(
    browser: "Browser", tmp_path: Path
) -> None:
    with served_here(tmp_path, 0, pictures=30) as address:
        page = browser.new_page()
        page.goto(f"{address}label?name=can")
        page.wait_for_selector(".cells img")
        page.focus("#grid")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        page.get_by_text("3 selected").wait_for()
        page.keyboard.press("m")
        page.keyboard.type("paper")
        page.keyboard.press("Enter")
        page.get_by_text("27 pictures").wait_for()
        page.keyboard.press("u")
        page.get_by_text("30 pictures").wait_for()
    assert len(FolderS3(tmp_path / "s3").keys("images/can/")) == 30


def test_a_doubted_label_is_settled_by_a_key(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 0, pictures=5) as address:
        page = browser.new_page()
        page.goto(f"{address}check")
        page.get_by_text("5 labels to check").wait_for()
        page.keyboard.press("r")
        page.get_by_text("4 labels to check").wait_for()
        page.keyboard.press("m")
        page.get_by_text("3 labels to check").wait_for()
        page.keyboard.press("u")
        page.get_by_text("4 labels to check").wait_for()
        page.reload()
        page.get_by_text("4 labels to check").wait_for()


def test_pictures_are_chosen_on_the_map_and_moved(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 0, pictures=60) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1200})
        page.goto(f"{address}map")
        page.get_by_role("button", name="Most unlike their label").click()
        page.get_by_role("heading", name="6 pictures").wait_for()
        page.get_by_role("button", name="Whole map").click()
        box = page.locator("#map").bounding_box()
        assert box is not None
        left, top, right, bottom = 6, 6, box["width"] - 6, box["height"] - 6
        page.mouse.move(box["x"] + left, box["y"] + top)
        page.mouse.down()
        for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 3)):
            page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
        page.mouse.up()
        page.get_by_role("heading", name="159 pictures").wait_for()
        page.locator("#grid").focus()
        page.keyboard.press(" ")
        page.keyboard.press("x")
        page.get_by_role("heading", name="158 pictures").wait_for()
    assert len(FolderS3(tmp_path / "s3").keys("review/set-aside/")) == 1


def test_pictures_that_are_added_are_planned_and_then_brought_in(
    browser: "Browser", tmp_path: Path
) -> None:
    for number in (70, 71):
        (tmp_path / f"new-{number}.jpg").write_bytes(jpeg(number))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with served_here(tmp_path / "here", 0, pictures=5) as address:
        page = browser.new_page()
        page.goto(f"{address}label?name=can")
        page.get_by_text("5 pictures").wait_for()
        page.locator("#files").set_input_files(sorted(tmp_path.glob("*.jpg")))
        page.get_by_text("can: 2 new pictures").wait_for()
        page.get_by_text("Left out: 1 file.").wait_for()
        page.get_by_role("button", name="Bring them in").click()
        page.get_by_text("2 pictures are in").wait_for()
        page.get_by_text("7 pictures").wait_for()


def test_pictures_are_taken_with_the_computers_camera(browser: "Browser", tmp_path: Path) -> None:
    """The browser's own test picture stands for a camera: it turns slowly, and is soon another."""
    with served(tmp_path, 0, pictures=7) as address:
        context = browser.new_context(
            permissions=["camera"], viewport={"width": 400, "height": 800}
        )
        page = context.new_page()
        page.set_default_timeout(8000)
        page.goto(f"{address}label?name=can")
        page.get_by_role("button", name="Take pictures").click()
        page.get_by_text("can has 7 pictures: 23 more make 30").wait_for()
        page.wait_for_selector("#shoot:not([disabled])")
        page.keyboard.press("Space")
        page.get_by_text("can has 8 pictures").wait_for()
        page.get_by_role("button", name="Drop picture 1").click()
        page.get_by_text("can has 7 pictures").wait_for()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Keep 1 picture").wait_for()
        page.keyboard.press("Escape")
        page.get_by_text("1 picture is not kept yet").wait_for()
        page.get_by_role("button", name="Keep 1 picture").click()
        page.get_by_text("can: 1 new picture").wait_for()
        page.get_by_role("button", name="Bring them in").click()
        page.get_by_text("1 picture is in").wait_for()
        page.locator("#drop-no").click()
        page.wait_for_selector("#webcam", state="hidden")
        page.get_by_text("8 pictures").first.wait_for()
        context.close()
    assert list((tmp_path / "s3").glob("images%2Fcan%2Ftaken-*"))


def test_a_camera_that_may_not_be_used_is_said_to_be(browser: "Browser", tmp_path: Path) -> None:
    with served(tmp_path, 0) as address:
        page = browser.new_page()
        page.goto(f"{address}label?name=can")
        page.get_by_role("button", name="Take pictures").click()
        page.get_by_text("The browser does not let this page use the camera.").wait_for()
        gone = "new DOMException('none', 'NotFoundError')"
        page.evaluate(
            f"() => {{ navigator.mediaDevices.getUserMedia = () => Promise.reject({gone}) }}"
        )
        page.get_by_role("button", name="Try again").click()
        page.get_by_text("There is no camera at this computer.").wait_for()
        page.keyboard.press("Escape")
        page.wait_for_selector("#webcam", state="hidden")


REACHED = """() => [...document.querySelectorAll("main a, main button, main select, main input,"
  + " main summary, main canvas, main [tabindex='0'], nav a")]
  .filter(each => each.checkVisibility() && !each.disabled)"""
SCREENS = {
    "status": "#headline",
    "frames": "#desk:not([hidden])",
    "labels": ".card",
    "label?name=can": ".cells img",
    "check": "#desk:not([hidden])",
    "map": "#all:not([hidden])",
}


@pytest.mark.parametrize("screen", SCREENS)
def test_the_tab_key_comes_to_everything_and_shows_where_it_is(
    browser: "Browser", tmp_path: Path, screen: str
) -> None:
    with served_here(tmp_path, 3, pictures=12) as address:
        page = browser.new_page()
        page.goto(f"{address}{screen}")
        page.wait_for_selector(SCREENS[screen])
        page.evaluate(f"() => ({REACHED})().forEach((each, n) => {{ each.dataset.n = n }})")
        wanted = page.evaluate(f"() => ({REACHED})().length")
        seen = set()
        for _ in range(wanted + 3):
            page.keyboard.press("Tab")
            number, outline = page.evaluate(
                "() => [document.activeElement.dataset.n,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            if number is not None:
                assert outline != "none", number
                seen.add(number)
    assert len(seen) == wanted > 5


@pytest.mark.parametrize(
    ("screen", "opener", "dialog"),
    [
        ("status", "[data-decide=approve]", "#decide"),
        ("label?name=can", "#grid", "#large"),
        ("label?name=can", "#take", "#webcam"),
        ("frames", "#new", "#name"),
    ],
)
def test_a_dialog_keeps_the_focus_and_gives_it_back(
    browser: "Browser", tmp_path: Path, screen: str, opener: str, dialog: str
) -> None:
    with served_here(tmp_path, 3, pictures=12) as address:
        page = browser.new_page()
        page.goto(f"{address}{screen}")
        page.wait_for_selector(SCREENS[screen])
        page.locator(opener).focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{dialog}[open]")
        for _ in range(8):
            page.keyboard.press("Tab")
            beside = "document.querySelector('main, nav').contains(document.activeElement)"
            assert not page.evaluate(beside)
        page.keyboard.press("Escape")
        page.wait_for_selector(f"{dialog}:not([open])", state="attached")
        assert page.evaluate(f"document.activeElement.matches('{opener}')")


def test_the_focus_is_not_lost_where_a_button_goes(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 0, pictures=3) as address:
        page = browser.new_page()
        page.goto(f"{address}check")
        page.get_by_text("5 labels to check").wait_for()
        for left in (4, 3, 2, 1):
            page.locator("#labels button:not([hidden])").last.focus()
            page.keyboard.press("Enter")
            page.locator("#left", has_text=f"{left} label").wait_for()
            page.wait_for_selector("#saving:empty", state="attached")
            assert page.evaluate(
                "document.activeElement.matches('main button')"
                " && document.activeElement.checkVisibility()"
            )
        page.goto(f"{address}status")
        page.locator("main td a, main th a").last.focus()
        page.evaluate("document.querySelector('#headline').id = 'old'")
        page.evaluate(
            "() => { const before = fetch; fetch = async (...asked) =>"
            " new Response(await (await before(...asked)).text() + ' ') }"
        )
        page.wait_for_selector("#old", state="detached")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "runs/2"


def test_selecting_moves_no_button(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 0, pictures=12) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}label?name=can")
        page.wait_for_selector(".cells img")
        before = page.locator("#grid").bounding_box()
        page.locator(".cells [role=option]").first.click()
        page.get_by_text("1 selected").wait_for()
        assert page.locator("#grid").bounding_box() == before


def test_the_map_moves_by_keys_and_says_that_nothing_is_odd(
    browser: "Browser", tmp_path: Path
) -> None:
    with served_here(tmp_path, 0, pictures=4) as address:
        page = browser.new_page()
        page.goto(f"{address}map")
        page.wait_for_selector("#all:not([hidden])")
        page.get_by_role("button", name="Most unlike their label").click()
        page.locator("#said", has_text="nearest to the middle of its own label").wait_for()
        page.locator("#map").focus()

        def drawn(*keys: str) -> str:
            for key in keys:
                page.keyboard.press(key)
            found: str = page.evaluate("document.querySelector('#map').toDataURL()")
            return found

        whole = drawn()
        corner = drawn("+", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp")
        below = drawn("ArrowDown")
        assert len({whole, corner, below}) == 3
        assert drawn("-") == whole


def test_fingers_move_the_enlarged_map_and_draw_when_a_button_says_so(
    browser: "Browser", tmp_path: Path
) -> None:
    with served_here(tmp_path, 0, pictures=30) as address:
        context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        page = context.new_page()
        page.goto(f"{address}map")
        page.wait_for_selector("#all:not([hidden])")
        box = page.locator("#map").bounding_box()
        assert box is not None
        left, top, right, bottom = 8, 8, box["width"] - 8, box["height"] - 8
        touching = context.new_cdp_session(page)

        def fingers(*steps: list[tuple[float, float]]) -> str:
            """Down at the first places, over the others, and up."""
            for number, step in enumerate(steps):
                points = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in step]
                kind = "touchMove" if number else "touchStart"
                touching.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            touching.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            found: str = page.evaluate("document.querySelector('#map').toDataURL()")
            return found

        whole = fingers([(1, 1)])
        larger = fingers([(190, 60), (270, 60)], [(150, 60), (310, 60)], [(110, 60), (340, 60)])
        around: list[list[tuple[float, float]]] = [
            [(left, top)],
            [(right, top)],
            [(right, bottom)],
            [(left, bottom)],
            [(left, 20)],
        ]
        moved = fingers([(200, 60)], [(170, 60)], [(140, 60)])
        assert len({whole, larger, moved}) == 3
        assert page.locator("#chosen").is_hidden(), "nothing was drawn"
        page.get_by_role("button", name="Draw around").tap()
        fingers(*around)
        page.locator("#chosen h2").wait_for()
        some = page.inner_text("#selected")
        page.get_by_role("button", name="Whole map").tap()
        fingers(*around)
        page.get_by_role("heading", name="78 pictures").wait_for()
        assert some != page.inner_text("#selected"), "only those that were in sight"
        context.close()


def test_the_bar_does_not_touch_the_grid_of_a_phone(browser: "Browser", tmp_path: Path) -> None:
    with served_here(tmp_path, 0) as address:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(f"{address}label?name=can")
        page.wait_for_selector(".cells img")
        bar, grid = (page.locator(each).bounding_box() for each in (".bar", "#grid"))
        assert bar
        assert grid
        assert grid["y"] - bar["y"] - bar["height"] >= 8
