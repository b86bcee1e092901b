"""Pictures: what is refused and in which words, and what is read although it is unusual."""

import base64
import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from PIL.JpegImagePlugin import JpegImageFile

from lensloop.wire import picture
from lensloop.wire.errors import PictureError


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def drawn(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Red in the upper left corner, blue elsewhere: it says which way is up."""
    image = Image.new("RGB", (width, height), (0, 0, 200))
    ImageDraw.Draw(image).rectangle((0, 0, width // 3, height // 3), fill=(220, 0, 0))
    return image.convert(mode)


def noisy_jpeg() -> bytes:
    noise = np.random.default_rng(7).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    return encoded(Image.fromarray(noise), "JPEG", quality=90)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has hardly a pixel: the smallest bomb."""

    def chunk(body: bytes) -> bytes:
        return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))

    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(header)
        + chunk(b"IDAT" + zlib.compress(bytes(99)))
        + chunk(b"IEND")
    )


def animation(kind: str = "PNG") -> bytes:
    green = Image.new("RGB", (96, 64), "green")
    return encoded(drawn(), kind, save_all=True, append_images=[green])


def padded(size: int) -> bytes:
    data = noisy_jpeg()
    return data + bytes(size - len(data))


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def grey_jpeg(width: int, height: int, progressive: bool) -> bytes:
    return encoded(Image.new("L", (width, height), 128), "JPEG", progressive=progressive)


NO_PICTURE = (
    "This is not a JPEG, PNG or WebP picture, whatever its name says. Save it as one of them."
)
UNKNOWN = "The picture is damaged, or of a kind that few programs write. Save it again."
TRUNCATED = "The picture is damaged or incomplete: image file is truncated"
TOO_LARGE = "at most 50 million, and 20000 on a side. Save it smaller."
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing at all": (lambda: b"", "The file is empty. Upload it again."),
    "a text file named .jpg": (lambda: b"not a picture, honestly\n" * 40, NO_PICTURE),
    "a GIF": (lambda: encoded(drawn(), "GIF"), "Its format is GIF, and only JPEG, PNG or WebP"),
    "a TIFF": (lambda: encoded(drawn(), "TIFF"), "Its format is TIFF, and only JPEG, PNG or WebP"),
    "an SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PICTURE),
    "a web page": (lambda: b"<!doctype html><title>404</title>", NO_PICTURE),
    "a JPEG's first bytes": (lambda: b"\xff\xd8\xff" + b"junk" * 20, UNKNOWN),
    "a PNG's first bytes": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(80), UNKNOWN),
    "half a JPEG": (lambda: half(noisy_jpeg()), TRUNCATED),
    "a JPEG's header": (lambda: noisy_jpeg()[:20], UNKNOWN),
    "half a PNG": (lambda: encoded(drawn())[:-60], f"{TRUNCATED}. Upload it again."),
    "a PNG of 13,000 × 13,000": (
        lambda: png_header(13_000, 13_000),
        f"The picture has 13000 × 13000 pixels; {TOO_LARGE}",
    ),
    "a PNG of 50,000 × 50,000": (
        lambda: png_header(50_000, 50_000),
        "The picture has far too many pixels; at most 50 million are read. Save it smaller.",
    ),
    "50 million pixels, and nothing in them": (lambda: png_header(10_000, 5_000), TRUNCATED),
    "a few more pixels": (
        lambda: png_header(10_000, 5_001),
        f"The picture has 10000 × 5001 pixels; {TOO_LARGE}",
    ),
    "20,000 on a side, and nothing in them": (lambda: png_header(20_000, 16), TRUNCATED),
    "one more on a side": (
        lambda: png_header(20_001, 16),
        f"The picture has 20001 × 16 pixels; {TOO_LARGE}",
    ),
    "a narrow strip": (
        lambda: encoded(drawn(15, 16)),
        "The picture has 15 × 16 pixels; at least 16 on each side are needed.",
    ),
    "an animated WebP": (
        lambda: animation("WEBP"),
        "This is an animation; only still pictures can be used. Save one frame of it.",
    ),
    "an animated PNG": (
        animation,
        "This is an animation; only still pictures can be used. Save one frame of it.",
    ),
    "26 MB": (
        lambda: padded(26_000_000),
        "The file has 26 MB; at most 25 MB are read. Save it smaller.",
    ),
    "one byte more than are read": (lambda: padded(25_000_001), "The file has 25 MB; at most"),
    "half a progressive JPEG of 10 million pixels": (
        lambda: half(grey_jpeg(5000, 2000, progressive=True)),
        TRUNCATED,
    ),
    "half a larger progressive JPEG": (
        lambda: half(grey_jpeg(5001, 2000, progressive=True)),
        "The picture is damaged, or a progressive JPEG too large to open. Save it smaller, or not"
        " progressive.",
    ),
    "half a larger JPEG": (lambda: half(grey_jpeg(5001, 2000, progressive=False)), TRUNCATED),
}


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("at_least", [0, 448], ids=["full", "fast"])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_cannot_be_used_is_refused_with_a_sentence(make, sentence, at_least):
    with pytest.raises(PictureError) as refusal:
        picture.open_picture(make(), at_least)
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("damage", "plain"),
    [
        (ValueError("bad  chunk\nat 7."), "bad chunk at 7"),
        (ValueError("X" * 121), "X" * 120),
        (KeyError(), "KeyError"),
    ],
)
def test_the_decoders_own_words_are_one_short_line(monkeypatch, damage, plain):
    def broken(*_, **__):
        raise damage

    monkeypatch.setattr(Image, "open", broken)
    with pytest.raises(PictureError) as refusal:
        picture.open_picture(noisy_jpeg())
    assert str(refusal.value) == f"The picture is damaged: {plain}. Upload it again."


