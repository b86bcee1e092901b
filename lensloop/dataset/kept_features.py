"""What do training jobs leave under features/ for later ones? The names of the files, and what they
say.

features/<backbone>/<shard>.npz, .index   what a backbone saw, and the pictures in that file
features/golden/<picture>-<file>.jpg      golden pictures, by the contents of both
features/int8/<backbone>.onnx             a backbone in eight bits; beside it what that saw
features/backbones.json                   which backbone the model of a run has
features/lessons/<…>.pt                   where the teaching of a job is that is not over

All of it may be deleted at any time: that costs one embedding.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GOLDEN_FOLDER, INT8_FOLDER, LESSONS_FOLDER = "golden", "int8", "lessons"
BACKBONES_FILE, BACKBONES_FORMAT = "backbones.json", 1
SHARD, INDEX, CHECKPOINT = ".npz", ".index", ".pt"
HASH_BYTES = 32  # of a picture in an index: its sha256

# What a job is told of the pictures in its channel: those that are not kept are there, or all are,
# for what is kept is not to be trusted.
UNCACHED, ALL = "uncached", "all"

# Golden pictures of each label: one may be right by luck, and two tell whether its answer is still
# its own. A small set has a dozen together.
_EACH, _DOZEN = 2, 12
# Of all labels together: two of each of 1,000, as many as a network taught elsewhere may have. They
# have some 20 MB then, and 6 MB up to 300 labels; the manifest that lists them has half of the
# megabyte that a camera takes. A slow camera asks for as many as it has time for.
MOST_GOLDEN = 2000


@dataclass(frozen=True)
class KeptFeatures:
    """What earlier jobs left, by the pictures' contents."""

    pictures: Collection[bytes] = frozenset()  # that the algorithm's backbone has looked at
    by_live: Collection[bytes] = frozenset()  # that the live model's has
    golden: Collection[str] = frozenset()
    bytes: int = 0


def whole_indices(files: Mapping[str, int]) -> list[str]:
    """The indices among a backbone's files, by their sizes, whose shard is there as well: what a
    job has emptied, or not carried out whole, is not.
    """
    found = []
    for name, size in sorted(files.items()):
        shard = name.removesuffix(INDEX) + SHARD
        if name.endswith(INDEX) and size and files.get(shard):
            found.append(name)
    return found


def pictures_in(index: bytes) -> Iterator[bytes]:
    """One of another length is damaged, and promises nothing."""
    if len(index) % HASH_BYTES == 0:
        for start in range(0, len(index), HASH_BYTES):
            yield index[start : start + HASH_BYTES]


def golden_each(labels: int) -> int:
    """How many golden pictures a release has of each of its labels, if a model is right on them.

    Of every label, so that no model passes that answers the same for everything, or mixes up two.
    """
    return max(_EACH, -(-_DOZEN // max(labels, 1)))


def golden_in(names: Iterable[str]) -> set[str]:
    """The contents of the golden pictures' originals, by the names of their files."""
    return {name[: 2 * HASH_BYTES] for name in names}


def backbone_of(content: Any, epoch: int | None) -> str:
    """Of the model of a run, by BACKBONES_FILE; empty where that is not known."""
    if not isinstance(content, dict) or content.get("format") != BACKBONES_FORMAT:
        return ""
    epochs = content.get("epochs")
    found = epochs.get(str(epoch)) if isinstance(epochs, dict) else None
    return found if isinstance(found, str) else ""
