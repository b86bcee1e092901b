"""Each format that people bring is named in a whole sentence, and a WebP is known by its header."""

import io
import struct

import pytest
from PIL import Image

from lensloop.wire.formats import DECODERS, ENDINGS, WebpHeader, webp_header, why_unknown

DAMAGED = "The picture is damaged, or of a kind that few programs write. Save it again."
OTHER = "This is not a JPEG, PNG or WebP picture, whatever its name says. Save it as one of them."
HEIC = (
    "Its format is HEIC, and only JPEG, PNG or WebP is read. `mogrify -format jpg *.heic` makes"
    " JPEGs of a folder of them, and an iPhone takes JPEGs with Settings → Camera → Formats → Most"
    " Compatible."
)
AVIF = (
    "Its format is AVIF, and only JPEG, PNG or WebP is read. `mogrify -format jpg *.avif` makes"
    " JPEGs of a folder of them."
)


def png_from(name: str, pattern: str) -> str:
    return (
        f"Its format is {name}, and only JPEG, PNG or WebP is read. `mogrify -format png {pattern}`"
        " makes PNGs of a folder of them."
    )


def container(*brands: bytes, length: int | None = None) -> bytes:
    """As HEIC and AVIF begin: length, ftyp, the brand, its version, the brands it is also."""
    box = brands[0] + b"avif" + b"".join(brands[1:])
    size = 8 + len(box) if length is None else length
    return struct.pack(">I4s", size, b"ftyp") + box + b"avif" * 99


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff\xd8\xff", DAMAGED),
        (b"\x89PNG\r\n\x1a\n", DAMAGED),
        (b"RIFF\0\0\0\0WEBP", DAMAGED),
        (b"RIFF\0\0\0\0WAVE", OTHER),
        (b"text", OTHER),
        (b"", OTHER),
        (b"GIF87a", png_from("GIF", "'*.gif[0]'")),
        (b"GIF89a", png_from("GIF", "'*.gif[0]'")),
        (b"II*\0", png_from("TIFF", "'*.tif[0]'")),
        (b"MM\0*", png_from("TIFF", "'*.tif[0]'")),
        (b"BM\x46\x01\0\0\0\0\0\0\x36", png_from("BMP", "*.bmp")),
        (b"BM\x46\x01\0\0\1\0\0\0\x36", OTHER),
        (b"BM\x46\x01\0\0\0\0\0\1\x36", OTHER),
        (b"BM of ten patients", OTHER),
        (container(b"isom", b"mp42"), OTHER),
        *((container(brand), HEIC) for brand in (b"heic", b"heix", b"heim", b"heis")),
        *((container(brand), HEIC) for brand in (b"hevc", b"hevx", b"mif1", b"msf1")),
        (container(b"isom", b"heic"), HEIC),
        (container(b"avif"), AVIF),
        (container(b"avis"), AVIF),
        (container(b"mif1", b"avif"), AVIF),
        (container(b"isom", *[b"xxxx"] * 59, b"avif", length=4096), AVIF),
        (container(b"isom", *[b"xxxx"] * 60, b"heic", length=4096), OTHER),
        (container(b"isom", b"heic", length=20), HEIC),
        (container(b"isom", b"heic", length=16), OTHER),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_a_file_is_instead(data: bytes, sentence: str) -> None:
    assert why_unknown(data) == sentence


def webp(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (111, 70), (300, 257), (16_383, 16), (16, 16_383)])
def test_the_size_in_the_header_is_the_pictures(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (9, 9, 9))
    still = WebpHeader(size, animated=False)
    assert webp_header(webp(image)) == still
    assert webp_header(webp(image, lossless=True)) == still
    assert webp_header(webp(image.convert("RGBA"), lossless=True)) == still
    assert webp_header(webp(image, xmp=b"<x/>")) == still


def test_an_animation_is_announced() -> None:
    image = Image.new("RGB", (20, 30))
    other = Image.new("RGB", (20, 30), "white")
    moving = webp_header(webp(image, save_all=True, append_images=[other]))
    assert moving == WebpHeader((20, 30), animated=True)


def test_a_header_that_is_cut_says_nothing() -> None:
    for options in ({}, {"lossless": True}, {"xmp": b"<x/>"}):
        whole = webp(Image.new("RGB", (20, 30)), **options)
        needed = 25 if "lossless" in options else 30
        assert webp_header(whole[:needed]) == WebpHeader((20, 30), animated=False)
        assert webp_header(whole[: needed - 1]) is None
    assert webp_header(b"RIFF\0\0\0\0WEBPXXXX" + bytes(20)) is None


def test_a_reserved_bit_makes_no_animation() -> None:
    still = bytearray(webp(Image.new("RGB", (20, 30)), xmp=b"<x/>"))
    still[20] |= 0x01
    assert webp_header(bytes(still)) == WebpHeader((20, 30), animated=False)


def test_no_other_decoder_meets_a_strangers_file() -> None:
    assert DECODERS == ("JPEG", "PNG", "WEBP")


def test_these_endings_are_looked_for_in_folders() -> None:
    assert {".jpg", ".jpeg", ".png", ".webp"} == ENDINGS
