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

FORMAT = 1
FILE = "suspicious.json"  # in the training job's archive
COLUMNS = ("key", "sha256", "label", "predicted", "probability", "label_probability")

Doubt = Mapping[str, Any]


def read_doubts(content: Any) -> list[Doubt]:
    """The pictures of a suspicious.json, most doubtful first. Raises BadArtifact when the job did
    not write it so.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadArtifact(f"{FILE} must be an object of format {FORMAT}.")
    pictures = content.get("pictures")
    if not isinstance(pictures, list) or not all(map(_is_doubt, pictures)):
        raise BadArtifact(
            f"{FILE}: `pictures` must be a list of objects with {', '.join(COLUMNS)}."
        )
    return pictures


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


def _is_doubt(picture: Any) -> bool:
    return (
        isinstance(picture, dict)
        and all(isinstance(picture.get(name), str) for name in COLUMNS[:4])
        and all(
            isinstance(picture.get(name), int | float) and 0 <= picture[name] <= 1
            for name in COLUMNS[4:]
        )
        and isinstance(picture.get("thumbnail", ""), str)
    )
