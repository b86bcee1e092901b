"""Whatever a camera's array looks like, it becomes RGB, or a sentence names what came."""

from typing import Any

import numpy
import pytest

from camera.layout import Layout
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
    image = Layout().to_image(array)
    assert (image.mode, image.size) == ("RGB", (30, 20))
    assert image.getpixel((29, 19)) == pixel


def test_one_bright_pixel_makes_no_later_frame_brighter_or_darker() -> None:
    """What holds a frame's own brightest pixel would: 50, then 200, and 50 again."""
    wall, layout = filled(200, dtype=numpy.uint16), Layout()
    glare = wall.copy()
    glare[0, 0] = 1000
    found = [layout.to_image(frame).getpixel((29, 19)) for frame in (glare, wall, glare, wall)]
    assert found == [(50, 50, 50)] * 4


def test_a_greater_depth_stays_and_only_a_greater_one_replaces_it() -> None:
    layout, found = Layout(), []
    for brightest in (255, 256, 255, 4095, 300, 65535, 255):
        frame = filled(200, dtype=numpy.uint16)
        frame[0, 0] = brightest
        found.append(layout.to_image(frame).getpixel((29, 19))[0])
    assert found == [200, 50, 50, 12, 12, 0, 0]


def test_a_named_format_says_which_of_two_channels_is_the_brightness() -> None:
    array = numpy.zeros((20, 32, 2), numpy.uint8)
    array[:, :, 0], array[:, 0::2, 1], array[:, 1::2, 1] = 76, 85, 255  # red
    for fourcc, given in (("", array), ("YUYV", array), ("UYVY", array[:, :, ::-1])):
        found = Layout().to_image(given, fourcc).getpixel((3, 3))
        assert numpy.allclose(found, (254, 0, 0), atol=2), fourcc


def test_the_halves_of_yuyv_keep_their_places_and_colours() -> None:
    array = numpy.zeros((20, 32, 2), numpy.uint8)
    array[:, :, 0] = 76  # red's brightness, and its two colour differences
    array[:, 0::2, 1], array[:, 1::2, 1] = 85, 255
    array[:, 16:] = (29, 255)  # blue's
    array[:, 17::2, 1] = 107
    image = Layout().to_image(array)
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
        Layout().to_image(array)
