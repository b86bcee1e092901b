"""What have earlier training jobs kept under features/, for the pictures of this data set? What
cannot be read is not kept.
"""

import json
from collections.abc import Iterator, Mapping

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_below
from lensloop.dataset.kept_features import (
    BACKBONES_FILE,
    GOLDEN_FOLDER,
    KeptFeatures,
    backbone_of,
    golden_in,
    pictures_in,
    whole_indices,
)
from lensloop.wire import names


def kept(backbone: str, live_epoch: int | None) -> KeptFeatures:
    """By the algorithm's backbone, and by that of the live model where there is one."""
    sizes = _sizes()
    of_ours = frozenset(_pictures(sizes, backbone))
    of_live = of_ours
    if live_epoch is not None:
        other = _backbone_of_live(sizes, live_epoch)
        of_live = of_ours if other == backbone else frozenset(_pictures(sizes, other))
    golden = golden_in(name for name, size in _below(sizes, GOLDEN_FOLDER).items() if size)
    return KeptFeatures(of_ours, of_live, golden, sum(sizes.values()))


def _sizes() -> dict[str, int]:
    listed = list_below(clients.s3(), bucket.name(), names.FEATURES_PREFIX)
    return {entry.key: entry.size for entry in listed}


def _below(sizes: Mapping[str, int], folder: str) -> dict[str, int]:
    """The files of a folder under features/, by their own names."""
    prefix = names.features(folder)
    return {key.removeprefix(prefix): size for key, size in sizes.items() if key.startswith(prefix)}


def _pictures(sizes: Mapping[str, int], backbone: str) -> Iterator[bytes]:
    if not backbone:
        return
    for name in whole_indices(_below(sizes, backbone)):
        yield from pictures_in(bucket.read(names.features(backbone, name)))


def _backbone_of_live(sizes: Mapping[str, int], epoch: int) -> str:
    key = names.FEATURES_PREFIX + BACKBONES_FILE
    if key not in sizes:
        return ""
    try:
        return backbone_of(json.loads(bucket.read(key)), epoch)
    except ValueError:
        return ""
