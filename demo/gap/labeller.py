"""Who answers for the frames that came back? Somebody who knows what each shows, at the page that
`lensloop review` serves: asked and answered over HTTP, as a browser does.
"""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from demo.album import Picture
from demo.errors import DemoFailed

_SECONDS = 60.0  # for one answer of the page; it lists the bucket for some


@dataclass(frozen=True)
class Waiting:
    """A frame that waits for an answer, as the page shows it; `picture`: what it really is."""

    frame: str
    kind: str
    picture: Picture


class Labeller:
    def __init__(self, address: str, knows: Callable[[str], Picture | None]) -> None:
        """`address`: of the page. `knows`: what a frame shows, by its name on the page; None for
        what no camera of the story sent.
        """
        self._address, self._knows = address, knows
        self._known: dict[str, Picture] = {}
        parts = urlsplit(address)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        # A proxy that this machine may be told to use has no business with its loopback.
        self._browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def waiting(self) -> list[Waiting]:
        """All of them, in the page's order: what is most worth an answer first."""
        return [*self._pages()]

    def _pages(self) -> Iterator[Waiting]:
        have: list[str] = []
        while shown := self._ask("frames/next", have=have, fresh=not have)["frames"]:
            for frame in shown:
                have.append(frame["id"])
                picture = self._what(frame["id"])
                if picture:
                    yield Waiting(frame["id"], frame.get("kind", ""), picture)

    def _what(self, frame: str) -> Picture | None:
        """Asked again until it is known: a picture arrives before what the camera said of it."""
        found = self._known.get(frame) or self._knows(frame)
        if found:
            self._known[frame] = found
        return found

    def answer(self, waiting: Waiting) -> None:
        self._ask("frames/label", frame=waiting.frame, label=waiting.picture.label)

    def _ask(self, what: str, **content: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Origin": self._origin}
        body = json.dumps(content).encode()
        request = urllib.request.Request(self._address + what, body, headers)  # noqa: S310 - ours
        try:
            with self._browser.open(request, timeout=_SECONDS) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise DemoFailed(f"The page answered {error.code} to {what}: {said}") from error
        except OSError as error:
            raise DemoFailed(f"The page did not answer to {what}: {error}") from error


def chosen(waiting: Iterable[Waiting], answered: Iterable[Picture], each: int) -> list[Waiting]:
    """The first of `waiting` until `each` of every label are answered, with those before, or there
    are no more. What a camera sent twice is answered once.
    """
    given = {picture.file: picture.label for picture in answered}
    counts = Counter(given.values())
    found: list[Waiting] = []
    for one in waiting:
        file, label = one.picture.file, one.picture.label
        if file not in given and counts[label] < each:
            given[file] = label
            counts[label] += 1
            found.append(one)
    return found


def complete(answered: Iterable[Picture], labels: Iterable[str], each: int) -> bool:
    counts = Counter(picture.label for picture in answered)
    return all(counts[label] >= each for label in labels)
