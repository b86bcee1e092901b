"""Does a real browser show all of a page, at every width? Nothing is cut or scrolls sideways."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.chromium import CHROMIUM, in_chromium
from tests.pages.test_every_page import PAGES

WIDTHS = (320, 360, 800, 1400)
LOOKED_AT = (
    "run refused plain",
    "run refused strange",
    "run refused many",
    "run canary-failed strange",
    "run too-few-images strange",
    "run failed plain",
    "dataset strange",
    "demo strange",
)
# What reaches over the edge of the window, or of the card that it is in, and what is cut.
MEASURE = """
function beyond(page) {
  const found = [], width = page.documentElement.clientWidth;
  if (page.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
  for (const card of [page.body, ...page.querySelectorAll("section, header, .tiles div")]) {
    const edge = card.getBoundingClientRect();
    for (const part of card.querySelectorAll("*")) {
      const place = part.getBoundingClientRect();
      if (place.width && (place.right > edge.right + 0.5 || place.left < edge.left - 0.5)) {
        found.push(part.outerHTML.slice(0, 80));
      } else if (card !== page.body && place.height && place.top < edge.top - 0.5) {
        found.push("above its card: " + part.outerHTML.slice(0, 80));
      }
    }
  }
  for (const part of page.querySelectorAll("body *")) {
    const hidden = getComputedStyle(part).overflowX !== "visible" && part.tagName !== "IMG";
    if (hidden && part.scrollWidth > part.clientWidth + 1) found.push("cut: " + part.className);
  }
  return found.slice(0, 3);
}
onload = () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const beyondIt = beyond(frame.contentDocument);
    if (beyondIt.length) found[frame.title] = beyondIt;
  }
  document.body.textContent = "measured " + JSON.stringify(found);
};
"""


def measured(pages: dict[str, str], folder: Path) -> dict[str, Any]:
    """What is wrong with each page, by its name and the width of its frame."""
    frames = [
        f'<iframe title="{html.escape(name)} {width}" style="width:{width}px;height:900px;border:0"'
        f' srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in WIDTHS
    ]
    file = folder / "frames.html"
    file.write_text(
        f'<meta charset="utf-8"><script>{MEASURE}</script><body>{"".join(frames)}</body>', "utf-8"
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += ["--virtual-time-budget=20000", f"--user-data-dir={folder / 'browser'}"]
    command = [CHROMIUM, *options, "--dump-dom", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    answer = re.search(r"<body>measured (.*)</body>", done.stdout)
    assert answer, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(answer[1]))
    return found


pytestmark = in_chromium


def test_nothing_scrolls_sideways_and_nothing_is_cut(tmp_path: Path) -> None:
    assert measured({name: PAGES[name] for name in LOOKED_AT}, tmp_path) == {}


def test_what_is_too_wide_is_found(tmp_path: Path) -> None:
    """So that the test above cannot pass because nothing was measured."""
    wide = PAGES["run failed plain"].replace("</main>", '<p style="width:340px">x</p></main>')
    found = measured({"wide": wide}, tmp_path)
    assert list(found) == ["wide 320"]
    assert found["wide 320"][0] == "the page scrolls sideways"