@pytest.mark.parametrize(
    "make",
    [lambda: encoded(drawn(16, 16)), lambda: padded(25_000_000)],
    ids=["16 x 16", "25 MB"],
)
def test_the_smallest_picture_and_the_largest_file_are_read(make):
    assert picture.open_picture(make()).mode == "RGB"


def test_every_truncation_of_a_photo_is_found():
    """Whole but for the last marker is whole: its pixels are all there."""
    data = noisy_jpeg()
    for length in range(200, len(data) - 64, 997):
        with pytest.raises(PictureError):
            picture.open_picture(data[:length], 448)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_comes_upright_whatever_its_orientation(orientation):
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = drawn().transpose(stored[orientation]) if orientation in stored else drawn()
    upright = picture.open_picture(encoded(lying, "JPEG", exif=exif, quality=95))
    assert upright.size == (96, 64)
    assert upright.getpixel((5, 5))[0] > 150


def test_a_broken_exif_block_is_passed_over():
    data = encoded(drawn(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f broken")
    assert picture.open_picture(data).size == (96, 64)


def test_a_picture_whose_orientation_is_no_number_is_shown_as_it_lies():
    directory = struct.pack("<HHHI4sI", 1, 0x0112, 2, 4, b"left", 0)
    block = b"Exif\x00\x00II*\x00" + struct.pack("<I", 8) + directory
    upright = picture.open_picture(encoded(drawn(), "JPEG", exif=block))
    assert upright.getpixel((5, 5))[0] > 150


def test_an_orientation_beside_a_damaged_entry_is_still_applied():
    """Pillow's own exif_transpose fails on this one, because it writes the block back."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    data = bytearray(encoded(drawn(), "JPEG", exif=exif))
    data[data.find(b"Exif") + 17] = 0  # the type of the first entry
    assert picture.open_picture(bytes(data)).size == (64, 96)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "CMYK"])
def test_every_colour_mode_becomes_rgb(mode):
    data = encoded(drawn(mode=mode), "JPEG" if mode == "CMYK" else "PNG")
    image = picture.open_picture(data)
    assert image.mode == "RGB"
    assert image.size == (96, 64)


@pytest.mark.parametrize(
    ("mode", "colour", "options"),
    [
        ("RGBA", (9, 9, 9, 0), {}),
        ("LA", (9, 0), {}),
        ("RGB", (9, 9, 9), {"transparency": (9, 9, 9)}),
        ("L", 9, {"transparency": 9}),
        ("P", 0, {"transparency": 0}),
    ],
)
def test_transparency_is_laid_on_white(mode, colour, options):
    data = encoded(Image.new(mode, (32, 32), colour), **options)
    assert picture.open_picture(data).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "kind", "size", "smaller"),
    [
        ("L", "PNG", (200, 300), (100, 150)),
        ("RGB", "PNG", (200, 300), (100, 150)),
        ("RGBA", "PNG", (200, 300), (100, 150)),
        ("P", "PNG", (200, 300), (200, 300)),  # the mean of two places in a palette is no colour
        ("RGB", "PNG", (199, 300), (199, 300)),
        ("L", "JPEG", (1700, 1700), (107, 107)),
        ("RGB", "JPEG", (1700, 1700), (107, 107)),
        ("CMYK", "JPEG", (1700, 1700), (107, 107)),
    ],
)
def test_the_fast_way_makes_a_large_picture_smaller_by_a_whole_factor(mode, kind, size, smaller):
    data = encoded(drawn(size[0], size[1], mode), kind)
    assert picture.open_picture(data, at_least=100).size == smaller
    assert picture.open_picture(data).size == size


def test_sixteen_bit_grey_is_scaled_and_not_clipped():
    grey = np.full((32, 32), 0x8000, np.uint16)
    assert picture.open_picture(encoded(Image.fromarray(grey))).getpixel((3, 3)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("brightest", "expected"),
    [
        (255, 255),
        (256, 64),
        (1023, 255),
        (1024, 64),
        (4095, 255),
        (4096, 64),
        (16_383, 255),
        (16_384, 64),
        (65_535, 255),
    ],
)
def test_sixteen_bit_grey_is_scaled_by_the_bits_that_it_uses(brightest: int, expected: int) -> None:
    grey = np.zeros((32, 32), np.uint16)
    grey[:16] = brightest
    image = picture.open_picture(encoded(Image.fromarray(grey)))
    assert image.getextrema() == ((0, expected),) * 3


@pytest.mark.parametrize(
    ("width", "sentence"),
    [
        (3000, "The picture is damaged: could not create decoder object. Upload it again."),
        (3001, "The picture is damaged, or a WebP too large to open. Save it smaller."),
    ],
)
def test_a_large_webp_that_cannot_be_opened_may_be_too_large(width: int, sentence: str) -> None:
    webp = bytearray(encoded(drawn(), "WEBP", xmp=b"<x/>"))
    webp[24:30] = (width - 1).to_bytes(3, "little") + (2000 - 1).to_bytes(3, "little")
    with pytest.raises(PictureError) as refusal:
        picture.open_picture(bytes(webp))
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_size_is_that_of_the_upright_picture(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(drawn(), kind, exif=exif)
    assert picture.size_of(data) == picture.open_picture(data).size
    assert picture.size_of(data) == ((96, 64) if orientation < 5 else (64, 96))


def test_the_fast_way_sees_the_same_picture():
    """A large picture: decoded small, the input differs from the full decoding by a hair."""
    waves = np.add.outer(np.sin(np.arange(1500) / 90), np.cos(np.arange(2000) / 70))
    data = encoded(
        Image.fromarray(((waves + 2) * 60).astype(np.uint8)).convert("RGB"), "JPEG", quality=95
    )
    full = picture.to_input(picture.open_picture(data), 224, 224)
    fast = picture.read_input(data, 224, 224)
    assert full.shape == fast.shape == (224, 224, 3)
    assert np.abs(full.astype(int) - fast).mean() < 1


def noise() -> Image.Image:
    pixels = np.random.default_rng(7).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_the_input_is_the_whole_picture_squeezed_in_height_width_order():
    found = picture.to_input(noise(), 32, 16)
    assert (found.shape, found.dtype) == ((16, 32, 3), np.uint8)
    assert (found == np.asarray(noise().resize((32, 16), Image.Resampling.BICUBIC))).all()
    assert picture.RESIZE == "squeeze-bicubic"  # cameras in the field know it by this name


@pytest.mark.parametrize(("width", "height"), [(32, 16), (16, 32)])
def test_a_file_is_read_at_twice_the_size_of_the_input(width, height):
    twice = picture.open_picture(encoded(noise()), at_least=64)
    expected = picture.to_input(twice, width, height)
    assert (picture.read_input(encoded(noise()), width, height) == expected).all()


def test_a_thumbnail_is_a_small_jpeg():
    small = JpegImageFile(io.BytesIO(base64.b64decode(picture.thumbnail(drawn(960, 640)))))
    assert small.size == (96, 64)
    of_quality_60 = JpegImageFile(io.BytesIO(encoded(drawn(), "JPEG", quality=60)))
    assert small.quantization == of_quality_60.quantization


def bits(one: str, other: str) -> int:
    return bin(int(one, 16) ^ int(other, 16)).count("1")


def test_near_duplicates_have_near_hashes_and_others_do_not():
    rng = np.random.default_rng(3)
    one, other = (
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((300, 200), 3)
        for _ in range(2)
    )
    again = picture.open_picture(encoded(one.resize((150, 100), 3), "JPEG", quality=40))
    assert len(picture.phash(one)) == 16
    assert bits(picture.phash(one), picture.phash(again)) <= 4
    assert bits(picture.phash(one), picture.phash(other)) > 12


@pytest.mark.parametrize(
    ("image", "phash"),
    [
        (drawn(), "e3e3e30c1c1ce1e3"),
        (noise(), "f627922bf5aa1035"),
        (Image.new("RGB", (50, 50)), "0000000000000000"),
    ],
    ids=["drawn", "noise", "black"],
)
def test_the_hash_never_changes_between_versions(image, phash):
    assert picture.phash(image) == phash
