"""A plan is carried out once, whoever starts it again and however it was stopped."""

import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from importers.bucket import Bucket
from importers.decoders import Decoders
from importers.plan import look
from importers.run import Done, run
from importers.source import Asked, CannotRead, Found, Origin, SourceError
from importers.sources import opened
from lensloop.importing import label_map
from lensloop.importing.plan import Plan, plan
from lensloop.settings import Settings
from tests.fakes.memory_cloud import MemoryS3
from tests.importers.conftest import fill, picture

BINS = ("glass", "metal")
EACH = 12


def asked(address: object) -> Asked:
    return Asked(str(address), Path("cache"), lambda service: None)


@dataclass(frozen=True)
class Person:
    """Who imports into a bucket."""

    bucket: Bucket
    pool: Decoders

    def plans(self, address: Path, **told: str) -> Plan:
        with opened(asked(address)) as source:
            seen = look(source, self.pool).seen
        labels = {found.label for found in seen if found.label}
        there = self.bucket.there("")
        return plan(seen, there, label_map.guessed(labels, there.labels) | told, Settings())

    def carries_out(self, made: Plan, address: Path) -> Done:
        with opened(asked(address)) as source:
            return run(made, source, self.bucket, self.pool, lambda *_: None)

    def imports(self, address: Path, **told: str) -> Done:
        return self.carries_out(self.plans(address, **told), address)


@pytest.fixture
def person(bucket: Bucket, pool: Decoders) -> Person:
    return Person(bucket, pool)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {f"{label}/{n}.jpg": picture(f"{label}{n}") for label in BINS for n in range(EACH)}
    return fill(tmp_path / "set", files)


@pytest.fixture
def archive(folder: Path) -> Path:
    file = folder.with_suffix(".zip")
    with zipfile.ZipFile(file, "w") as made:
        for path in sorted(folder.rglob("*.jpg")):
            made.write(path, path.relative_to(folder))
    return file


def pictures(s3: MemoryS3) -> dict[str, bytes]:
    return {key: bytes(s3.objects[key]) for key in s3.keys("images/")}  # type: ignore[arg-type]


def records(s3: MemoryS3) -> Iterator[dict[str, object]]:
    for key in s3.keys("imports/pictures/"):
        yield json.loads(s3.objects[key])  # type: ignore[arg-type]


def test_each_picture_comes_as_it_is_under_its_label(
    folder: Path, person: Person, s3: MemoryS3
) -> None:
    assert person.imports(folder).uploaded == EACH * len(BINS)
    there = pictures(s3)
    for label in BINS:
        mine = {content for key, content in there.items() if key.startswith(f"images/{label}/")}
        assert mine == {picture(f"{label}{n}") for n in range(EACH)}
    (record,) = records(s3)
    assert record["pictures"] == dict.fromkeys(BINS, EACH)
    assert record["finished"]


def test_a_second_time_brings_nothing(folder: Path, person: Person, s3: MemoryS3) -> None:
    person.imports(folder)
    before = dict(s3.objects)
    again = person.imports(folder)
    assert (again.uploaded, again.there) == (0, EACH * len(BINS))
    assert s3.objects == before


def test_the_same_pictures_from_an_archive_under_other_names_are_there(
    folder: Path, archive: Path, person: Person, s3: MemoryS3
) -> None:
    person.imports(folder)
    assert person.imports(archive).uploaded == 0
    assert len(pictures(s3)) == EACH * len(BINS)


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [0, 1, 7, 23])
def test_what_was_killed_goes_on(
    archive: Path, person: Person, s3: MemoryS3, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    put = person.bucket.put_picture
    done = 0

    def dies(*of: str) -> bool:
        nonlocal done
        if done >= after:
            raise _Killed
        done += 1
        return put(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(person.bucket, "put_picture", dies)
    with pytest.raises(_Killed):
        person.imports(archive)
    assert [record["finished"] for record in records(s3)] == [None]
    monkeypatch.setattr(person.bucket, "put_picture", put)
    there = len(pictures(s3))
    assert person.imports(archive).uploaded == EACH * len(BINS) - there
    assert len(pictures(s3)) == EACH * len(BINS)
    (record,) = records(s3)
    assert record["finished"]


def test_what_changed_after_the_plan_is_told(folder: Path, person: Person) -> None:
    made = person.plans(folder)
    (folder / "glass" / "3.jpg").write_bytes(picture("another"))
    with pytest.raises(SourceError, match=r"glass/3\.jpg is not"):
        person.carries_out(made, folder)


def test_what_cannot_be_read_any_more_is_named(folder: Path, person: Person) -> None:
    made = person.plans(folder)

    def refused() -> bytes:
        raise CannotRead("It cannot be read: Permission denied.")

    class Locked:
        origin = Origin(str(folder))

        def found(self) -> Iterator[Found]:
            yield Found("glass/3.jpg", 1, refused)

    with pytest.raises(
        SourceError, match=r"glass/3\.jpg could be read .* Permission denied\. What"
    ):
        run(made, Locked(), person.bucket, person.pool, lambda *_: None)


def test_names_that_are_no_text_come_as_well(tmp_path: Path, person: Person, s3: MemoryS3) -> None:
    root = os.fsencode(tmp_path / "set")
    for label in (b"caf\xe9", b"tea"):
        os.makedirs(os.path.join(root, label))
        for name in (b"\xff1.jpg", b"\xff2.jpg"):
            with open(os.path.join(root, label, name), "wb") as file:
                file.write(picture((label, name[:1])))
    person.imports(tmp_path / "set")
    (record,) = records(s3)
    assert record["labels"] == {"caf\\udce9": "caf", "tea": "tea"}
    copies = {reason.encode() for reason in dict(record["left_out"])}  # type: ignore[call-overload]
    assert copies == {b"It is the same picture as `caf\\udce9/\\udcff1.jpg`, which is taken."}


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "GIF", "AVIF"])
def test_other_formats_come_as_jpegs(
    tmp_path: Path, person: Person, s3: MemoryS3, kind: str
) -> None:
    ending = kind.lower()
    files = {f"{label}/a.{ending}": picture(label, kind) for label in BINS}
    folder = fill(tmp_path / "set", files)
    assert person.imports(folder).uploaded == len(BINS)
    for key, content in pictures(s3).items():
        assert key.endswith(".jpg")
        assert content.startswith(b"\xff\xd8\xff")
    assert person.imports(folder).uploaded == 0
