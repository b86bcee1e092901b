"""What does a camera's array show? Grey, blue first, with a fourth channel, of 16 bits or YUYV: all
become RGB here, or a sentence names what came.
"""

from __future__ import annotations

from typing import Any, Tuple

from lensloop.wire.errors import PictureError
from lensloop.wire.picture import MIN_SIDE

# Bits that sensors give in 16: the least that hold the brightest pixel, as for 16-bit files.
_DEPTHS = (8, 10, 12, 14, 16)
_COLOUR_FIRST = ("UYVY",)  # FOURCCs of two channels in which the brightness is the second


class Layout:
    """Of one camera while it is open, or of one video file.

    It remembers the greatest depth that it has met: by each frame's own brightest pixel, the same
    wall would be bright in one frame and dark in the next.
    """

    def __init__(self) -> None:
        self._depth = _DEPTHS[0]

    def to_image(self, array: Any, fourcc: str = "") -> Any:
        """An RGB Pillow image. Three and four channels are blue first, as OpenCV and awscam give
        them; two are what a V4L2 camera gives undecoded, and YUYV unless `fourcc` (the format's
        name, where it is known) says UYVY. Raises PictureError.
        """
        _require_usable(array)
        if array.dtype.name == "uint16":
            self._depth = max(self._depth, _depth(array))
            array = (array >> (self._depth - 8)).astype("uint8")
        return _rgb(array, fourcc)


def _require_usable(array: Any) -> None:
    shape: Tuple[int, ...] = getattr(array, "shape", ())
    if not _usable(array, shape):
        came = f"{array.dtype} {' × '.join(map(str, shape))}" if shape else type(array).__name__
        raise PictureError(
            f"The camera gives {came}, which is no picture that this agent knows: it reads grey,"
            " YUYV, BGR and BGRA of 8 or 16 bits. Set another pixel format on the camera."
        )


def _usable(array: Any, shape: Tuple[int, ...]) -> bool:
    if len(shape) not in (2, 3) or min(shape[:2]) < MIN_SIDE:
        return False
    kind: str = array.dtype.name
    channels = 1 if len(shape) == 2 else shape[2]
    if channels == 2:  # a pair of pixels shares its colour
        return kind == "uint8" and bool(shape[1] % 2 == 0)
    return kind in ("uint8", "uint16") and channels in (1, 3, 4)


def _depth(array: Any) -> int:
    brightest = int(array.max())
    return next(depth for depth in _DEPTHS if brightest < 1 << depth)


def _rgb(array: Any, fourcc: str) -> Any:
    from PIL import Image

    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels == 1:
        return Image.fromarray(array.reshape(array.shape[:2])).convert("RGB")
    if channels == 2:
        return _yuyv(array[:, :, ::-1] if fourcc in _COLOUR_FIRST else array)
    return Image.fromarray(array[:, :, 2::-1].copy())


def _yuyv(array: Any) -> Any:
    import numpy
    from PIL import Image

    colours = array[:, :, 1].reshape(array.shape[0], -1, 2).repeat(2, axis=1)
    planes = numpy.concatenate([array[:, :, :1], colours], axis=2)
    return Image.frombytes("YCbCr", (array.shape[1], array.shape[0]), planes.tobytes()).convert(
        "RGB"
    )
