"""Pictures in formats that no training reads become JPEGs that stand upright."""

import io

import pytest
from PIL import Image

from importers.decoders import Decoders, is_converted
from lambdas.decoding import other_formats
from lambdas.decoding.decoder import Unreadable
from lensloop.wire.errors import PictureError

WIDE = Image.new("RGB", (64, 48), "red")
WIDE.paste("blue", (0, 0, 32, 24))  # on the upper left
TURNED = Image.Exif()
TURNED[0x0112] = 6  # the camera was held a quarter to the left


def saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    WIDE.save(file, kind, **options)
    return file.getvalue()


def corners(content: bytes) -> tuple[tuple[int, int], str]:
    """The size, and the colours of the corners, row by row."""
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.getexif().get(0x0112)) == ("JPEG", None)
        right, lower = image.width - 5, image.height - 5
        found = [image.getpixel(at) for at in ((4, 4), (right, 4), (4, lower), (right, lower))]
        letters = ["b" if isinstance(at, tuple) and at[2] > 128 else "r" for at in found]
        return image.size, "".join(letters)


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "BMP", "GIF"])
def test_a_picture_becomes_a_jpeg(pool: Decoders, kind: str) -> None:
    content = saved(kind)
    assert is_converted(content)
    made = pool.convert(content)
    assert isinstance(made, bytes)
    assert corners(made) == ((64, 48), "brrr")


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "HEIF"])
def test_a_turned_picture_stands_upright(pool: Decoders, kind: str) -> None:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    made = pool.convert(saved(kind, exif=TURNED.tobytes()))
    assert isinstance(made, bytes)
    assert corners(made) == ((48, 64), "rbrr")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (saved("TIFF")[:300], "The TIFF is damaged or incomplete"),
        (saved("BMP")[:90], "The BMP is damaged or incomplete"),
        (b"II*\0" + b"\xff" * 500, "The TIFF is damaged or incomplete"),
    ],
)
def test_a_damaged_one_is_told(pool: Decoders, content: bytes, words: str) -> None:
    made = pool.convert(content)
    assert isinstance(made, Unreadable)
    assert words in made.reason


def test_a_heic_says_what_reads_it_where_nothing_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_formats, "with_heic", lambda: False)
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)
    with pytest.raises(PictureError, match=r"`make import-extras` installs it"):
        other_formats.as_jpeg(heic)
