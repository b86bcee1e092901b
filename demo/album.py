"""Which pictures play which part? The first batch, the wrong one, the better one, and what the
cameras see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from demo import pictures

FIRST_LABELS = ("compost", "landfill", "recycling")
NEW_LABEL = "electronics"
FIRST_PER_LABEL = 120
WRONG_PER_LABEL = 60
NEW_PICTURES = 120
FRAMES_PER_LABEL = 30
CAMERAS = 3


@dataclass(frozen=True)
class Photo:
    """One picture file under the label that it is uploaded as; of a frame, the label that is
    true.
    """

    file: Path
    label: str
    name: str

    @property
    def key(self) -> str:
        return f"images/{self.label}/{self.name}"


@dataclass(frozen=True)
class Album:
    """Everything that the story shows. `new_label` is what act 3 brings; empty: more of the same
    labels.
    """

    title: str
    first: tuple[Photo, ...]
    wrong: tuple[Photo, ...]
    better: tuple[Photo, ...]
    frames: tuple[Photo, ...]
    new_label: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that act 1 brings."""
        return tuple(sorted({photo.label for photo in self.first}))

    def frames_of(self, camera: int) -> tuple[Photo, ...]:
        """Each camera looks at frames of its own, of every label."""
        return self.frames[camera::CAMERAS]


def mislabelled(photos: Iterable[Photo], labels: tuple[str, ...]) -> tuple[Photo, ...]:
    """Everything one bin along, under names that no rightly labelled picture has."""
    moved = {label: labels[(number + 1) % len(labels)] for number, label in enumerate(labels)}
    return tuple(Photo(p.file, moved[p.label], f"really-{p.label}-{p.name}") for p in photos)


def drawn(assets: Path, folder: Path) -> Album:
    """The demo's own album, drawn once and kept in `folder`."""
    first = _draw(assets, folder, "first", FIRST_LABELS, FIRST_PER_LABEL)
    moved = _draw(assets, folder, "wrong", FIRST_LABELS, WRONG_PER_LABEL)
    better = _draw(assets, folder, "better", (NEW_LABEL,), NEW_PICTURES)
    frames = _draw(assets, folder, "frames", (*FIRST_LABELS, NEW_LABEL), FRAMES_PER_LABEL)
    return Album(
        title=(
            f"{len(FIRST_LABELS)} labels × {FIRST_PER_LABEL} pictures drawn from the Fluent 3D"
            " emoji"
        ),
        first=first,
        wrong=mislabelled(moved, FIRST_LABELS),
        better=better,
        frames=frames,
        new_label=NEW_LABEL,
    )


def _draw(
    assets: Path, folder: Path, part: str, labels: tuple[str, ...], count: int
) -> tuple[Photo, ...]:
    photos = tuple(
        Photo(folder / part / label / f"{part}-{i:03d}.jpg", label, f"{part}-{i:03d}.jpg")
        for label in labels
        for i in range(count)
    )
    for _ in pictures.render_all(assets, ((p.label, f"{part}/{p.name}", p.file) for p in photos)):
        pass
    return photos
