"""Pictures that every viewer opens, with something beside the pixels that a decoder chokes on."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo import own_pictures
from lambdas.decoding.decoder import Decoder
from lensloop.wire.picture import open_picture, read_input, size_of

SIDE = 224


def photo(kind: str, **options: object) -> bytes:
    pixels = np.random.default_rng(5).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((400, 300), 3).save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", crc)


def in_png(*chunks: bytes) -> bytes:
    plain = photo("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def in_jpeg(*segments: tuple[int, bytes]) -> bytes:
    plain = photo("JPEG")
    packed = [
        bytes([0xFF, marker]) + struct.pack(">H", 2 + len(body)) + body for marker, body in segments
    ]
    return plain[:2] + b"".join(packed) + plain[2:]


def printers_profile() -> bytes:
    return bytes(random.Random(1).choices(range(64), k=1_300_000))


SITUATIONS: dict[str, Callable[[], bytes]] = {
    "a printer's colour profile of 1.3 MB": lambda: in_png(
        chunk(b"iCCP", b"press\0\0" + zlib.compress(printers_profile()))
    ),
    "a colour profile that does not unpack": lambda: in_png(chunk(b"iCCP", b"press\0\0nonsense")),
    "a profile's checksum is wrong": lambda: in_png(
        chunk(b"iCCP", b"press\0\0" + zlib.compress(b"profile"), checksum=1)
    ),
    "the whole prompt of an image generator as text": lambda: in_png(
        chunk(b"tEXt", b"prompt\0" + b"a bin, " * 300_000)
    ),
    "a compressed text that unpacks to 100 MB": lambda: in_png(
        chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(100_000_000)))
    ),
    "a drawing program's own chunk": lambda: in_png(chunk(b"vpAg", bytes(9))),
    "a screenshot's broken EXIF": lambda: in_png(chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
    "a PNG of the wrong physical size": lambda: in_png(chunk(b"pHYs", b"\0")),
    "a scanner's profile in 20 parts": lambda: in_jpeg(
        *[(0xE2, b"ICC_PROFILE\0" + bytes([part, 20]) + bytes(60_000)) for part in range(1, 21)]
    ),
    "a phone's preview that points nowhere": lambda: in_jpeg(
        (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"), (0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f")
    ),
    "an editor's notes, cut off": lambda: in_jpeg((0xED, b"Photoshop 3.0\08BIM\4\4\0\0\0\0\xff")),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_it_is_the_picture_that_it_is_without(situation: str) -> None:
    rich = SITUATIONS[situation]()
    plain = photo("PNG" if rich.startswith(b"\x89PNG") else "JPEG")
    assert open_picture(rich).tobytes() == open_picture(plain).tobytes()
    assert np.array_equal(read_input(rich, SIDE, SIDE), read_input(plain, SIDE, SIDE))


def test_the_process_that_inspects_reads_all_of_them() -> None:
    with Decoder() as decoder:
        looked = {name: decoder.look(make()) for name, make in SITUATIONS.items()}
    for name, seen in looked.items():
        assert isinstance(seen, dict), (name, seen)
        assert (seen["width"], seen["height"]) == (400, 300), name


def test_the_demo_takes_a_folder_of_them(tmp_path: Path) -> None:
    profile = chunk(b"iCCP", b"press\0\0" + zlib.compress(printers_profile()))
    for label in ("glass", "metal"):
        (tmp_path / label).mkdir()
        for number in range(20):
            note = chunk(b"tEXt", f"a\0{label} {number}".encode())
            (tmp_path / label / f"{number}.png").write_bytes(in_png(note, profile))
    album = own_pictures.read(tmp_path)
    assert len({*album.first, *album.better, *album.frames}) == 40


@pytest.mark.parametrize("damage", ["half", "a pixel's checksum", "no end of the data"])
def test_pixels_stay_strict(damage: str, tmp_path: Path) -> None:
    plain = photo("PNG")
    broken = {
        "half": plain[: len(plain) // 2],
        "a pixel's checksum": plain[:-20] + b"\0\0\0\0" + plain[-16:],
        "no end of the data": plain[:41] + chunk(b"IDAT", zlib.compress(bytes(9))),
    }
    with Decoder() as decoder:
        assert not isinstance(decoder.look(broken[damage]), dict)
    (tmp_path / "broken.png").write_bytes(broken[damage])
    assert own_pictures._digest(tmp_path / "broken.png") == ""


def test_a_picture_taken_upright_has_its_sides_as_people_see_them() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = photo("JPEG", exif=exif)
    assert size_of(lying) == open_picture(lying).size == (300, 400)
