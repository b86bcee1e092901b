"""Whatever a camera's array looks like, it becomes RGB, or a sentence names what came."""

from typing import Any

import numpy
import pytest

from camera.layout import to_image
from lensloop.wire.errors import PictureError

ORANGE = (250, 130, 10)


def filled(value: Any, channels: int = 0, dtype: Any = numpy.uint8) -> Any:
    shape = (20, 30, channels) if channels else (20, 30)
    return numpy.full(shape, value, dtype)


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (filled(77), (77, 77, 77)),
        (filled(77, 1), (77, 77, 77)),
        (filled(ORANGE[::-1], 3), ORANGE),
        (filled((*ORANGE[::-1], 0), 4), ORANGE),
        (filled(77, dtype=numpy.uint16), (77, 77, 77)),
        (filled(77 << 2, dtype=numpy.uint16), (77, 77, 77)),
        (filled(77 << 8, dtype=numpy.uint16), (77, 77, 77)),
        (filled(65535, 1, numpy.uint16), (255, 255, 255)),
        (filled([value << 8 for value in ORANGE[::-1]], 3, numpy.uint16), ORANGE),
    ],
    ids=["grey", "one", "BGR", "BGRA", "16 of 8", "16 of 10", "16", "16 full", "16 BGR"],
)
def test_each_layout_becomes_rgb(array: Any, pixel: tuple[int, int, int]) -> None:
    image = to_image(array)
    assert (image.mode, image.size) == ("RGB", (30, 20))
    assert image.getpixel((29, 19)) == pixel


def test_the_halves_of_yuyv_keep_their_places_and_colours() -> None:
    array = numpy.zeros((20, 32, 2), numpy.uint8)
    array[:, :, 0] = 76  # red's brightness, and its two colour differences
    array[:, 0::2, 1], array[:, 1::2, 1] = 85, 255
    array[:, 16:] = (29, 255)  # blue's
    array[:, 17::2, 1] = 107
    image = to_image(array)
    assert numpy.allclose(image.getpixel((3, 3)), (254, 0, 0), atol=2)
    assert numpy.allclose(image.getpixel((30, 3)), (0, 0, 254), atol=2)


@pytest.mark.parametrize(
    ("array", "named"),
    [
        (filled(0.5, 3, numpy.float32), "float32 20 × 30 × 3"),
        (filled(7, 5), "uint8 20 × 30 × 5"),
        (filled(7, 2, numpy.uint16), "uint16 20 × 30 × 2"),
        (numpy.zeros((20, 31, 2), numpy.uint8), "uint8 20 × 31 × 2"),
        (numpy.zeros((1, 5000), numpy.uint8), "uint8 1 × 5000"),
        (numpy.zeros(5000, numpy.uint8), "uint8 5000"),
        (None, "NoneType"),
    ],
)
def test_what_is_none_is_named(array: Any, named: str) -> None:
    with pytest.raises(PictureError, match=f"gives {named}, which is no picture"):
        to_image(array)
