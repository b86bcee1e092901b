"""What would a DeepLens' own chip load? The network of SageMaker's built-in algorithm in the form
that the recipe of 2020 gave it: `mo.optimize("image-classification", 224, 224)` takes epoch 0.
"""

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_check import MOST_BYTES

FILE = "deeplens.tar.gz"  # in a release
SYMBOL = "image-classification-symbol.json"
PARAMS = re.compile(r"image-classification-([0-9]{4})\.params")
EPOCH_0, _LABELS = "image-classification-0000.params", "labels.txt"
SIDE = 224  # pixels: what the built-in algorithm's networks take


class Network(NamedTuple):
    """What a camera unpacks of FILE."""

    symbol: bytes
    params: bytes
    labels: bytes

    @property
    def digest(self) -> str:
        """Of what is in the archive: two versions of zlib need not compress it into the same."""
        parts = (hashlib.sha256(part).digest() for part in self)
        return hashlib.sha256(b"".join(parts)).hexdigest()


def belongs(name: str) -> bool:
    """To the network, of all files of the algorithm's archive."""
    return name == SYMBOL or bool(PARAMS.fullmatch(name))


def source(evaluation: Any) -> tuple[str, str, str] | None:
    """Where the algorithm's archive is, its sha256, and the file of the epoch that was judged;
    None for a model that no DeepLens' chip could load.
    """
    artefact = evaluation.get("artefact") or {}
    uri, sha256, file = (str(artefact.get(name, "")) for name in ("uri", "sha256", "file"))
    return (uri, sha256, file) if uri and sha256 and PARAMS.fullmatch(file) else None


def bundle(files: Mapping[str, bytes], params: str, labels: Sequence[str]) -> bytes:
    """The archive; the same files make the same bytes, whenever that is. Line i of labels.txt is
    class i, as the recipe's function reads them.
    """
    for name in (SYMBOL, params):
        if name not in files:
            raise BadArtifact(f"The built-in algorithm's archive holds no {name}.")
    content = {
        SYMBOL: files[SYMBOL],
        EPOCH_0: files[params],
        _LABELS: _lines(labels),
    }
    packed = io.BytesIO()
    # Of no time, and barely compressed: weights do not get smaller.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, body in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def unpacked(data: bytes, evaluation: Any) -> Network:
    """The archive as camera/chip.py takes it, for the labels and the size of the pictures that the
    release's manifest will name. Raises BadArtifact.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            found = Network(*(_file(archive, name) for name in (SYMBOL, EPOCH_0, _LABELS)))
    except (tarfile.TarError, zlib.error, EOFError, OSError, KeyError) as error:
        raise BadArtifact(f"{FILE} cannot be read: {error}.") from error
    if found.labels != _lines(evaluation["labels"]):
        lines, labels = len(found.labels.splitlines()), len(evaluation["labels"])
        raise BadArtifact(
            f"The {lines} lines of {_LABELS} are not the {labels} labels of the release."
        )
    size = evaluation.get("input") or {}
    width, height = size.get("width"), size.get("height")
    if (width, height) != (SIDE, SIDE):
        raise BadArtifact(
            f"The release takes {width} × {height} pixels, and the network {SIDE} × {SIDE}."
        )
    return found


def _file(archive: tarfile.TarFile, name: str) -> bytes:
    entry = archive.getmember(name)
    file = archive.extractfile(entry) if entry.isreg() else None
    if file is None or entry.size > MOST_BYTES:
        raise BadArtifact(f"{name} in {FILE} is no file, or too large for a camera.")
    return file.read()


def _lines(labels: Sequence[str]) -> bytes:
    return "".join(f"{label}\n" for label in labels).encode()
