"""Which pictures does the gap's story begin with, and what does the camera see in the new place?
Drawn ones, or two folders of a person's own.
"""

from dataclasses import dataclass
from pathlib import Path

from demo import own_pictures
from demo.album import CAMERAS, FIRST_LABELS, FIRST_PER_LABEL, Picture, draw
from demo.gap import elsewhere
from local.errors import LocalCloudError

# Of each label. Two cameras look at what is only tested on, as often as at ordinary frames.
SEEN, TESTED = 90, 40
TESTED_SHARE = 0.4  # of a person's own pictures of the new place


@dataclass(frozen=True)
class Sources:
    """`seen` is what the camera comes to see in the new place, and may send; `tested` are pictures
    of that place that nobody ever answers for.
    """

    title: str
    known: tuple[Picture, ...]
    seen: tuple[Picture, ...]
    tested: tuple[Picture, ...]

    @property
    def looks(self) -> list[tuple[Picture, ...]]:
        """Of each camera: the first one sends."""
        others = CAMERAS - 1
        return [self.seen, *(self.tested[camera::others] for camera in range(others))]


def drawn(assets: Path, folder: Path) -> Sources:
    """The first batch of the other story, and the same kinds of things in another place."""
    known = draw(assets, folder, "first", FIRST_LABELS, FIRST_PER_LABEL)
    seen = draw(assets, folder, "seen", FIRST_LABELS, SEEN, elsewhere.render)
    tested = draw(assets, folder, "tested", FIRST_LABELS, TESTED, elsewhere.render)
    labels = len(FIRST_LABELS)
    return Sources(
        f"{labels} labels × {FIRST_PER_LABEL} pictures drawn from the Fluent 3D emoji on a table;"
        f" in the new place {labels} × {SEEN + TESTED} of such things on a shelf in a bulb's light",
        known,
        seen,
        tested,
    )


def read(known: Path, new: Path, folders_are_labels: bool = False) -> Sources:
    """Raises LocalCloudError with one sentence where the folders cannot carry the story."""
    first = _dealt(known.expanduser(), folders_are_labels, "IMAGES")
    other = _dealt(new.expanduser(), folders_are_labels, "NEW")
    if strange := sorted(set(other) - set(first)):
        raise LocalCloudError(
            f"NEW={new} has labels that IMAGES={known} has not: {', '.join(strange)}. The story is"
            " of the same labels in another place; move those folders away or name them alike."
        )
    seen: list[Picture] = []
    tested: list[Picture] = []
    for of_label in other.values():
        held = min(TESTED, int(len(of_label) * TESTED_SHARE))
        tested += of_label[:held]
        seen += of_label[held : held + SEEN]
    taught = [picture for of_label in first.values() for picture in of_label]
    return Sources(
        f"the {len(taught):,} pictures in {known}; as the new place {len(seen) + len(tested):,} of"
        f" those in {new}",
        tuple(taught),
        tuple(seen),
        tuple(tested),
    )


def _dealt(folder: Path, folders_are_labels: bool, word: str) -> dict[str, list[Picture]]:
    """The pictures of each label, once each, in an order that says nothing of them."""
    found = own_pictures.by_label(folder, folders_are_labels, word)
    return {label: own_pictures.shuffled(folder, label, of)[0] for label, of in found.items()}
