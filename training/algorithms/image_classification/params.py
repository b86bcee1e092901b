"""Which weights are in an MXNet file? Its `.params` format, read with numpy alone and every length
checked: the file is somebody else's.

The format is that of mxnet/src/ndarray/ndarray.cc (`NDArray::Load`), as MXNet 0.8 to 1.9 write it.
"""

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lensloop.wire.errors import BadArtifact

Weights = Mapping[str, NDArray[np.float32]]

MAX_BYTES = 512 * 1024**2  # ResNet-200, the largest that the built-in algorithm trains, has 260 MB

_LIST = 0x112  # how a list of arrays begins
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA  # how an array begins; in older files, its rank
_MAX_RANK = 8  # a convolution's weights have four
_DENSE = 0
_FLOATS = {0: "<f4", 1: "<f8", 2: "<f2"}  # by MXNet's number of the type


def read_params(data: bytes) -> Weights:
    """The arrays by name, without the `arg:` or `aux:` before it. Raises BadArtifact."""
    if len(data) > MAX_BYTES:
        raise BadArtifact(
            f"The weights have {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} are read."
        )
    file = _File(data)
    if file.number("Q") != _LIST:
        raise BadArtifact("The weights are no MXNet file: it begins otherwise.")
    file.number("Q")  # reserved
    arrays = [_array(file) for _ in range(file.count(at_least=16))]
    names = [_name(file) for _ in range(file.count(at_least=8))]
    file.expect_end()
    if len(names) != len(arrays) or len(set(names)) < len(names):
        raise BadArtifact("The weights are damaged: each array must have a name of its own.")
    return dict(zip(names, arrays, strict=True))


class _File:
    """Bytes that are read in order, never past their end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> bytes:
        end = self._at + length
        if length < 0 or end > len(self._data):
            raise BadArtifact("The weights are cut off, or say a length that they do not have.")
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, kind: str) -> int:
        (value,) = struct.unpack(f"<{kind}", self.take(struct.calcsize(kind)))
        return int(value)

    def count(self, *, at_least: int) -> int:
        """How many of something follow, each of which takes `at_least` so many bytes."""
        count = self.number("Q")
        if count * at_least > len(self._data) - self._at:
            raise BadArtifact("The weights are cut off, or say a length that they do not have.")
        return count

    def expect_end(self) -> None:
        if self._at != len(self._data):
            raise BadArtifact("The weights are damaged: more follows than they say.")


def _array(file: _File) -> NDArray[np.float32]:
    shape = _shape(file)
    file.take(8)  # the device that it lay on
    number = file.number("i")
    if number not in _FLOATS:
        raise BadArtifact(f"The weights hold an array of type {number}, which is no float.")
    kind = np.dtype(_FLOATS[number])
    elements = 1
    for side in shape:
        elements *= side
    values = np.frombuffer(file.take(elements * kind.itemsize), kind)
    with np.errstate(over="ignore"):  # what float32 cannot hold is found next
        array = values.reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise BadArtifact("The weights hold numbers that are none; the training went astray.")
    return array


def _shape(file: _File) -> tuple[int, ...]:
    began = file.number("I")
    if began in (_V2, _V3) and file.number("i") != _DENSE:
        raise BadArtifact("The weights hold a sparse array; only dense ones are read.")
    wide = began in (_V1, _V2, _V3)
    rank = file.number("I") if wide else began
    if not 1 <= rank <= _MAX_RANK:
        raise BadArtifact(f"The weights hold an array of {rank} dimensions; they are damaged.")
    shape = tuple(file.number("q" if wide else "I") for _ in range(rank))
    if min(shape) < 1:
        raise BadArtifact("The weights hold an array without elements; they are damaged.")
    return shape


def _name(file: _File) -> str:
    try:
        name = file.take(file.count(at_least=1)).decode("utf-8")
    except UnicodeDecodeError as damage:
        raise BadArtifact("The weights are damaged: a name in them is no text.") from damage
    return name.removeprefix("arg:").removeprefix("aux:")
