"""Files and keys that strangers may put into a bucket: made here, so that none has to be kept."""

import gzip
import io
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

from PIL import Image

BOMB = b"\0" * (100 * 1024**2)


def noise(width: int = 320, height: int = 240, seed: int = 1) -> Image.Image:
    return Image.frombytes("RGB", (16, 12), random.Random(seed).randbytes(3 * 16 * 12)).resize(
        (width, height)
    )


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(
    width: int, height: int, rows: bytes, *extra: bytes, bits: int = 8, colour: int = 0
) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def black(width: int, height: int, channels: int = 1) -> bytes:
    """The compressed rows of a black PNG, made without ever holding them."""
    packer, row = zlib.compressobj(1), bytes(1 + width * channels)
    return b"".join(packer.compress(row) for _ in range(height)) + packer.flush()


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Each must be rejected. The names say what is wrong."""
    jpeg, small_png = saved(noise(), "JPEG"), saved(noise(), "PNG")
    yield "empty.jpg", b""
    yield "text.jpg", b"not a picture at all\n"
    yield "page.jpg", b"<!doctype html><script>alert(1)</script>" * 20
    yield (
        "svg.jpg",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    )
    yield "truncated.jpg", jpeg[: len(jpeg) * 2 // 3]
    yield "header-only.jpg", jpeg[:200]
    yield "two-bytes.jpg", jpeg[:2]
    yield "no-scan.jpg", jpeg[: jpeg.index(b"\xff\xda")] + b"\xff\xd9"
    yield "65500-sides.jpg", _with_size(jpeg, 65500, 65500)
    yield "no-height.jpg", _with_size(jpeg, 0, 320)
    yield "truncated.png", small_png[: len(small_png) // 2]
    yield "wrong-checksum.png", small_png[:-20] + b"\0\0\0\0" + small_png[-16:]
    yield "no-data.png", png(64, 64, b"")
    yield "broken-zlib.png", png(64, 64, b"\x78\x9c" + bytes(40))
    yield "too-little-data.png", png(64, 64, zlib.compress(bytes(100)))
    yield "no-width.png", png(0, 64, zlib.compress(bytes(64)))
    yield "two-billion-wide.png", png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(100)))
    yield "bomb-13000.png", png(13000, 13000, black(13000, 13000))
    yield "bomb-50000.png", png(50000, 50000, black(50000, 100))
    yield "bomb-under-the-cap.png", png(7000, 7000, black(7000, 7000, 4), colour=6)
    yield (
        "animation.png",
        saved(noise(), "PNG", save_all=True, append_images=[noise(seed=2), noise(seed=3)]),
    )
    yield (
        "many-frames.gif.jpg",
        saved(noise(64, 64), "GIF", save_all=True, append_images=[noise(64, 64, 2)] * 50),
    )
    yield "gif.jpg", saved(noise(), "GIF")
    yield "truncated.webp", saved(noise(), "WEBP")[:-500]
    yield (
        "animation.webp",
        saved(noise(), "WEBP", save_all=True, append_images=[noise(seed=2), noise(seed=3)]),
    )
    yield "claims-too-much.webp", _claiming(saved(noise(), "WEBP", xmp=b"<x/>"), 9000)
    yield "16384-sides.webp", _claiming(saved(noise(), "WEBP", xmp=b"<x/>"), 16384)
    yield "header-only.webp", saved(noise(), "WEBP")[:30]
    yield "bmp.png", saved(noise(), "BMP")
    yield "tiff.jpg", saved(noise(), "TIFF")
    yield "jpeg2000.jpg", saved(noise(), "JPEG2000")
    yield "avif.jpg", saved(noise(), "AVIF")
    yield "eps.jpg", saved(noise(), "EPS")
    yield "pdf.jpg", saved(noise(), "PDF")
    yield "icon.png", saved(noise(64, 64), "ICO")
    yield "dds.png", saved(noise(), "DDS")
    yield "archive.jpg", _archive()
    yield "gzip.png", gzip.compress(small_png)
    yield "pickle.jpg", pickle.dumps({"a": 1})
    yield "program.jpg", b"\x7fELF\x02\x01\x01" + bytes(500)
    yield "random.jpg", random.Random(7).randbytes(5000)
    yield "random-after-header.jpg", b"\xff\xd8\xff\xe0" + random.Random(8).randbytes(5000)
    yield "one-pixel.png", saved(Image.new("RGB", (1, 1)), "PNG")
    yield "a-line.jpg", saved(Image.new("RGB", (800, 3)), "JPEG")
    yield "a-long-strip.png", png(30000, 20, black(30000, 20))
    yield "27-megabytes.jpg", jpeg + bytes(27 * 1000**2)
    yield "endless-scans.jpg", endless_scans()


def odd_but_fine() -> Iterator[tuple[str, bytes]]:
    """Each must be accepted: a good picture, if an unusual one."""
    turned = Image.Exif()
    turned[0x0112] = 6
    jpeg = saved(noise(seed=20), "JPEG")
    yield "sideways.jpg", saved(noise(seed=21), "JPEG", exif=turned)
    yield "progressive.jpg", saved(noise(seed=22), "JPEG", progressive=True)
    yield "cmyk.jpg", saved(noise(seed=23).convert("CMYK"), "JPEG")
    yield "grey.jpg", saved(noise(seed=24).convert("L"), "JPEG")
    yield "transparent.png", saved(noise(seed=25).convert("RGBA"), "PNG")
    yield "palette.png", saved(noise(seed=26).convert("P"), "PNG")
    yield "16-bit.png", saved(noise(seed=27).convert("I;16"), "PNG")
    yield "a.webp", saved(noise(seed=34), "WEBP")
    yield "lossless-transparent.webp", saved(noise(seed=35).convert("RGBA"), "WEBP", lossless=True)
    yield "webp-named.jpg", saved(noise(seed=36), "WEBP", exif=turned)
    yield "6-megapixels.webp", saved(noise(2828, 2121, seed=37), "WEBP", method=0)
    yield "no-extension", saved(noise(seed=28), "JPEG")
    yield "png-named.jpg", saved(noise(seed=29), "PNG")
    large = zlib.compress(BOMB)
    yield "text-bomb.png", _with_chunk(saved(noise(seed=32), "PNG"), b"zTXt", b"a\0\0" + large)
    yield "profile-bomb.png", _with_chunk(saved(noise(seed=33), "PNG"), b"iCCP", b"a\0\0" + large)
    yield "with-a-zip-behind.jpg", jpeg + _archive()
    yield "12-megapixels.jpg", saved(noise(4000, 3000, seed=30), "JPEG")
    yield "16-pixels.png", saved(noise(16, 16, seed=31), "PNG")


def endless_scans(megapixels: int = 30, scans: int = 4000) -> bytes:
    """A progressive JPEG that repeats its last scan: each is gone through pixel by pixel, and
    nothing is ever shown.
    """
    side = int((megapixels * 1e6) ** 0.5)
    content = saved(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * scans + b"\xff\xd9"


def hostile_keys() -> list[str]:
    """Each must be rejected for its name alone."""
    return [
        "images/loose.jpg",
        "images/glass/../../etc/passwd",
        "images/../images/glass/a.jpg",
        "images/glass/./a.jpg",
        "images/glass/..",
        "images/./a.jpg",
        "images//a.jpg",
        "images/glass//a.jpg",
        "images/glass/a.jpg/",
        "images/glass/new\nline.jpg",
        "images/glass/carriage\rreturn.jpg",
        "images/glass/tab\there.jpg",
        "images/glass/nul\0byte.jpg",
        "images/glass/escape\x1b[31mred.jpg",
        "images/glass/delete\x7f.jpg",
        "images/glass/c1\x85control.jpg",
        "images/glass/gpj\u202ephoto.exe",
        "images/glass/isolate\u2066x\u2069.jpg",
        "images/glass/line\u2028separator.jpg",
        "images/glass/bom\ufeff.jpg",
        "images/glass/zero-width\u200bspace.jpg",
        "images/glass/soft\u00adhyphen.jpg",
        "images/glass/arabic\u061cmark.jpg",
        "images/glass/hangul\u3164filler.jpg",
        "images/glass/back\\slash.jpg",
        "images/glass\\a.jpg",
        "images/-rf/a.jpg",
        "images/ glass/a.jpg",
        "images/glass*/a.jpg",
        "images/$(reboot)/a.jpg",
        "images/<script>/a.jpg",
        "images/a'; DROP TABLE labels;--/a.jpg",
        "images/🍌/a.jpg",
        "images/" + "l" * 64 + "/a.jpg",
        "images/glass/" + "n" * 256,
        "images/glass/" + "/".join(["d" * 200] * 5),
        "images/glass/" + "é" * 128 + ".jpg",
        "images/glass/" + "/".join(["k" * 100] * 10),
    ]


def odd_keys() -> list[str]:
    """Each must be accepted: people name files like that."""
    return [
        "images/glass/my holiday photo (1).jpg",
        "images/glass/50%25 off + more.jpg",
        "images/glass/ünïcödé.jpg",
        "images/glass/cafe\u0301.jpg",
        "images/glass/写真.jpg",
        "images/glass/🍌.jpg",
        "images/glass/👩\u200d🚒.jpg",
        "images/glass/comma,quote\"'.jpg",
        "images/glass/2024/05/01/a.jpg",
        "images/glass/a..b.jpg",
        "images/glass/%2e%2e.jpg",
        "images/Glass bottles_2 - green/a.jpg",
        "images/0/a.jpg",
        "images/glass/" + "n" * 250 + ".jpg",
    ]


def _with_chunk(png_file: bytes, kind: bytes, content: bytes) -> bytes:
    """Right behind the header, where decoders look first."""
    return png_file[:33] + chunk(kind, content) + png_file[33:]


def _claiming(webp: bytes, side: int) -> bytes:
    """Another width in the extended header, whatever the picture in it says."""
    return webp[:24] + (side - 1).to_bytes(3, "little") + webp[27:]


def _with_size(jpeg: bytes, height: int, width: int) -> bytes:
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("evil.html", "<script>1</script>")
    return file.getvalue()
