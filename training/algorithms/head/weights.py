"""What did ImageNet teach? Reads the pretrained weights without torch, and nothing but weights.

The file is torch's legacy format: three small pickles (magic number, version, machine), the pickled
state dict whose tensors point at storages by key, the list of those keys, then for each one its
length and its raw bytes. A pickle can name any function to call, so this reader knows exactly three
names and refuses the rest.
"""

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from lensloop.wire.errors import BadArtifact

_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER
_DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    struct.error,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Tensor:
    """A tensor whose bytes come later in the file."""

    storage: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def array(self, storages: dict[str, bytes]) -> np.ndarray:
        """Weights converted from TensorFlow lie transposed, so strides count; numpy refuses to
        leave the buffer.
        """
        width = self.dtype.itemsize
        strides = tuple(step * width for step in self.stride)
        return np.ndarray(
            self.shape, self.dtype, storages[self.storage], self.offset * width, strides
        )


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The state dict: parameter name → array."""
    try:
        with path.open("rb") as file:
            magic, _version, _machine, tensors = (_Reader(file).load() for _ in range(4))
            if magic != _MAGIC:
                raise BadArtifact(f"{path.name} is not a torch weights file of the legacy format.")
            dtypes = {tensor.storage: tensor.dtype for tensor in tensors.values()}
            storages = {key: _read_storage(file, dtypes[key]) for key in _Reader(file).load()}
            return {name: tensor.array(storages) for name, tensor in tensors.items()}
    except _DAMAGE as damage:
        raise BadArtifact(
            f"The pretrained weights in {path.name} cannot be read: {damage}."
        ) from damage


class _Reader(pickle.Unpickler):
    """An unpickler for one kind of file: dictionaries of tensors."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise BadArtifact(
            f"The pretrained weights name {module}.{name}, which no weights file needs; it was not"
            " run."
        )

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key = pid[:3]
        if kind != "storage":
            raise BadArtifact("The pretrained weights point at something that is not a storage.")
        return key, dtype


def _rebuild(
    storage: tuple[str, Any],
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    *_: object,
) -> _Tensor:
    key, dtype = storage
    return _Tensor(key, dtype, offset, tuple(size), tuple(stride))


def _read_storage(file: IO[bytes], dtype: np.dtype[Any]) -> bytes:
    (length,) = struct.unpack("<q", file.read(8))
    data = file.read(length * dtype.itemsize)
    if len(data) != length * dtype.itemsize:
        raise EOFError("the file ends in the middle of a tensor")
    return data
