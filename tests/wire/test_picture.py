"""Pictures: what is refused and in which words, and what is read although it is unusual."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

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


def animation() -> bytes:
    return encoded(drawn(), save_all=True, append_images=[Image.new("RGB", (96, 64), "green")])


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing at all": (lambda: b"", "empty"),
    "a text file named .jpg": (lambda: b"not a picture, honestly\n" * 40, "not a JPEG or PNG"),
    "a GIF": (lambda: encoded(drawn(), "GIF"), "not a JPEG or PNG"),
    "a TIFF": (lambda: encoded(drawn(), "TIFF"), "not a JPEG or PNG"),
    "an SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG or PNG"),
    "a web page": (lambda: b"<!doctype html><title>404</title>", "not a JPEG or PNG"),
    "half a JPEG": (lambda: noisy_jpeg()[: len(noisy_jpeg()) // 2], "damaged or incomplete"),
    "a JPEG's header": (lambda: noisy_jpeg()[:20], "JPEG or PNG|damaged"),
    "half a PNG": (lambda: encoded(drawn())[:-60], "damaged"),
    "a PNG of 13,000 × 13,000": (lambda: png_header(13_000, 13_000), "13000 × 13000"),
    "a PNG of 50,000 × 50,000": (lambda: png_header(50_000, 50_000), "far too many pixels"),
    "a PNG of 30,000 × 16": (lambda: png_header(30_000, 16), "20000 on a side"),
    "a dot": (lambda: encoded(Image.new("RGB", (1, 1))), "at least 16"),
    "an animated PNG": (animation, "animation"),
    "26 MB": (lambda: noisy_jpeg() + bytes(26_000_000), "26 MB; at most 25 MB"),
}


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("at_least", [0, 448], ids=["full", "fast"])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_cannot_be_used_is_refused_with_a_sentence(make, sentence, at_least):
    with pytest.raises(PictureError, match=sentence) as refusal:
        picture.open_picture(make(), at_least)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


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


def test_transparency_is_laid_on_white():
    assert picture.open_picture(encoded(Image.new("RGBA", (32, 32), (9, 9, 9, 0)))).getpixel(
        (3, 3)
    ) == (255, 255, 255)


def test_sixteen_bit_grey_is_scaled_and_not_clipped():
    grey = np.full((32, 32), 0x8000, np.uint16)
    assert picture.open_picture(encoded(Image.fromarray(grey))).getpixel((3, 3)) == (128, 128, 128)


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


def test_the_input_is_in_height_width_order():
    assert picture.to_input(drawn(), 32, 16).shape == (16, 32, 3)


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


def test_the_hash_never_changes_between_versions():
    assert picture.phash(drawn()) == "e3e3e30c1c1ce1e3"
