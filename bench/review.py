"""Is no label lost that a person gives on the page, and how soon is the page there among many
pictures?

In a real Chromium: 1,000 frames labelled by keys, the browser closed and the server killed on the
way; then the first picture of a label with 10,000 and with 100,000 pictures in the bucket, which
stands in a folder of this machine: what S3 takes comes on top, 16 lists of a thousand at a time.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figure import Row, figure
from tests.chromium import CHROMIUM, chromium
from tests.fakes.folder_s3 import FolderS3
from tests.review.browser import (
    all_saved,
    expected,
    label,
    labelled,
    opened,
    served,
)
from tests.review.conftest import LABELS, fill, fill_dataset

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FRAMES = 1000
# Two changes of the bucket a label: in the midst of the work.
KILLED_AT = 1000
GOAL_SECONDS = {10_000: 1.0, 100_000: 3.0}
_PATIENCE = 120.0


def rows() -> list[Row]:
    if not CHROMIUM:
        print("  there is no Chromium here")
        return []
    with chromium() as browser:
        return [*_labelling(browser), *_waiting(browser)]


def _labelling(browser: "Browser") -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with served(folder, FRAMES, kill_at=KILLED_AT) as address:
            first = opened(browser, address)
            label(first, FRAMES // 4)
            first.close()
            second = opened(browser, address)
            label(second, FRAMES)
            second.wait_for_selector("#fault:not([hidden])")
            second.close()
        before = len(labelled(folder))
        begun = time.monotonic()
        with served(folder, FRAMES) as address:
            last = opened(browser, address)
            while label(last, FRAMES) or not last.locator("#none").is_visible():
                pass
            all_saved(last)
        rate = (FRAMES - before) / (time.monotonic() - begun)
        found = labelled(folder)
    lost = sum(found.get(number) != label for number, label in expected(FRAMES).items())
    yield figure("frames of 1,000 lost or twice", lost, None, "", None, "0", lost == 0)
    yield figure("labels by keys", rate, None, "/s", None, "≥ 5", rate >= 5)


def _waiting(browser: "Browser") -> Iterator[Row]:
    for pictures, goal in GOAL_SECONDS.items():
        with tempfile.TemporaryDirectory() as temporary:
            s3 = FolderS3(Path(temporary) / "s3")
            fill(s3, 0, pictures // len(LABELS))
            fill_dataset(s3)
            with served(Path(temporary), 0) as address:
                seconds = _until_first_picture(browser, address)
        name = f"page ready, {pictures:,} pictures"
        yield figure(name, seconds, None, "s", None, f"≤ {goal:.0f}", seconds <= goal)


def _until_first_picture(browser: "Browser", address: str) -> float:
    """From the address that was printed a moment ago, in a browser that is up."""
    page = browser.new_page()
    page.goto("about:blank")
    page.set_default_timeout(_PATIENCE * 1000)
    begun = time.monotonic()
    page.goto(f"{address}label?name={LABELS[0]}")
    page.wait_for_selector(".cells img")
    seconds = time.monotonic() - begun
    page.close()
    return seconds
