"""Which labels should a person look at again? What the training doubts, put into the report.

A picture that a model takes for something else may have a wrong label or be hard to predict: so
this is only ever reported. A person who has looked says `it is right` on the page, and is not asked
again about that picture under that label.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lensloop.dataset.rows import Row
from lensloop.reasons import MOST_LISTED
from lensloop.wire.errors import BadArtifact
from lensloop.wire.names import DATASETS_PREFIX
from lensloop.wire.reading import Reader

FORMAT = 1
FILE = "suspicious.json"  # in the training job's archive
_TEXTS = ("key", "sha256", "label", "predicted")
_PROBABILITIES = ("probability", "label_probability")
COLUMNS = (*_TEXTS, *_PROBABILITIES)

# In the bucket: of which pictures a person has said that their label is right.
RIGHT_FORMAT = 1
RIGHT_LABELS = f"{DATASETS_PREFIX}right-labels.json"

Doubt = Mapping[str, Any]


class Place(NamedTuple):
    """A picture, by its content, under a label."""

    sha256: str
    label: str


Right = frozenset[Place]


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


def read_right(content: Any) -> Right:
    """BadArtifact if it is no list of right labels."""
    top = Reader(content)
    top.expect_format(RIGHT_FORMAT)
    found = [Place(each.sha256("sha256"), each.text("label")) for each in top.parts("pictures")]
    top.check(BadArtifact, RIGHT_LABELS)
    return frozenset(found)


def right_content(right: Iterable[Place]) -> dict[str, Any]:
    return {"format": RIGHT_FORMAT, "pictures": [each._asdict() for each in sorted(right)]}


def without(doubts: Sequence[Doubt], right: Right) -> list[Doubt]:
    return [doubt for doubt in doubts if _place(doubt) not in right]


def doubted(report: Mapping[str, Any], doubts: Sequence[Doubt]) -> dict[str, Any]:
    """The report of the data set that was trained on, with these in place of earlier doubts."""
    found = {"epoch": report["epoch"], "count": len(doubts), "pictures": list(doubts[:MOST_LISTED])}
    before = sentences(report["suspicious"])
    warnings = [warning for warning in report["warnings"] if warning not in before]
    return {**report, "suspicious": found, "warnings": warnings + sentences(found)}


def still_doubted(
    last: Mapping[str, Any], digest: str, accepted: Iterable[Row], right: Right = frozenset()
) -> dict[str, Any] | None:
    """The last report's doubts about pictures that are still there under the same label, by their
    present names. Those that it only counted are in the file beside it, and count no more once the
    data set is another.
    """
    before = last.get("suspicious")
    if not before:
        return None
    asked = without(before["pictures"], right)
    kept = _still_there(asked, accepted)
    settled = len(before["pictures"]) - len(asked)
    count = before["count"] - settled if last["digest"] == digest else len(kept)
    return {**before, "count": count, "pictures": kept}


def _still_there(doubts: Sequence[Doubt], accepted: Iterable[Row]) -> list[Doubt]:
    wanted = {_place(doubt) for doubt in doubts}
    keys = {}
    for row in accepted:
        if (row.sha256, row.label) in wanted:
            keys[row.sha256, row.label] = row.key
    return [{**doubt, "key": keys[_place(doubt)]} for doubt in doubts if _place(doubt) in keys]


def _place(doubt: Doubt) -> Place:
    return Place(doubt["sha256"], doubt["label"])


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
