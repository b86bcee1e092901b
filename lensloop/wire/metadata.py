"""What in a file is the picture, and what is only said about it?

Profiles, texts, previews and EXIF blocks say nothing about pixels, but a decoder reads them first,
and refuses the picture when they are too large, wrongly summed or broken. So they are taken out
before it sees the file; of EXIF, the orientation is kept. Pixel data is passed on as it is.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import struct
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3  # EXIF's number for an unsigned short

# PNG: what the pixels need (PNG specification, third edition, chapter 11). Animation's chunks stay,
# so that an animation is still told from a picture.
_PNG_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"CgBI", b"acTL", b"fcTL", b"fdAT")
)
# JPEG: APP0 (JFIF) and APP14 (Adobe) say how colours are stored; all other APPn and comments go.
_JPEG_DROPPED = frozenset(range(0xE1, 0xF0)) - {0xEE} | {0xFE}
_JPEG_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}  # markers without a length
_START_OF_SCAN, _END, _EXIF_MARKER = 0xDA, 0xD9, 0xE1
# What comes next in every JPEG after its APPn: quantisation, Huffman and restart tables, frames.
_JPEG_STRUCTURE = frozenset((0xDB, 0xDD, 0xDA)) | frozenset(range(0xC0, 0xD0)) - {0xC8, 0xCC}
# WebP: the extended header counts what is there; these bits announce profile, EXIF and XMP.
_WEBP_DROPPED = frozenset((b"ICCP", b"EXIF", b"XMP "))
_WEBP_METADATA_BITS = 0x20 | 0x08 | 0x04


class Essence(NamedTuple):
    """The file without what is only said about it; `orientation` is EXIF's, 1 to 8."""

    data: bytes
    orientation: int


def without_metadata(data: bytes) -> Essence:
    """Never fails: what is not understood is left for the decoder to judge."""
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(JPEG):
        return _jpeg(data)
    if is_webp(data):
        return _webp(data)
    return Essence(data, UPRIGHT)


def is_webp(data: bytes) -> bool:
    return data.startswith(WEBP) and data[8:12] == b"WEBP"


def _png(data: bytes) -> Essence:
    kept, exif = [PNG], b""
    at = len(PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + length
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        elif end > len(data):  # it claims more than there is: the pixels may begin right behind it
            end = _next_png_chunk(data, at + 8)
        elif kind == b"eXIf":
            exif = data[at + 8 : end - 4]
        at = end
    kept.append(data[at:])
    return Essence(b"".join(kept), orientation(exif))


def _next_png_chunk(data: bytes, at: int) -> int:
    places = [data.find(kind, at) for kind in _PNG_KEPT]
    found = [place - 4 for place in places if place != -1]
    return min(found) if found else len(data)


def _jpeg(data: bytes) -> Essence:
    kept: List[bytes] = [data[:2]]
    orientations: List[int] = []
    at = 2
    for start, end in _jpeg_segments(data):
        at = end
        marker = data[start + 1]
        if marker not in _JPEG_DROPPED:
            kept.append(data[start:end])
        elif marker == _EXIF_MARKER and data[start + 4 : start + 10] == b"Exif\0\0":
            orientations.append(orientation(data[start + 10 : end]))
    kept.append(data[at:])
    return Essence(b"".join(kept), orientations[0] if orientations else UPRIGHT)


def _jpeg_segments(data: bytes) -> Iterator[Tuple[int, int]]:
    """Where each begins and ends, from the start of the file to the scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in (_START_OF_SCAN, _END):
            return
        end = _end_of_segment(data, at)
        yield at, end
        at = end


def _end_of_segment(data: bytes, at: int) -> int:
    marker = data[at + 1]
    if marker in _JPEG_ALONE:
        return at + 2
    (length,) = struct.unpack(">H", data[at + 2 : at + 4])
    end = at + 2 + int(length)
    if marker in _JPEG_DROPPED and data[end : end + 1] != b"\xff":  # its length is wrong
        return _next_jpeg_marker(data, at + 4)
    return end


def _next_jpeg_marker(data: bytes, at: int) -> int:
    """Behind an APPn whose length is wrong: where the tables of the picture begin."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] in _JPEG_STRUCTURE:
            return at
        at += 1


def _webp(data: bytes) -> Essence:
    kept: List[bytes] = []
    exif = b""
    for kind, chunk in _riff_chunks(data):
        if kind == b"EXIF":
            exif = chunk[8:]
        if kind in _WEBP_DROPPED:
            continue
        if kind == b"VP8X" and len(chunk) > 8:
            flags = bytes([chunk[8] & ~_WEBP_METADATA_BITS])
            chunk = chunk[:8] + flags + chunk[9:]
        kept.append(chunk)
    body = b"WEBP" + b"".join(kept)
    whole = WEBP + struct.pack("<I", len(body)) + body
    # Some programs begin EXIF in a WebP as in a JPEG.
    return Essence(whole, orientation(exif[6:] if exif.startswith(b"Exif\0\0") else exif))


def _riff_chunks(data: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Kind and whole bytes of each chunk, padded to even length; a last one that is cut stays."""
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack("<4sI", data[at : at + 8])
        end = at + 8 + length + length % 2
        yield kind, data[at:end]
        at = end


def orientation(exif: bytes) -> int:
    """The orientation in a TIFF block; a broken or missing one is upright, as every viewer has it.

    EXIF 2.32, chapter 4.6: byte order, 42, where the first directory is; twelve bytes an entry.
    """
    order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
    try:
        value = _entries(exif, order).get(_ORIENTATION) if order else None
    except struct.error:
        return UPRIGHT
    return value if value is not None and 1 <= value <= 8 else UPRIGHT


def _entries(exif: bytes, order: str) -> Dict[int, Optional[int]]:
    """Tag → value of the short ones in the first directory."""
    _, first = struct.unpack(order + "HI", exif[2:8])
    (count,) = struct.unpack(order + "H", exif[first : first + 2])
    found: Dict[int, Optional[int]] = {}
    for number in range(count):
        at = first + 2 + 12 * number
        tag, kind, _, value = struct.unpack(order + "HHIH", exif[at : at + 10])
        found[tag] = value if kind == _SHORT else None
        if tag == _ORIENTATION:
            break
    return found
