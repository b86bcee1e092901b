"""What does the model see? One decoding for inspection,
training and cameras, so that they can never disagree.

Python 3.7 syntax: a stock AWS DeepLens runs this file.
Only `to_input` needs numpy; inspection has Pillow alone.

Read sensibly rather than refused: EXIF orientation is applied, transparency is laid on white,
16-bit grey is scaled by the bits that it uses, palettes and CMYK become RGB, and of a phone's
multi-picture JPEG the main picture is taken. Colour profiles are passed over, for a camera's frames
have none; whatever else is only said about the picture never reaches the decoder. All limits are
checked on the header, before a pixel is decoded.
"""

import base64
import functools
import io
import math
import operator
import struct
import zlib
from typing import Any, List, Tuple

from lensloop.wire.errors import PictureError
from lensloop.wire.formats import DECODERS, webp_header, why_unknown
from lensloop.wire.metadata import is_webp, without_metadata

MAX_BYTES = 25 * 1000 * 1000
MAX_PIXELS = 50 * 1000 * 1000  # 150 MB decoded; phones make 48 million
MAX_SIDE = 20000  # pixels; room for a panorama
MIN_SIDE = 16  # pixels; icons and spacers show nothing that could be learned
# the rule that to_input follows; a release names it, and a camera accepts no other
RESIZE = "squeeze-bicubic"

# What Pillow raises on damaged files, found by feeding it damaged files: its plugins let these
# through as they come.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
)
# pixels; libjpeg holds all of a progressive picture and calls it damage when it cannot
_LARGE = 10 * 1000 * 1000
# pixels; the same for WebP, whose decoder holds two pictures beside the one it gives
_LARGE_WEBP = 6 * 1000 * 1000
_THUMBNAIL = 96  # pixels: enough to recognise a picture, and a page can hold hundreds
# Pillow's numbers for these, the same in every version; its names for them moved.
_BICUBIC = 3
# Not ImageOps.exif_transpose: it raises where the EXIF block is broken (22 of 15,000 damaged ones).
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # orientation → transpose method
_ANIMATION = "This is an animation; only still pictures can be used. Save one frame of it."
_ON_THEIR_SIDE = frozenset((5, 6, 7, 8))
# Bits that sensors give: what a 16-bit picture holds of them fills the lower bits, and would come
# out nearly black (12 bits: a sixteenth of the brightness).
_DEPTHS = (8, 10, 12, 14, 16)
_GREY16 = ("I", "I;16")  # a PNG's; older Pillows call it I


def open_picture(data: bytes, at_least: int = 0) -> Any:
    """The picture as an upright RGB Pillow image, fully decoded; PictureError with a sentence when
    it cannot be used.

    With `at_least` a large picture may come back smaller, with both sides at least that long:
    several times faster and lighter, and a truncated file is still found. Zero keeps the full size.
    """
    image, orientation = _open(data)
    large = image.width * image.height > _LARGE  # before a draft makes it smaller
    try:
        if at_least:
            image.draft(image.mode, (at_least, at_least))
        image.load()
        upright = turned(as_rgb(_reduced(image, at_least)), orientation)
    except DAMAGE as damage:
        if large and image.info.get("progressive"):
            raise PictureError(
                "The picture is damaged, or a progressive JPEG too large to open. Save it smaller,"
                " or not progressive."
            ) from damage
        raise PictureError(
            f"The picture is damaged or incomplete: {_plain(damage)}. Upload it again."
        ) from damage
    return upright


def read_input(data: bytes, width: int, height: int) -> Any:
    """`to_input` of a file's bytes, by the fast way;
    trainer and camera both read files with this.
    """
    return to_input(open_for_input(data, width, height), width, height)


def open_for_input(data: bytes, width: int, height: int) -> Any:
    """What `to_input` makes an input of: large enough that the fast way is not seen in it."""
    return open_picture(data, at_least=2 * max(width, height))


def size_of(data: bytes) -> Tuple[int, int]:
    """Width and height of the whole picture held upright, from its header alone."""
    image, orientation = _open(data)
    width, height = image.size
    return (height, width) if orientation in _ON_THEIR_SIDE else (width, height)


def to_input(image: Any, width: int, height: int) -> Any:
    """The picture as the model's input, uint8 [height, width, 3]. The whole picture is squeezed in,
    nothing is cut off.

    Measured against centre crop and letterbox in docs/decisions/0001-no-torch-for-the-head.md.
    """
    import numpy

    return numpy.asarray(image.resize((width, height), _BICUBIC), dtype=numpy.uint8)


