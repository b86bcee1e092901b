"""What would a DeepLens' own chip load? The network of SageMaker's built-in algorithm in the form
that the recipe of 2020 gave it: `mo.optimize("image-classification", 224, 224)` takes epoch 0.
"""

import gzip
import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from lensloop.wire.errors import BadArtifact

FILE = "deeplens.tar.gz"  # in a release
SYMBOL = "image-classification-symbol.json"
PARAMS = re.compile(r"image-classification-([0-9]{4})\.params")
_EPOCH_0, _LABELS = "image-classification-0000.params", "labels.txt"


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
        _EPOCH_0: files[params],
        _LABELS: "".join(f"{label}\n" for label in labels).encode(),
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
