"""Which pictures play which part? The first batch,
the wrong one, the better one, and what the cameras see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from demo.pictures import Draw, render, render_all

FIRST_LABELS = ("compost", "landfill", "recycling")
NEW_LABEL = "electronics"
FIRST_PER_LABEL = 120
WRONG_PER_LABEL = 60
NEW_PICTURES = 120
FRAMES_PER_LABEL = 30
CAMERAS = 3


@dataclass(frozen=True)
class Picture:
    """One picture file under the label that it is uploaded as;
    of a frame, the label that is true.
    """

    file: Path
    label: str
    name: str

    @property
    def key(self) -> str:
        return f"images/{self.label}/{self.name}"


@dataclass(frozen=True)
class Album:
    """Everything that the story shows.
    `new_label` is what act 3 brings; empty: more of the same labels.
    """

    title: str
    first: tuple[Picture, ...]
    wrong: tuple[Picture, ...]
    better: tuple[Picture, ...]
    frames: tuple[Picture, ...]
    new_label: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that act 1 brings."""
        return tuple(sorted({picture.label for picture in self.first}))

    @property
    def looks(self) -> list[tuple[Picture, ...]]:
        """Each camera looks at frames of its own, of every label."""
        return [self.frames[camera::CAMERAS] for camera in range(CAMERAS)]


def mislabelled(pictures: Iterable[Picture], labels: tuple[str, ...]) -> tuple[Picture, ...]:
    """Everything one bin along, under names that no rightly labelled picture has."""
    moved = {label: labels[(number + 1) % len(labels)] for number, label in enumerate(labels)}
    return tuple(Picture(p.file, moved[p.label], f"really-{p.label}-{p.name}") for p in pictures)


def drawn(assets: Path, folder: Path) -> Album:
    """The demo's own album, drawn once and kept in `folder`."""
    first = draw(assets, folder, "first", FIRST_LABELS, FIRST_PER_LABEL)
    moved = draw(assets, folder, "wrong", FIRST_LABELS, WRONG_PER_LABEL)
    better = draw(assets, folder, "better", (NEW_LABEL,), NEW_PICTURES)
    frames = draw(assets, folder, "frames", (*FIRST_LABELS, NEW_LABEL), FRAMES_PER_LABEL)
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


def draw(
    assets: Path,
    folder: Path,
    part: str,
    labels: tuple[str, ...],
    count: int,
    render: Draw = render,
) -> tuple[Picture, ...]:
    """`count` of each label, as `render` draws them; what is in `folder` already stays."""
    pictures = []
    for label in labels:
        for number in range(count):
            name = f"{part}-{number:03d}.jpg"
            pictures.append(Picture(folder / part / label / name, label, name))
    wanted = ((p.label, f"{part}/{p.name}", p.file) for p in pictures)
    for _ in render_all(assets, wanted, render):
        pass
    return tuple(pictures)
