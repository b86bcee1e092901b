"""How does a picture become a JPEG whose format no training reads? HEIC, AVIF, TIFF, BMP and GIF.

Only ever run in the sealed child: these decoders are large, and a stranger's file is what breaks
them. Of several frames or pages the first is taken.
"""

import io
from typing import Any

from lensloop.wire.errors import PictureError
from lensloop.wire.formats import recognised, why_unknown
from lensloop.wire.picture import DAMAGE, as_rgb, check_size, turned

# Pillow's names of the decoders, by ours of the format.
_DECODERS = {"HEIC": "HEIF", "AVIF": "AVIF", "TIFF": "TIFF", "BMP": "BMP", "GIF": "GIF"}
# High enough that what a model sees of it is what it would have seen.
QUALITY = 95
_ORIENTATION = 0x0112
_NO_HEIC = (
    "It is a HEIC, and what reads them is not installed: `make import-extras` installs it (LGPL)."
    " An iPhone takes JPEGs with Settings → Camera → Formats → Most Compatible."
)


def prepare() -> None:
    """Loads every decoder, before memory is limited and files are closed off."""
    from PIL import Image

    Image.init()
    with_heic()
    for kind in ("AVIF", "TIFF", "BMP", "GIF"):
        if kind in Image.SAVE:
            file = io.BytesIO()
            Image.new("RGB", (32, 32)).save(file, kind)
            as_jpeg(file.getvalue())


def with_heic() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def as_jpeg(content: bytes) -> bytes:
    from PIL import Image

    known = recognised(content)
    if known is None:
        raise PictureError(why_unknown(content))
    if known.name == "HEIC" and not with_heic():
        raise PictureError(_NO_HEIC)
    try:
        with Image.open(io.BytesIO(content), formats=[_DECODERS[known.name]]) as image:
            check_size(image.size)
            image.load()
            upright = turned(as_rgb(image), _orientation(image))
    except DAMAGE as damage:
        raise PictureError(f"The {known.name} is damaged or incomplete: {damage}.") from damage
    except Image.DecompressionBombError:
        raise PictureError("The picture has far too many pixels. Save it smaller.") from None
    file = io.BytesIO()
    upright.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _orientation(image: Any) -> int:
    """After loading: who turns a picture by itself takes the mark away then. A broken block says
    nothing."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except DAMAGE:
        return 1
    return found if isinstance(found, int) else 1
