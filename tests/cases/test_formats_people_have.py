"""Pictures from phones, web sites, microscopes and scanners: read, or named with what converts
them.
"""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo import own_pictures
from lambdas.decoding.decoder import Decoder, Unreadable
from lensloop.wire.errors import PictureError
from lensloop.wire.formats import webp_header
from lensloop.wire.picture import open_picture, read_input
from training.golden import as_jpeg

BEACH = Image.linear_gradient("L").resize((400, 300)).convert("RGB")


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def container(*brands: bytes) -> bytes:
    """A file of Apple's or AOM's family as it begins: the brand, the version, its relatives."""
    box = brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I4s", 8 + len(box), b"ftyp") + box + bytes(500)


NAMED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "an iPhone's HEIC": (lambda: container(b"heic", b"mif1", b"heic"), "HEIC", "Most Compatible"),
    "a HEIC that names its container first": (
        lambda: container(b"mif1", b"heic"),
        "HEIC",
        "mogrify -format jpg *.heic",
    ),
    "a web site's AVIF": (lambda: saved(BEACH, "AVIF"), "AVIF", "mogrify -format jpg *.avif"),
    "an AVIF that names its container first": (
        lambda: container(b"mif1", b"avif"),
        "AVIF",
        "mogrify -format jpg *.avif",
    ),
    "a scanner's TIFF": (lambda: saved(BEACH, "TIFF"), "TIFF", "mogrify -format png '*.tif[0]'"),
    "an old Mac's TIFF": (lambda: b"MM\0*" + bytes(99), "TIFF", "mogrify -format png '*.tif[0]'"),
    "a Windows BMP": (lambda: saved(BEACH, "BMP"), "BMP", "mogrify -format png *.bmp"),
    "a GIF": (lambda: saved(BEACH, "GIF"), "GIF", "mogrify -format png '*.gif[0]'"),
}


@pytest.mark.parametrize(("make", "name", "converts"), NAMED.values(), ids=NAMED.keys())
def test_the_format_is_named_with_what_converts_it(
    make: Callable[[], bytes], name: str, converts: str
) -> None:
    with pytest.raises(PictureError) as problem:
        open_picture(make())
    assert str(problem.value).startswith(
        f"Its format is {name}, and only JPEG, PNG or WebP is read. "
    )
    assert converts in str(problem.value)


@pytest.mark.parametrize(
    "data", [b"BMI of 20 patients\n" * 9, container(b"isom", b"mp42"), b"II", b"GIF is a word"[3:]]
)
def test_what_only_begins_like_a_picture_is_not_called_one(data: bytes) -> None:
    with pytest.raises(PictureError, match="not a JPEG, PNG or WebP picture"):
        open_picture(data)


WEBPS: dict[str, dict[str, object]] = {
    "from a web site": {"quality": 80},
    "a screenshot without loss": {"lossless": True},
    "with a profile and a text": {"icc_profile": bytes(5000), "xmp": b"<x/>"},
}


@pytest.mark.parametrize("name", WEBPS)
def test_a_webp_is_seen_by_pipeline_training_and_camera_alike(name: str) -> None:
    data = saved(BEACH, "WEBP", **WEBPS[name])
    with Decoder() as decoder:
        seen = decoder.look(data, sample=True)
    assert isinstance(seen, dict)
    assert (seen["width"], seen["height"]) == (400, 300)
    assert seen["thumbnail"]
    header = webp_header(data)
    assert header is not None
    assert header.size == (400, 300)
    assert read_input(data, 224, 224).shape == (224, 224, 3)
    assert as_jpeg(data).startswith(b"\xff\xd8")  # golden pictures need no other decoder


def test_a_transparent_webp_is_laid_on_white() -> None:
    clear = saved(Image.new("RGBA", (32, 32), (9, 9, 9, 0)), "WEBP", lossless=True)
    assert open_picture(clear).getpixel((3, 3)) == (255, 255, 255)


def test_a_phones_webp_comes_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_picture(saved(BEACH, "WEBP", exif=exif)).size == (300, 400)


def test_an_animated_webp_is_no_still_picture() -> None:
    data = saved(BEACH, "WEBP", save_all=True, append_images=[BEACH.rotate(90)])
    with pytest.raises(PictureError, match="This is an animation"):
        open_picture(data)


