"""What did a person upload beside images/, where nothing ever looks?

A slash too many (`/images/…`), a capital (`Images/…`) or a label at the top of the bucket starts no
run, and nobody is told: so every run, the daily one as well, looks at the bucket's top level.
"""

from collections.abc import Iterable

from lensloop.dataset.layout import quoted
from lensloop.dataset.leftovers import leftover
from lensloop.labeling.job import UNLABELLED_PREFIX
from lensloop.reasons import counted
from lensloop.wire import names
from lensloop.wire.formats import ENDINGS

# What the system keeps there, and what a later version may.
_OURS = frozenset(
    (
        *(names.IMAGES_PREFIX, names.DATASETS_PREFIX, names.TRAINING_PREFIX),
        *(
            names.RELEASES_PREFIX,
            names.RUNS_PREFIX,
            names.REVIEW_PREFIX,
            names.FEATURES_PREFIX,
            names.GOLDEN_PREFIX,
            names.EXPERIMENTS_PREFIX,
            names.IMPORTS_PREFIX,
            names.LABELING_PREFIX,
            UNLABELLED_PREFIX,
        ),
    )
)
# What people call the folder of all pictures; every other folder is taken for a label.
_MEANT = frozenset(("image", "images", "img", "imgs", "photo", "photos", "picture", "pictures"))
_NAMED = 20  # each is a sentence


def beside(folders: Iterable[str], files: Iterable[str], bucket: str) -> list[str]:
    """`folders`: prefixes of the top level, with those below the nameless folder in its place
    (`/images/`); `files`: keys that lie there. One sentence for each, with what mends it."""
    lost = [folder for folder in sorted(folders) if folder not in _OURS and not leftover(folder)]
    found = [_folder(folder, f"s3://{bucket}/") for folder in lost]
    loose = sorted(file for file in files if file.lower().endswith(tuple(ENDINGS)))
    if loose:
        found.append(_loose(loose, f"s3://{bucket}/"))
    return found[:_NAMED]


def _folder(folder: str, root: str) -> str:
    target = _target(folder)
    move = f"aws s3 mv --recursive {quoted(root + folder)} {quoted(root + target)}"
    return (
        f"The folder `{folder}` lies beside images/, where nothing looks. If labelled pictures are"
        f" in it, move them: `{move}`"
    )


def _target(folder: str) -> str:
    name = folder.strip("/")
    meant = name.strip().casefold() in _MEANT
    return names.IMAGES_PREFIX if meant else f"{names.IMAGES_PREFIX}{name}/"


def _loose(files: list[str], root: str) -> str:
    pictures = counted(len(files), "picture lies", "pictures lie")
    move = f"aws s3 mv {quoted(root + files[0])} {root}images/<label>/"
    return f"{pictures} beside images/, where nothing looks. Move each under its label: `{move}`"
