"""How much would be found of a thing that the model was not taught? By each label that the training
left out of a second head, as evaluation.json counts it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lensloop.wire.reading import Reader


@dataclass(frozen=True)
class Untaught:
    """Of pictures of a label that was not taught, and of test pictures of those that were: how many
    are called unfamiliar, the second by mistake.
    """

    images: int
    flagged: int
    known: int
    false_alarms: int

    def __add__(self, other: "Untaught") -> "Untaught":
        return Untaught(
            self.images + other.images,
            self.flagged + other.flagged,
            self.known + other.known,
            self.false_alarms + other.false_alarms,
        )


def read_untaught(top: Reader, labels: Collection[str]) -> Mapping[str, Untaught]:
    """By label; nothing of algorithms and trainings that leave none out. `labels`: the model's."""
    part, found = top.maybe("untaught"), dict[str, Untaught]()
    if part is None:
        return found
    for label in part.names():
        if label not in labels:
            part.mistake(f"`{part.path}` has the unknown label {label}")
        found[label] = _read(part.part(label))
    return found


def pooled(found: Mapping[str, Untaught]) -> Untaught | None:
    """None where nothing can be said."""
    whole = sum(found.values(), Untaught(0, 0, 0, 0))
    return whole if whole.images and whole.known else None


def _read(part: Reader) -> Untaught:
    images, known = part.whole("images"), part.whole("known")
    return Untaught(
        images,
        part.whole("flagged", high=images),
        known,
        part.whole("false_alarms", high=known),
    )