@pytest.mark.parametrize("side", [16384, 8000])
def test_a_webp_that_claims_to_be_huge_is_refused_before_it_takes_memory(side: int) -> None:
    data = bytearray(saved(BEACH, "WEBP", xmp=b"<x/>"))
    data[24:30] = (side - 1).to_bytes(3, "little") * 2
    with pytest.raises(PictureError, match=rf"has {side} × {side} pixels; at most 50 million"):
        open_picture(bytes(data))


def test_a_webp_too_large_for_the_inspection_says_so() -> None:
    with Decoder() as decoder:
        seen = decoder.look(saved(Image.new("RGB", (6000, 4000)), "WEBP", method=0))
    assert isinstance(seen, Unreadable)
    assert "smaller" in seen.reason


def test_the_demo_takes_a_folder_of_webp(tmp_path: Path) -> None:
    for label in ("glass", "metal"):
        (tmp_path / label).mkdir()
        for number in range(20):
            image = Image.new("RGB", (32, 32), (number * 9, len(label) * 40, 90))
            image.save(tmp_path / label / f"{number}.webp", lossless=True)
    album = own_pictures.read(tmp_path)
    assert len({*album.first, *album.better, *album.frames}) == 40


def grey16(brightest: int, darkest: int = 0) -> bytes:
    """A ramp from dark to bright, as a microscope or a thermal camera keeps it."""
    ramp = np.linspace(darkest, brightest, 64 * 64).reshape(64, 64).astype(np.uint16)
    return saved(Image.fromarray(ramp), "PNG")


@pytest.mark.parametrize(
    ("what", "brightest", "expected"),
    [
        ("a mask of 8 bits", 255, 255),
        ("a sensor of 10 bits", 1023, 255),
        ("a sensor of 10 bits, one level too bright for 8", 256, 64),
        ("a microscope of 12 bits", 4095, 255),
        ("a microscope of 12 bits, half used", 2047, 127),
        ("a thermal camera of 14 bits", 16383, 255),
        ("all 16 bits", 65535, 255),
        ("all 16 bits, half used", 32768, 128),
        ("all 16 bits, just", 16384, 64),
    ],
)
def test_sixteen_bits_are_scaled_by_those_that_are_used(
    what: str, brightest: int, expected: int
) -> None:
    image = open_picture(grey16(brightest))
    assert image.getextrema() == ((0, expected),) * 3, what


def test_sixteen_bits_look_the_same_by_the_fast_way() -> None:
    data = grey16(4095)
    fast, full = open_picture(data, at_least=32), open_picture(data)
    assert fast.tobytes() == full.tobytes()


def colour16(brightest: int) -> bytes:
    """Pillow reads the upper 8 of 16 bits a colour: what uses 12 of them is black to it."""
    row = b"\0" + b"".join(struct.pack(">HHH", *[brightest * x // 63] * 3) for x in range(64))

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I4s", len(body), kind) + body + crc

    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    pixels = zlib.compress(row * 64)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


PLAIN: dict[str, tuple[Callable[[], bytes], str]] = {
    "a lens cap": (lambda: saved(Image.new("RGB", (64, 64), (4, 3, 5)), "JPEG"), "black"),
    "12 bits of 16 a colour": (lambda: colour16(4095), "black"),
    "an empty page": (lambda: saved(Image.new("L", (64, 64), 252), "JPEG"), "white"),
    "a failed download": (lambda: saved(Image.new("RGB", (64, 64), (99, 120, 7)), "PNG"), "blank"),
    "a transparent layer": (lambda: saved(Image.new("RGBA", (64, 64)), "PNG"), "white"),
    "a thermal camera's narrow range": (lambda: grey16(30_300, 29_315), "blank"),
    "12 bits of 16 grey": (lambda: grey16(4095), ""),
    "a picture": (lambda: saved(BEACH, "JPEG"), ""),
}


@pytest.mark.parametrize(("make", "expected"), PLAIN.values(), ids=PLAIN.keys())
def test_what_shows_nothing_is_marked(make: Callable[[], bytes], expected: str) -> None:
    with Decoder() as decoder:
        seen = decoder.look(make())
    assert isinstance(seen, dict)
    assert seen["plain"] == expected
