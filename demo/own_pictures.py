"""Can the story be told with the user's own pictures, and which of them play which part?"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.album import CAMERAS, Album, Picture, mislabelled
from lensloop.dataset import layout
from lensloop.dataset.labels import composed, label_problem
from lensloop.dataset.leftovers import leftover
from lensloop.wire.errors import PictureError
from lensloop.wire.formats import ENDINGS, READ, recognised
from lensloop.wire.picture import open_picture
from local.errors import LocalCloudError

# 3 frames and 5 held back of a label of 20 leave 12 to learn from, the least that a first release
# can be judged on. Where labels look alike it is too little: two of three first models from 20
# pictures a label of bins3 were refused.
FEWEST_PER_LABEL = 20
FEWEST_LABELS = 2
FRAMES_SHARE, FRAMES_AT_MOST = 0.1, 60
HELD_BACK_SHARE = 0.35
_HEAD = 512  # bytes; more than enough to know a format by
_AT_LEAST = 256  # pixels a side; as inspection does: large photographs open several times faster
EXPECTED = (
    f"It should hold one folder per label with {READ} pictures in each, for example"
    " pictures/glass/1.jpg."
)


def read(folder: Path, folders_are_labels: bool = False) -> Album:
    """Deals the pictures out; raises LocalCloudError with one sentence when they cannot carry the
    story. `folders_are_labels`: also where they look one level too deep.
    """
    folder = folder.expanduser()
    return _deal(folder, by_label(folder, folders_are_labels))


def by_label(
    folder: Path, folders_are_labels: bool = False, word: str = "IMAGES"
) -> dict[str, list[Path]]:
    """The files of each label, enough of each for a story. `word`: what the folder was named by.
    Raises LocalCloudError with one sentence.
    """
    if not folder.exists():
        raise LocalCloudError(f"{word}={folder} does not exist. {EXPECTED}")
    if not folder.is_dir():
        raise LocalCloudError(f"{word}={folder} is a file, not a folder. {EXPECTED}")
    found: dict[str, list[Path]] = {}
    for label in sorted(folder.iterdir()):
        if label.is_dir() and not leftover(label.name):
            found.setdefault(composed(label.name), []).extend(_pictures(label))
    if not folders_are_labels:
        _check_level(folder, found, word)
    _check(folder, found, word)
    return found


def _pictures(label: Path) -> list[Path]:
    """At any depth, as in the bucket."""
    return [file for file in _files(label) if file.suffix.lower() in ENDINGS]


def _files(folder: Path) -> list[Path]:
    """Without what programs leave, such as a file manager's thumbnails."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in found if not leftover(file.relative_to(folder).as_posix()))


def _check_level(folder: Path, by_label: dict[str, list[Path]], word: str) -> None:
    """Before labels are counted: `train` and `test` are none."""
    found = layout.mistake(
        file.relative_to(folder).as_posix() for files in by_label.values() for file in files
    )
    if found is None:
        return
    commands = "".join(f"\n  {command}" for command in layout.local_commands(found, str(folder)))
    mend = f"These commands put the label first:{commands}\n" if commands else ""
    raise LocalCloudError(
        f"{word}={folder}: {found.cause} {mend}{EXPECTED} If these folders are your labels after"
        " all, add FOLDERS_ARE_LABELS=1."
    )


def _check(folder: Path, by_label: dict[str, list[Path]], word: str) -> None:
    if not any(by_label.values()):
        raise LocalCloudError(
            f"{word}={folder} holds no pictures in label folders.{_others(folder)} {EXPECTED}"
        )
    for label, found in by_label.items():
        if problem := label_problem(label):
            raise LocalCloudError(f"The folder name {label!r} cannot be a label: {problem}.")
        if len(found) < FEWEST_PER_LABEL:
            pictures = f"1 {READ} picture" if len(found) == 1 else f"{len(found)} {READ} pictures"
            raise LocalCloudError(
                f"The label `{label}` has {pictures}; the demo needs at least {FEWEST_PER_LABEL} of"
                " each label, because it holds some back for later. Add pictures to"
                f" {folder / label} or move the folder away."
            )
    if len(by_label) < FEWEST_LABELS:
        raise LocalCloudError(
            f"{word}={folder} has one label only, `{''.join(by_label)}`; a classifier needs at"
            " least two label folders."
        )


def _others(folder: Path) -> str:
    """What lies there instead, most of all, and what makes pictures of it."""
    files = [file for file in _files(folder) if file.suffix]
    endings = Counter(file.suffix.lower() for file in files)
    if not endings:
        return ""
    ((ending, count),) = endings.most_common(1)
    first = next(file for file in files if file.suffix.lower() == ending)
    with first.open("rb") as opened:
        known = recognised(opened.read(_HEAD))
    remedy = f" {known.remedy}." if known else ""
    return f" There are {count} {ending} files.{remedy}"


def _deal(folder: Path, by_label: dict[str, list[Path]]) -> Album:
    labels = tuple(by_label)
    first: list[Picture] = []
    held_back: list[Picture] = []
    frames: list[Picture] = []
    damaged: list[Picture] = []
    for label, files in by_label.items():
        good, bad = shuffled(folder, label, files)
        if len(good) < FEWEST_PER_LABEL:
            raise LocalCloudError(
                f"Of the {len(files)} files of the label `{label}` only {len(good)} can be used;"
                f" the demo needs {FEWEST_PER_LABEL} that are {READ} pictures and no copies of"
                " one another."
            )
        seen = min(max(CAMERAS, int(len(good) * FRAMES_SHARE)), FRAMES_AT_MOST)
        held = int((len(good) - seen) * HELD_BACK_SHARE)
        frames += good[:seen]
        held_back += good[seen : seen + held]
        first += good[seen + held :]
        damaged += bad
    return Album(
        title=f"the {sum(map(len, by_label.values())):,} pictures in {folder}",
        # What is no picture is uploaded all the same: saying why it was left out is the system's
        # work, not the demo's.
        first=(*first, *damaged),
        wrong=mislabelled(held_back, labels),
        better=tuple(held_back),
        frames=tuple(frames),
    )


def shuffled(
    folder: Path, label: str, files: Sequence[Path]
) -> tuple[list[Picture], list[Picture]]:
    """(pictures, other files): once each by content, in the order of their hashes, so that every
    run deals alike.

    Not SHA-256: by that the system chooses the test pictures, and parts in its order would be all
    test or all training.
    """
    good: dict[str, Picture] = {}
    bad: list[Picture] = []
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_digest, files))
    for file, digest in zip(files, digests, strict=True):
        picture = Picture(file, label, Path(*file.relative_to(folder).parts[1:]).as_posix())
        if digest:
            good.setdefault(digest, picture)
        else:
            bad.append(picture)
    return [good[digest] for digest in sorted(good)], bad


def _digest(file: Path) -> str:
    """Of a picture's content; nothing when the pipeline's decoder would not read it."""
    data = file.read_bytes()
    try:
        open_picture(data, at_least=_AT_LEAST)
    except PictureError:
        return ""
    return hashlib.blake2b(data).hexdigest()
