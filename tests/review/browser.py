"""A person at a browser, who gives each frame its label by one key: frame n is label n mod 3."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from review.server import serving
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import (
    BUSY,
    LABELS,
    Told,
    desk,
    fill,
    fill_dataset,
    fill_features,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_PATIENCE = 15_000  # milliseconds, on a machine with other work


@contextlib.contextmanager
def served(folder: Path, frames: int, pictures: int = 2, kill_at: int = 0) -> Iterator[str]:
    """The page's program at what lies in the folder; it kills itself before that change."""
    numbers = [str(number) for number in (frames, pictures, kill_at)]
    program = [sys.executable, "-m", "tests.review.served", str(folder), *numbers]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def served_here(folder: Path, frames: int, pictures: int = 2) -> Iterator[str]:
    """In this program, which starts no other: sooner, where nothing is to be killed."""
    with serving(desk(filled(folder, frames, pictures), folder, Told(BUSY)), 0) as address:
        yield address


def filled(folder: Path, frames: int, pictures: int) -> FolderS3:
    """What lies there already stays."""
    s3 = FolderS3(folder / "s3")
    if not s3.keys():
        fill(s3, frames, pictures)
        fill_dataset(s3, doubts=5)
        fill_features(s3)
    return s3


def opened(browser: "Browser", address: str) -> "Page":
    page = browser.new_page()
    page.set_default_timeout(_PATIENCE)
    page.goto(f"{address}frames")
    page.wait_for_selector("#none button, #desk[data-frame]:not([hidden])")
    return page


def label(page: "Page", most: int) -> int:
    """Gives at most so many labels, as fast as keys can be pressed; how many it gave."""
    for given in range(most):
        frame = page.locator("#desk").get_attribute("data-frame") or ""
        found = re.search(r"frame-(\d+)$", frame)
        if not found:
            return given
        page.keyboard.press(str(1 + int(found[1]) % len(LABELS)))
    return most


def all_saved(page: "Page") -> None:
    page.wait_for_selector("body[data-unsaved='0']")


def labelled(folder: Path) -> dict[int, list[str]]:
    """The labels under which each frame lies now."""
    found: dict[int, list[str]] = {}
    for key in FolderS3(folder / "s3").keys("images/"):
        if copy := re.fullmatch(r"images/(\w+)/review\.deeplens_hall\.frame-(\d+)\.jpg", key):
            found.setdefault(int(copy[2]), []).append(copy[1])
    return found


def expected(frames: int) -> dict[int, list[str]]:
    return {number: [LABELS[number % len(LABELS)]] for number in range(frames)}
