"""What is only said about a picture never decides whether it can be read."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageOps

from lensloop.wire.metadata import PNG, is_webp, orientation, without_metadata


def picture(seed: int = 0) -> Image.Image:
    return Image.linear_gradient("L").resize((64, 48)).rotate(seed).convert("RGB")


def saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture().save(file, kind, **options)
    return file.getvalue()


def chunk(
    kind: bytes, body: bytes, length: int | None = None, checksum: int | None = None
) -> bytes:
    size = len(body) if length is None else length
    crc = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I4s", size, kind) + body + struct.pack(">I", crc)


def behind_header(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def segment(marker: int, body: bytes, length: int | None = None) -> bytes:
    return (
        bytes([0xFF, marker])
        + struct.pack(">H", 2 + len(body) if length is None else length)
        + body
    )


def behind_start(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


HUGE = zlib.compress(bytes(3 * 1024 * 1024))  # Pillow reads at most 1 MB of it
PNGS: dict[str, Callable[[bytes], bytes]] = {
    "a large profile": lambda png: behind_header(png, chunk(b"iCCP", b"press\0\0" + HUGE)),
    "a large text": lambda png: behind_header(png, chunk(b"zTXt", b"note\0\0" + HUGE)),
    "a large international text": lambda png: behind_header(
        png, chunk(b"iTXt", b"note\0\1\0\0\0" + HUGE)
    ),
    "many texts": lambda png: behind_header(png, *[chunk(b"tEXt", b"a\0" + bytes(99))] * 5000),
    "a broken profile": lambda png: behind_header(png, chunk(b"iCCP", b"press\0\0nonsense")),
    "a wrong checksum": lambda png: behind_header(png, chunk(b"tEXt", b"a\0b", checksum=7)),
    "a text that claims more than there is": lambda png: behind_header(
        png, chunk(b"tEXt", b"a\0b", length=2**31 - 1)
    ),
    "a broken EXIF": lambda png: behind_header(png, chunk(b"eXIf", b"II*\0\xff\xff\xff\xff")),
    "a chunk of nobody's": lambda png: behind_header(png, chunk(b"prVt", bytes(100))),
    "a wrong physical size": lambda png: behind_header(png, chunk(b"pHYs", b"\0")),
}
JPEGS: dict[str, Callable[[bytes], bytes]] = {
    "a large profile": lambda jpeg: behind_start(
        jpeg, *[segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 40]) + bytes(60_000)) for n in range(40)]
    ),
    "a broken EXIF": lambda jpeg: behind_start(jpeg, segment(0xE1, b"Exif\0\0II*\0\xff\xff")),
    "an EXIF that claims more": lambda jpeg: behind_start(
        jpeg, segment(0xE1, b"Exif\0\0II*\0", length=300)
    ),
    "a comment": lambda jpeg: behind_start(jpeg, segment(0xFE, "Müll".encode("latin-1"))),
    "a broken preview": lambda jpeg: behind_start(
        jpeg, segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff")
    ),
    "Photoshop's notes, cut": lambda jpeg: behind_start(
        jpeg, segment(0xED, b"Photoshop 3.0\x008B")
    ),
    "fill bytes": lambda jpeg: behind_start(jpeg, b"\xff\xff\xff"),
}


@pytest.mark.parametrize("name", PNGS)
def test_a_png_is_its_pixels(name: str) -> None:
    plain = saved("PNG")
    assert without_metadata(PNGS[name](plain)).data == plain


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_is_its_pixels(name: str) -> None:
    plain = saved("JPEG")
    assert pixels(without_metadata(JPEGS[name](plain)).data) == pixels(plain)


def test_a_webp_is_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    rich = saved("WEBP", icc_profile=bytes(5000), exif=exif, xmp=b"<x/>", lossless=True)
    essence = without_metadata(rich)
    assert pixels(essence.data) == pixels(saved("WEBP", lossless=True))
    assert essence.orientation == 6
    assert b"ICCP" not in essence.data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_plain_picture_stays_as_it_is(kind: str) -> None:
    plain = saved(kind)
    assert without_metadata(plain).data == plain


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_orientation_is_kept(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    exif[0x0112] = turn
    data = saved(kind, exif=exif)
    essence = without_metadata(data)
    assert essence.orientation == turn
    with Image.open(io.BytesIO(essence.data)) as bare:
        assert ImageOps.exif_transpose(bare).size == (64, 48)  # it says nothing any more


def test_what_the_pixels_need_is_kept() -> None:
    palette = picture().convert("P")
    file = io.BytesIO()
    palette.save(file, "PNG", transparency=3)
    assert without_metadata(file.getvalue()).data == file.getvalue()
    cmyk = io.BytesIO()
    picture().convert("CMYK").save(cmyk, "JPEG")
    assert pixels(without_metadata(cmyk.getvalue()).data) == pixels(cmyk.getvalue())


def test_an_animation_is_still_one() -> None:
    file = io.BytesIO()
    picture().save(file, "PNG", save_all=True, append_images=[picture(20)])
    with Image.open(io.BytesIO(without_metadata(file.getvalue()).data)) as image:
        assert getattr(image, "n_frames", 1) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        PNG,
        b"RIFF\0\0\0\0WEBP",
        b"RIFF",
        b"not a picture",
        PNG + b"\0\0\0\xffIHDR",
        b"\xff\xd8\xff\xe1\0",
        b"\xff\xd8\xff\xe1\xff\xff" + bytes(50),
    ],
    ids=repr,
)
def test_what_is_no_picture_is_left_to_the_decoder(data: bytes) -> None:
    assert without_metadata(data).orientation == 1


def test_every_cut_of_a_picture_is_left_to_the_decoder() -> None:
    warnings.simplefilter("ignore")
    exif = Image.Exif()
    exif[0x0112] = 3
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = saved(kind, exif=exif)
        for length in range(len(whole)):
            without_metadata(whole[:length])


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        (b"", 1),
        (b"II", 1),
        (b"XX*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 1),
        (b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 6),
        (b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0", 8),
        (b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0", 1),
        (b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x00\0\0\0", 1),
        (b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0", 1),
        (b"II*\0\xff\xff\xff\xff", 1),
        (b"II*\0\x08\0\0\0\xff\xff\x12", 1),
    ],
)
def test_the_orientation_of_a_block(exif: bytes, expected: int) -> None:
    assert orientation(exif) == expected


DROPPED = {*range(0xE1, 0xEE), 0xEF, 0xFE}
ALONE = {0x01, *range(0xD0, 0xD9)}
TABLES = {0xDB, 0xC4, 0xDD, 0xDA, *range(0xC0, 0xD0)} - {0xC8, 0xCC}


@pytest.mark.parametrize("marker", sorted({*range(1, 0xFF)} - ALONE - {0xD9, 0xDA}))
def test_which_segments_of_a_jpeg_are_only_said_about_it(marker: int) -> None:
    rich = b"\xff\xd8" + segment(marker, b"note") + segment(0xDB, b"table")
    bare = b"\xff\xd8" + segment(0xDB, b"table")
    assert without_metadata(rich).data == (bare if marker in DROPPED else rich)


@pytest.mark.parametrize("marker", sorted(ALONE))
def test_a_marker_without_a_length_is_passed(marker: int) -> None:
    start = b"\xff\xd8" + bytes([0xFF, marker])
    rich = start + segment(0xE1, b"note") + segment(0xDB, b"table")
    assert without_metadata(rich).data == start + segment(0xDB, b"table")


def test_what_is_said_between_the_tables_is_taken_out() -> None:
    start, rest = b"\xff\xd8" + segment(0xDB, b"table"), segment(0xC0, b"frame")
    assert without_metadata(start + segment(0xFE, b"note") + rest).data == start + rest


@pytest.mark.parametrize("marker", [0xD9, 0xDA])
def test_nothing_is_taken_out_of_a_scan_or_behind_the_end(marker: int) -> None:
    whole = b"\xff\xd8" + bytes([0xFF, marker]) + segment(0xE1, b"note") + b"\xff\xd9"
    assert without_metadata(whole).data == whole


@pytest.mark.parametrize("marker", sorted({*range(1, 0xFF)}))
def test_behind_a_wrong_length_the_picture_goes_on_at_its_tables(marker: int) -> None:
    rest = bytes([0xFF, marker]) + b"\0\x05abc"
    broken = b"\xff\xd8" + segment(0xE1, b"note", length=0xFFFF) + rest
    expected = b"\xff\xd8" + (rest if marker in TABLES else b"")
    assert without_metadata(broken).data == expected


def test_behind_a_claim_that_is_too_large_all_pixels_are_kept() -> None:
    header, *pixels = chunk(b"IHDR", bytes(13)), chunk(b"IDAT", b"1"), chunk(b"IDAT", b"2")
    claim = chunk(b"tEXt", b"a\0b", length=2**31 - 1)
    end = chunk(b"IEND", b"")
    rich = PNG + header + claim + b"".join(pixels) + end
    assert without_metadata(rich).data == PNG + header + b"".join(pixels) + end


def test_of_a_webps_flags_only_those_of_metadata_are_cleared() -> None:
    rich = bytearray(saved("WEBP", xmp=b"<x/>"))
    rich[20] = 0xFF
    assert without_metadata(bytes(rich)).data[20] == 0xFF - 0x20 - 0x08 - 0x04


DIRECTORY = b"\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"


def test_a_directory_is_never_looked_for_from_the_end() -> None:
    there = struct.pack("<2sHI", b"II", 42, 8) + DIRECTORY
    behind = struct.pack("<2sHI", b"II", 42, 2**32 - len(DIRECTORY)) + DIRECTORY
    assert (orientation(there), orientation(behind)) == (6, 1)


def test_a_directory_that_claims_many_entries_is_read_up_to_the_orientation() -> None:
    many = struct.pack("<2sHI", b"II", 42, 8) + b"\xff\xff" + DIRECTORY[2:]
    assert orientation(many) == 6


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"RIFF\0\0\0\0WEBP", True),
        (b"RIFX\0\0\0\0WEBP", False),
        (b"RIFF\0\0\0\0WAVE", False),
        (b"RIFF", False),
    ],
)
def test_a_webp_is_known_by_its_first_bytes(data: bytes, expected: bool) -> None:
    assert is_webp(data) is expected
