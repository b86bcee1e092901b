"""What do the cameras call unfamiliar? Of the frames of labels that the release was taught, and of
those that it was never taught.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from demo.cameras import Sight


def counts(sights: Iterable[Sight], taught: Sequence[str]) -> dict[str, Any] | None:
    """Frames and how many of them were called unfamiliar; None where the release cannot tell."""
    found = {name: {"frames": 0, "unfamiliar": 0} for name in ("taught", "never_taught")}
    for sight in sights:
        if sight.unfamiliar is None:
            return None
        part = found["taught" if sight.picture.label in taught else "never_taught"]
        part["frames"] += 1
        part["unfamiliar"] += sight.unfamiliar
    return found


def sentence(sights: Sequence[Sight], taught: Sequence[str]) -> str:
    """Empty where the release cannot tell."""
    found = counts(sights, taught)
    if found is None:
        return ""
    known, strange = found["taught"], found["never_taught"]
    of_known = f"{known['unfamiliar']} of {known['frames']} frames of labels that it was taught"
    if not strange["frames"]:
        return f"not like anything it was taught: {of_known}"
    labels = sorted({s.picture.label for s in sights} - set(taught))
    return (
        f"not like anything it was taught: {strange['unfamiliar']} of {strange['frames']} frames of"
        f" {', '.join(labels)}, a label that it never saw, and {of_known}"
    )
