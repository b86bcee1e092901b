"""What else is in a release beside its model? The model in eight bits, and the network for a
DeepLens' own chip, as far as the run's record says; and why not, where they are not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lensloop.model import deeplens, precision
from lensloop.model.precision import Compared, Made, read_made
from lensloop.wire.reading import Reader


@dataclass(frozen=True)
class Verdict:
    good: bool
    sentence: str


@dataclass(frozen=True)
class Row:
    """The same of the model itself, and of it in eight bits."""

    what: str
    whole: str
    small: str


@dataclass(frozen=True)
class EightBits:
    verdict: Verdict
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def eight_bits(run: Mapping[str, Any]) -> EightBits | None:
    """None for a run that did not come to it."""
    told = run["int8"]
    if not told:
        return None
    made, whole = read_made(Reader(told)), told.get("whole") or {}
    return EightBits(_verdict(run, made), tuple(_rows(made, whole)), tuple(_notes(made)))


def chip(run: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> Verdict | None:
    """None where no DeepLens' chip could load a network of this kind."""
    if not run["release"] or not deeplens.source(evaluation or {}):
        return None
    return _in_release(run["release"], deeplens.FILE, "It is")


def _verdict(run: Mapping[str, Any], made: Made) -> Verdict:
    if not made.kept:
        return Verdict(False, f"Not used: {made.reason}.")
    if not run["release"]:
        return Verdict(True, "Good enough to be part of a release; this run made none.")
    return _in_release(
        run["release"], precision.FILE, "A camera runs it where it is faster there: it is"
    )


def _in_release(release: Mapping[str, Any], file: str, begin: str) -> Verdict:
    why = (release.get("left_out") or {}).get(file)
    if why:
        return Verdict(False, f"Not in release {release['epoch']}: {why}.")
    return Verdict(True, f"{begin} in release {release['epoch']}.")


def _rows(made: Made, whole: Mapping[str, Any]) -> Iterator[Row]:
    if made.bytes is not None:
        yield Row("size", _megabytes(whole.get("bytes")), _megabytes(made.bytes))
    if made.milliseconds is not None:
        yield Row(
            "one picture takes",
            _milliseconds(whole.get("milliseconds")),
            _milliseconds(made.milliseconds),
        )
    if made.test and made.test.pictures:
        test = made.test
        yield Row("right", _share(test.right, test), _share(test.right_int8, test))
        yield Row("called unfamiliar", f"{test.unfamiliar:,}", f"{test.unfamiliar_int8:,}")


def _notes(made: Made) -> Iterator[str]:
    if made.test and made.test.pictures:
        same = _share(made.test.same, made.test)
        yield f"{same} of {made.test.pictures:,} test pictures get the same answer from both."
    if made.milliseconds is not None:
        yield "Times are of one thread of the training job; each camera measures its own."


def _share(count: int, of: Compared) -> str:
    return f"{count:,} ({count / of.pictures:.1%})"


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.1f} MB"


def _milliseconds(took: float | None) -> str:
    return "–" if took is None else f"{took:.1f} ms"