def thumbnail(image: Any) -> str:
    """The picture as a small JPEG in base64, for a report; makes the picture itself small."""
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60, optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def phash(image: Any) -> str:
    """The 64-bit perceptual hash as 16 hex digits; near-duplicates differ in few bits.

    Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), chapter
    3.2.1, the DCT hash of pHash: 32 x 32 grey, the 8 x 8 lowest frequencies, one bit for each that
    lies above their median.
    """
    grey = image.convert("L").resize((32, 32), _BICUBIC).tobytes()
    cosines = _cosines()
    rows = []
    for start in range(0, len(grey), 32):
        row = grey[start : start + 32]
        rows.append([sum(map(operator.mul, wave, row)) for wave in cosines])
    columns = list(zip(*rows))
    lowest = [sum(map(operator.mul, wave, column)) for wave in cosines for column in columns]
    median = sum(sorted(lowest)[31:33]) / 2
    return f"{sum(1 << (63 - i) for i, value in enumerate(lowest) if value > median):016x}"


@functools.lru_cache(maxsize=None)
def _cosines() -> List[List[float]]:
    return [[math.cos((2 * x + 1) * u * math.pi / 64) for x in range(32)] for u in range(8)]


def _open(data: bytes) -> Tuple[Any, int]:
    """The opened file, its header within the limits and not yet decoded; and how it lies."""
    if not data:
        raise PictureError("The file is empty. Upload it again.")
    if len(data) > MAX_BYTES:
        raise PictureError(
            f"The file has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read."
            " Save it smaller."
        )
    if is_webp(data):
        _check_webp(data)
    essence = without_metadata(data)
    image = _identified(essence.data)
    check_size(image.size)
    if image.format == "PNG" and getattr(image, "n_frames", 1) > 1:
        raise PictureError(_ANIMATION)
    return image, essence.orientation


def _identified(data: bytes) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(data), formats=DECODERS)
    except UnidentifiedImageError:
        raise PictureError(why_unknown(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(
            "The picture has far too many pixels; at most 50 million are read. Save it smaller."
        ) from None
    except DAMAGE as damage:
        raise PictureError(_why_unopened(data, damage)) from damage


def _why_unopened(data: bytes, damage: BaseException) -> str:
    header = webp_header(data) if is_webp(data) else None
    if header and header.size[0] * header.size[1] > _LARGE_WEBP:
        return "The picture is damaged, or a WebP too large to open. Save it smaller."
    return f"The picture is damaged: {_plain(damage)}. Upload it again."


def _check_webp(data: bytes) -> None:
    header = webp_header(data)
    if header:
        check_size(header.size)
        if header.animated:
            raise PictureError(_ANIMATION)


def check_size(size: Tuple[int, int]) -> None:
    width, height = size
    if min(size) < MIN_SIDE:
        raise PictureError(
            f"The picture has {width} × {height} pixels; at least {MIN_SIDE} on each side are"
            " needed."
        )
    if max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureError(
            f"The picture has {width} × {height} pixels; at most {MAX_PIXELS / 1e6:.0f} million,"
            f" and {MAX_SIDE} on a side. Save it smaller."
        )


def _reduced(image: Any, at_least: int) -> Any:
    """A large picture averaged down by a whole factor before it is converted and turned; drafts
    only exist for JPEG.
    """
    factor = min(image.size) // at_least if at_least else 1
    return (
        image.reduce(factor) if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK") else image
    )


def as_rgb(image: Any) -> Any:
    """What is in a decoded picture of any mode: transparency on white, 16 bits of grey as 8."""
    from PIL import Image

    if image.mode in _GREY16:
        image = _eight_bits(image.convert("I"))
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer)
    return image.convert("RGB")


def _eight_bits(grey: Any) -> Any:
    """Scaled by a power of two, the least that holds the brightest pixel: the same on every
    machine, and no stretching of what is merely of low contrast.
    """
    _, brightest = grey.getextrema()
    depth = next(depth for depth in _DEPTHS if brightest < 1 << depth)
    scale = 1 / (1 << (depth - 8))
    return grey.point(lambda value: value * scale).convert("L")


def turned(image: Any, orientation: int) -> Any:
    """Upright, by EXIF's orientation."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _plain(damage: BaseException) -> str:
    """Pillow's own words, short enough for a table and on one line."""
    return " ".join(str(damage).split())[:120].rstrip(".") or type(damage).__name__
