"""What is still missing of a label? Said to a person who has a camera in hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from lensloop.dataset.look import BRIGHT, DARK, Look, in_one_light, on_one_background
from lensloop.dataset.warnings import FEW, FEW_PICTURES, one_background
from lensloop.reasons import counted

_OTHER_TABLE = "another table"
_OTHER_LIGHT = {BRIGHT: "evening light", DARK: "daylight or a lamp"}


def missing(
    label: str, pictures: int, taken: Sequence[Look], report: Mapping[str, Any]
) -> list[str]:
    """`pictures`: how many the label has, with those that were just `taken`; `report`: the newest
    data set's, or empty.
    """
    examples: Sequence[Look] = report.get("examples", {}).get(label, ())
    alike = _alike(label, [*examples, *taken], "that were measured")
    alike = alike or _alike(label, taken, "that were just taken")
    return [*_few(label, pictures), *alike, *_reported(label, report)]


def _few(label: str, pictures: int) -> list[str]:
    if pictures >= FEW:
        return []
    has = counted(pictures, "picture", "pictures") if pictures else "no picture yet"
    return [f"`{label}` has {has}: {FEW - pictures} more make {FEW}, a good start."]


def _alike(label: str, looks: Sequence[Look], which: str) -> list[str]:
    found, hints = [], []
    if on_one_background(looks):
        found.append("on one plain background")
        hints.append(_OTHER_TABLE)
    if light := in_one_light(looks):
        found.append(light)
        hints.append(_OTHER_LIGHT[light])
    if not found:
        return []
    are, hint = " and ".join(found), ", ".join(hints)
    return [f"All {len(looks)} pictures of `{label}` {which} are {are}: try {hint}."]


def _reported(label: str, report: Mapping[str, Any]) -> list[str]:
    """What the newest report says of this label besides, in its own words."""
    said_here = one_background(label)
    found = []
    for sentence in report.get("warnings", ()):
        is_ours = sentence.startswith(FEW_PICTURES) or sentence == said_here
        if f"`{label}`" in sentence and not is_ours:
            found.append(f"The newest run says: {sentence}")
    return found
