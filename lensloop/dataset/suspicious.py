"""Which labels should a person look at again? What the training job doubts, checked and put into
the report.

A picture that a model takes for something else may have a wrong label or be hard to tell: so this
is only ever told.
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
    """The pictures of a suspicious.json, most doubtful first. Raises BadArtifact when the job did
    not write it so.
    """
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
    """The report of the data set that was trained on, with what the training doubts in place of
    earlier doubts.
    """
    found = {"epoch": report["epoch"], "count": len(doubts), "pictures": list(doubts[:MOST_LISTED])}
    before = sentences(report["suspicious"])
    warnings = [warning for warning in report["warnings"] if warning not in before]
    return {**report, "suspicious": found, "warnings": warnings + sentences(found)}


def still_doubted(
    last: Mapping[str, Any], digest: str, accepted: Iterable[Row]
) -> dict[str, Any] | None:
    """The last report's doubts about pictures that are still there under the same label, by their
    present names. Those that it only counted are in the file beside it, and count no more once the
    data set is another."""
    before = last.get("suspicious")
    if not before:
        return None
    wanted = {doubt["sha256"] for doubt in before["pictures"]}
    there = {row.sha256: row for row in accepted if row.sha256 in wanted} if wanted else {}
    kept = [
        {**doubt, "key": there[doubt["sha256"]].key}
        for doubt in before["pictures"]
        if doubt["sha256"] in there and there[doubt["sha256"]].label == doubt["label"]
    ]
    return {
        **before,
        "count": before["count"] if last["digest"] == digest else len(kept),
        "pictures": kept,
    }


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
