"""Archives that mean harm, or are broken: nothing is written, and a sentence says what is wrong."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from importers import members
from importers.bucket import Bucket
from importers.decoders import Decoders
from importers.plan import look
from importers.source import SourceError
from importers.sources import opened
from lensloop.importing import label_map
from lensloop.importing.plan import Plan, plan
from lensloop.importing.sieve import There
from lensloop.settings import Settings
from tests.fakes.memory_cloud import MemoryS3
from tests.importers.conftest import fill, picture
from tests.importers.test_run import Person, asked

GOOD = {f"{label}/{n}.jpg": picture(f"{label}{n}") for label in ("glass", "paper") for n in (0, 1)}


# What an archive may hold and unpack to, for these tests: it is quicker to be above it.
MOST, ALWAYS = 500, 50_000_000


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def tarred(files: dict[str, bytes], *more: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, content in files.items():
            made.addfile(_info(name, len(content)), io.BytesIO(content))
        for info, content in more:
            made.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _info(
    name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def zip_with_mode(mode: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in GOOD.items():
            made.writestr(name, content)
        special = zipfile.ZipInfo("glass/evil.jpg")
        special.external_attr = mode << 16
        made.writestr(special, "/etc/passwd")
    return file.getvalue()


def encrypted() -> bytes:
    """A zip whose one member says that it is."""
    made = bytearray(zipped({**GOOD, "glass/evil.jpg": picture("evil")}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = made.rindex(mark)
        made[place + at] |= 1
    return bytes(made)


def nested(levels: int) -> bytes:
    inner = picture("innermost")
    for level in range(levels):
        inner = zipped({f"level{level}.zip": inner})
    return zipped({**GOOD, "glass/evil.zip": inner})


def overlapping() -> bytes:
    """Many members in the list, all of them one and the same compressed content (Fifield's)."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = bytes(8 * 1024**2)
    packed = body.compress(content) + body.flush()
    facts = struct.pack("<5H3L", 20, 0, 8, 0, 0, zlib.crc32(content), len(packed), len(content))
    local = b"PK\x03\x04" + facts + struct.pack("<2H", 5, 0) + b"a.jpg" + packed
    listed = b""
    for number in range(400):
        name = f"glass/{number:05d}.jpg".encode()
        listed += b"PK\x01\x02" + struct.pack("<H", 20) + facts
        listed += struct.pack("<5H2L", len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 400, 400, len(listed), len(local), 0)
    return local + listed + end


def gzip_bomb() -> bytes:
    """A tar of sixty megabytes of nothing, as some kilobytes."""
    return gzip.compress(tarred({"glass/0.jpg": bytes(60_000_000)}))


def header_bomb() -> bytes:
    """A PAX header that claims to be 7 GB long."""
    header = _info("glass/0.jpg", 7 * 1024**3, tarfile.XHDTYPE).tobuf(tarfile.GNU_FORMAT)
    return gzip.compress(header + bytes(4096))


def many_members() -> bytes:
    return gzip.compress(tarred({f"glass/{n}.jpg": b"" for n in range(MOST + 1)}))


# Of one file: it is left out with these words, and the others come.
LEFT_OUT: dict[str, tuple[Callable[[], bytes], str]] = {
    "a zip that leads upwards": (
        lambda: zipped({**GOOD, "../../evil.jpg": picture("e")}),
        "leads out of the archive",
    ),
    "Windows' way upwards": (
        lambda: zipped({**GOOD, "..\\..\\evil.jpg": picture("e")}),
        "leads out of the archive",
    ),
    "a tar that leads upwards": (
        lambda: tarred({**GOOD, "glass/../../evil.jpg": picture("e")}),
        "leads out of the archive",
    ),
    "an absolute name in a zip": (
        lambda: zipped({**GOOD, "/tmp/evil.jpg": picture("e")}),
        "absolute path",
    ),
    "an absolute name in a tar": (
        lambda: tarred({**GOOD, "/tmp/evil.jpg": picture("e")}),
        "absolute path",
    ),
    "a drive": (lambda: zipped({**GOOD, "C:\\evil.jpg": picture("e")}), "absolute path"),
    "a link in a zip": (lambda: zip_with_mode(stat.S_IFLNK | 0o777), "It is a link"),
    "a device in a zip": (lambda: zip_with_mode(stat.S_IFCHR | 0o666), "a device"),
    "a link in a tar": (
        lambda: tarred(GOOD, (_info("glass/evil.jpg", 0, tarfile.SYMTYPE, "/etc/passwd"), b"")),
        "It is a link",
    ),
    "a hard link in a tar": (
        lambda: tarred(GOOD, (_info("glass/evil.jpg", 0, tarfile.LNKTYPE, "glass/0.jpg"), b"")),
        "It is a link",
    ),
    "a device in a tar": (
        lambda: tarred(GOOD, (_info("glass/evil.jpg", 0, tarfile.CHRTYPE), b"")),
        "a device",
    ),
    "a pipe in a tar": (
        lambda: tarred(GOOD, (_info("glass/evil.jpg", 0, tarfile.FIFOTYPE), b"")),
        "a pipe",
    ),
    "an encrypted member": (encrypted, "It is encrypted"),
    "twenty archives in each other": (lambda: nested(20), "an archive in the source"),
    "a picture that is far too large": (
        lambda: zipped({**GOOD, "glass/evil.jpg": bytes(30_000_000)}),
        "at most 25 MB are read",
    ),
    "a program that calls itself a picture": (
        lambda: zipped({**GOOD, "glass/evil.jpg": b"MZ" + bytes(500)}),
        "This is not a",
    ),
    "a name with an end in it": (
        lambda: tarred({**GOOD, "glass/e\nvil.jpg": b"no picture"}),
        "This is not a",
    ),
}
# Nothing is taken from these.
REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a truncated zip": ("a.zip", lambda: zipped(GOOD)[:-300], "damaged or incomplete"),
    "a zip with nothing behind its beginning": ("a.zip", lambda: zipped(GOOD)[:60], "damaged"),
    "a truncated tar": ("a.tar", lambda: tarred(GOOD)[:2100], "damaged or incomplete"),
    "a truncated tar.gz": ("a.tgz", lambda: gzip.compress(tarred(GOOD))[:-40], "damaged"),
    "a tar.gz with a wrong sum": (
        "a.tgz",
        lambda: gzip.compress(tarred(GOOD))[:-8] + bytes(8),
        "damaged",
    ),
    "a truncated tar.bz2": ("a.tbz2", lambda: bz2.compress(tarred(GOOD))[:-40], "damaged"),
    "a truncated tar.xz": ("a.txz", lambda: lzma.compress(tarred(GOOD))[:-40], "damaged"),
    "a picture that calls itself a zip": ("a.zip", lambda: picture(1), "is no zip and no tar"),
    "a web page that calls itself a zip": ("a.zip", lambda: b"<html>Log in", "is a web page"),
    "nothing that calls itself a zip": ("a.zip", lambda: b"", "is empty"),
    "a RAR": ("a.rar", lambda: b"Rar!\x1a\x07\x01\0" + bytes(600), "is a RAR archive"),
    "a 7-Zip": ("a.7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(600), "is a 7-Zip archive"),
    "one compressed picture": ("a.gz", lambda: gzip.compress(picture(1)), "one compressed file"),
    "a bomb by size": ("a.tgz", gzip_bomb, "a zip bomb"),
    "a bomb by ratio": ("a.zip", overlapping, "a zip bomb"),
    "a bomb by count": ("a.tgz", many_members, "more than 500 files"),
    "a header of gigabytes": ("a.tgz", header_bomb, "has a header of"),
}


def planned(file: Path, pool: Decoders) -> Plan:
    with opened(asked(file)) as source:
        seen = look(source, pool, folders_are_labels=True).seen
    labels = {found.label for found in seen if found.label and not found.reason}
    guess = label_map.guessed(labels, ())
    return plan(seen, There(), guess | dict.fromkeys(labels - guess.keys(), "skip"), Settings())


@pytest.mark.parametrize("name", LEFT_OUT)
def test_one_bad_file_is_left_out_and_the_others_come(
    tmp_path: Path, pool: Decoders, name: str
) -> None:
    make, words = LEFT_OUT[name]
    file = tmp_path / "a.archive"
    file.write_bytes(make())
    made = planned(file, pool)
    assert sorted(entry.seen.path for entry in made.taken) == sorted(GOOD)
    (left,) = made.left_out
    assert words in left.reason
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_archive_is_refused_with_a_sentence(
    tmp_path: Path, pool: Decoders, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(members, "MOST", MOST)
    monkeypatch.setattr(members, "ALWAYS", ALWAYS)
    called, make, words = REFUSED[name]
    file = tmp_path / called
    file.write_bytes(make())
    with pytest.raises(SourceError) as refused:
        planned(file, pool)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")
    assert list(tmp_path.iterdir()) == [file]


# Of one name on the disks of Macs and Windows, or of none that Windows takes.
ODD_NAMES = (
    *("glass/A.jpg", "glass/a.jpg", "glass/a.JPG", "Paper/a.jpg", "paper/A.jpg"),
    *("glass/CON.jpg", "glass/aux.jpg", "glass/nul", "paper/COM1.jpg", "paper/a .jpg"),
    *("paper/a..jpg", "paper/<b>|?*.jpg", "paper/b:stream.jpg"),
)


def test_names_that_other_disks_do_not_take_or_tell_apart_all_come_and_only_once(
    tmp_path: Path, s3: MemoryS3, bucket: Bucket, pool: Decoders
) -> None:
    files = {name: picture(name) for name in ODD_NAMES}
    unpacked = fill(tmp_path / "set", files)
    (tmp_path / "set.zip").write_bytes(zipped(files))
    (tmp_path / "set.tar").write_bytes(tarred(files))
    person = Person(bucket, pool)
    brought = []
    for one in (tmp_path / "set.zip", tmp_path / "set.zip", tmp_path / "set.tar", unpacked):
        brought.append(person.imports(one).uploaded)
    assert brought == [len(ODD_NAMES), 0, 0, 0]
    keys = list(s3.keys("images/"))
    assert {bytes(s3.objects[key]) for key in keys} == set(files.values())  # type: ignore[arg-type]
    assert len({key.casefold() for key in keys}) == len(ODD_NAMES)
    assert len({key.split("/")[1].casefold() for key in keys}) == 2
