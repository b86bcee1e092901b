"""What does a camera's array show? Grey, blue first, with a fourth channel, of 16 bits or YUYV: all
become RGB here, or a sentence names what came.
"""

from __future__ import annotations

from typing import Any, Tuple

from lensloop.wire.errors import PictureError
from lensloop.wire.picture import MIN_SIDE

# Bits that sensors give in 16: what holds the brightest pixel is taken, as for 16-bit files.
_DEPTHS = (8, 10, 12, 14, 16)


def to_image(array: Any) -> Any:
    """An RGB Pillow image. Three and four channels are blue first, as OpenCV and awscam give them;
    two are YUYV, what a V4L2 camera gives undecoded. Raises PictureError.
    """
    from PIL import Image

    shape: Tuple[int, ...] = getattr(array, "shape", ())
    if not _usable(array, shape):
        came = f"{array.dtype} {' × '.join(map(str, shape))}" if shape else type(array).__name__
        raise PictureError(
            f"The camera gives {came}, which is no picture that this agent knows: it reads grey,"
            " YUYV, BGR and BGRA of 8 or 16 bits. Set another pixel format on the camera."
        )
    array = _eight_bits(array)
    channels = 1 if len(shape) == 2 else shape[2]
    if channels == 1:
        return Image.fromarray(array.reshape(shape[:2])).convert("RGB")
    if channels == 2:
        return _yuyv(array)
    return Image.fromarray(array[:, :, 2::-1].copy())


def _usable(array: Any, shape: Tuple[int, ...]) -> bool:
    if len(shape) not in (2, 3) or min(shape[:2]) < MIN_SIDE:
        return False
    kind: str = array.dtype.name
    channels = 1 if len(shape) == 2 else shape[2]
    if channels == 2:  # a pair of pixels shares its colour
        return kind == "uint8" and bool(shape[1] % 2 == 0)
    return kind in ("uint8", "uint16") and channels in (1, 3, 4)


def _eight_bits(array: Any) -> Any:
    if array.dtype.name == "uint8":
        return array
    brightest = int(array.max())
    depth = next(depth for depth in _DEPTHS if brightest < 1 << depth)
    return (array >> (depth - 8)).astype("uint8")


def _yuyv(array: Any) -> Any:
    import numpy
    from PIL import Image

    colours = array[:, :, 1].reshape(array.shape[0], -1, 2).repeat(2, axis=1)
    planes = numpy.concatenate([array[:, :, :1], colours], axis=2)
    return Image.frombytes("YCbCr", (array.shape[1], array.shape[0]), planes.tobytes()).convert(
        "RGB"
    )
