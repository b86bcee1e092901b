"""Can this data set be trained on, and if not, why, and what mends it?"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from lensloop.dataset import layout
from lensloop.dataset.assembly import Dataset, shortfalls
from lensloop.settings import Settings
from lensloop.wire.names import IMAGES_PREFIX


class Readiness(NamedTuple):
    """`reasons`: why it cannot be trained on, none if it can. `misplaced`: its folders do not look
    like labels; then `moves` are the commands that mend them, as far as moving does."""

    reasons: Sequence[str] = ()
    misplaced: bool = False
    moves: Sequence[str] = ()


def readiness(
    dataset: Dataset, settings: Settings, bucket: str, beside: Sequence[str] = ()
) -> Readiness:
    """Folders come first: what else is missing follows from them. So does what lies beside
    images/, where the missing pictures may be."""
    found = None if settings.folders_are_labels else _mistake(dataset)
    if found is None:
        missing = shortfalls(dataset, settings)
        return Readiness([*beside, *missing] if missing else [])
    moves = layout.commands(found, f"s3://{bucket}/{IMAGES_PREFIX}")
    return Readiness(layout.sentences(found), True, moves)


def _mistake(dataset: Dataset) -> layout.Mistake | None:
    """Of all that can be opened, whether it counts or not: copies lie in folders as well."""
    opened = (row for row in chain(dataset.accepted, dataset.rejected) if row.sha256)
    return layout.mistake(row.key.removeprefix(IMAGES_PREFIX) for row in opened)
