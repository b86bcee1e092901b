"""What is this file, when it is no picture that we read, and what makes one of it?

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional, Tuple

from lensloop.wire.metadata import JPEG, PNG, is_webp

READ = "JPEG, PNG or WebP"
DECODERS = ("JPEG", "PNG", "WEBP")  # Pillow's names of them; no other ever sees a stranger's file
# What a file's name ends with where only the name is looked at: cameras' folders, the demo.
ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp"))

_HEIC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF = frozenset((b"avif", b"avis"))


class Format(NamedTuple):
    name: str
    remedy: str


# `mogrify` is ImageMagick's; it keeps the originals. `[0]` is the first frame or page.
_FIRST = (
    (b"GIF8", Format("GIF", "`mogrify -format png '*.gif[0]'` makes PNGs of a folder of them")),
    (b"II*\0", Format("TIFF", "`mogrify -format png '*.tif[0]'` makes PNGs of a folder of them")),
    (b"MM\0*", Format("TIFF", "`mogrify -format png '*.tif[0]'` makes PNGs of a folder of them")),
)
_BMP_FORMAT = Format("BMP", "`mogrify -format png *.bmp` makes PNGs of a folder of them")
_HEIC_FORMAT = Format(
    "HEIC",
    "`mogrify -format jpg *.heic` makes JPEGs of a folder of them, and an iPhone takes JPEGs with"
    " Settings → Camera → Formats → Most Compatible",
)
_AVIF_FORMAT = Format("AVIF", "`mogrify -format jpg *.avif` makes JPEGs of a folder of them")


def why_unknown(data: bytes) -> str:
    """A sentence for a file in which no decoder of ours finds a picture."""
    if data.startswith((JPEG, PNG)) or is_webp(data):
        return "The picture is damaged, or of a kind that few programs write. Save it again."
    known = recognised(data)
    if known:
        return f"Its format is {known.name}, and only {READ} is read. {known.remedy}."
    return f"This is not a {READ} picture, whatever its name says. Save it as one of them."


def recognised(data: bytes) -> Optional[Format]:
    if data[4:8] == b"ftyp":  # ISO 14496-12: the brand says what is inside
        brands = _brands(data)
        if brands & _AVIF:  # before HEIC: an AVIF names its container, mif1, as well
            return _AVIF_FORMAT
        return _HEIC_FORMAT if brands & _HEIC else None
    if data.startswith(b"BM") and data[6:10] == bytes(4):  # reserved, always zero; texts are not
        return _BMP_FORMAT
    for beginning, known in _FIRST:
        if data.startswith(beginning):
            return known
    return None


def _brands(data: bytes) -> frozenset[bytes]:
    (length,) = struct.unpack(">I", data[:4])
    box = data[8 : min(length, 256)]
    return frozenset(box[at : at + 4] for at in range(0, len(box), 4) if at != 4)


class WebpHeader(NamedTuple):
    size: Tuple[int, int]
    animated: bool


def webp_header(data: bytes) -> Optional[WebpHeader]:
    """What a WebP says about itself, without the decoder, which takes the memory for two pictures
    before it tells anybody their size. None where it says nothing.

    RFC 9649: the first chunk is VP8X (extended), VP8L (lossless) or VP8 (lossy).
    """
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X" and len(body) == 10:
        width = int.from_bytes(body[4:7], "little") + 1
        height = int.from_bytes(body[7:], "little") + 1
        return WebpHeader((width, height), bool(body[0] & 0x02))
    if kind == b"VP8L" and len(body) >= 5:
        (bits,) = struct.unpack("<I", body[1:5])
        return WebpHeader(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), False)
    if kind == b"VP8 " and len(body) == 10:
        width, height = struct.unpack("<HH", body[6:])
        return WebpHeader((width & 0x3FFF, height & 0x3FFF), False)
    return None
