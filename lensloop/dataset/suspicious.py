"""Which labels should a person look at again? What the training doubts, put into the report.

A picture that a model takes for something else may have a wrong label or be hard to predict: so
this is only ever reported.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lensloop.dataset.rows import Row
from lensloop.reasons import MOST_LISTED
from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

FORMAT = 1
FILE = "suspicious.json"  # in the training job's archive
_TEXTS = ("key", "sha256", "label", "predicted")
_PROBABILITIES = ("probability", "label_probability")
COLUMNS = (*_TEXTS, *_PROBABILITIES)

Doubt = Mapping[str, Any]


def read_doubts(content: Any) -> list[Doubt]:
    """The pictures of a suspicious.json, most doubtful first; BadArtifact if it is none."""
    top = Reader(content)
    top.expect_format(FORMAT)
    for picture in top.parts("pictures"):
        _check_doubt(picture)
    top.check(BadArtifact, FILE)
    pictures: list[Doubt] = content["pictures"]
    return pictures


def _check_doubt(picture: Reader) -> None:
    for name in _TEXTS:
        picture.text(name)
    for name in _PROBABILITIES:
        picture.number(name, 0, 1)
    if "thumbnail" in picture.names():
        picture.text("thumbnail")


def doubted(report: Mapping[str, Any], doubts: Sequence[Doubt]) -> dict[str, Any]:
    """The report of the data set that was trained on, with these in place of earlier doubts."""
    found = {"epoch": report["epoch"], "count": len(doubts), "pictures": list(doubts[:MOST_LISTED])}
    before = sentences(report["suspicious"])
    warnings = [warning for warning in report["warnings"] if warning not in before]
    return {**report, "suspicious": found, "warnings": warnings + sentences(found)}


def still_doubted(
    last: Mapping[str, Any], digest: str, accepted: Iterable[Row]
) -> dict[str, Any] | None:
    """The last report's doubts about pictures that are still there under the same label, by their
    present names. Those that it only counted are in the file beside it, and count no more once the
    data set is another.
    """
    before = last.get("suspicious")
    if not before:
        return None
    kept = _still_there(before["pictures"], accepted)
    count = before["count"] if last["digest"] == digest else len(kept)
    return {**before, "count": count, "pictures": kept}


def _still_there(doubts: Sequence[Doubt], accepted: Iterable[Row]) -> list[Doubt]:
    wanted = {_place(doubt) for doubt in doubts}
    keys = {}
    for row in accepted:
        if (row.sha256, row.label) in wanted:
            keys[row.sha256, row.label] = row.key
    return [{**doubt, "key": keys[_place(doubt)]} for doubt in doubts if _place(doubt) in keys]


def _place(doubt: Doubt) -> tuple[str, str]:
    return doubt["sha256"], doubt["label"]


def sentences(suspicious: Mapping[str, Any] | None) -> list[str]:
    """One sentence when there is something to look at, none otherwise."""
    if not suspicious or not suspicious["pictures"]:
        return []
    first, more = suspicious["pictures"][0], suspicious["count"] - 1
    others = f", and {more:,} more" if more else ""
    return [
        f"These labels may be wrong: {first['key']} looks like `{first['predicted']}`{others} (in"
        " the report: labels to check)."
    ]
