"""What lies in S3 is found there: below a prefix, in an archive, by a job's manifest, without
credentials.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importers import openimages, s3
from importers.kept import Kept, forget
from importers.source import Asked, CannotRead, SourceError
from importers.sources import opened
from lensloop.importing import openimages as rules
from local.cloud import LocalCloud
from tests.importers.conftest import picture
from tests.importers.test_groundtruth import single
from tests.importers.test_openimages import IDS, LABELS, NAMES
from tests.local.account import Aws

FILES = {
    "set/glass/1.jpg": picture(1),
    "set/metal/2.jpg": picture(2),
    "set/labels.csv": b"file,label\n",
    "set/film.mp4": b"no picture",
    "sets/paper/3.jpg": picture(3),
    f"{rules.SPLITS[1]}/{IDS[0]}.jpg": picture(4),
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), say=lambda text: None) as cloud:
        aws = Aws(cloud)
        for bucket in ("theirs", rules.BUCKET):
            aws.s3.create_bucket(Bucket=bucket)
            for key, body in FILES.items():
                aws.s3.put_object(Bucket=bucket, Key=key, Body=body)
        yield aws


@pytest.fixture
def ask(aws: Aws, tmp_path: Path) -> "Asking":
    return Asking(aws, tmp_path)


class Asking:
    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws, self.folder = aws, folder

    def __call__(self, address: str) -> dict[str, tuple[str | None, bytes | str]]:
        """By path: the label, and the bytes or why there are none."""
        found: dict[str, tuple[str | None, bytes | str]] = {}
        asked = Asked(address, self.folder / "cache", lambda service: self.aws.s3)
        with opened(asked) as source:
            for one in source.found():
                content: bytes | str = one.problem
                try:
                    content = one.problem or one.read()
                except CannotRead as error:
                    content = str(error)
                found[one.path] = one.label, content
        return found


def test_all_below_a_prefix_is_found_and_what_is_no_picture_is_not_fetched(ask: Asking) -> None:
    assert ask("s3://theirs/set") == {
        "glass/1.jpg": (None, FILES["set/glass/1.jpg"]),
        "metal/2.jpg": (None, FILES["set/metal/2.jpg"]),
        "labels.csv": (None, b"file,label\n"),
        "film.mp4": (None, "It is no picture."),
    }
    assert set(ask("s3://theirs")) == set(FILES)


@pytest.fixture
def gets(aws: Aws) -> Iterator[list[str]]:
    """Of which objects S3 is asked for the content."""
    sent: list[str] = []

    def count(request: Any, **_: Any) -> None:
        sent.append(request.url.rpartition("/")[2])

    aws.s3.meta.events.register("before-send.s3.GetObject", count)
    yield sent
    aws.s3.meta.events.unregister("before-send.s3.GetObject", count)


def test_what_was_fetched_for_the_plan_is_not_fetched_again(ask: Asking, gets: list[str]) -> None:
    found = ask("s3://theirs/set")
    assert sorted(gets) == ["1.jpg", "2.jpg", "labels.csv"]
    assert ask("s3://theirs/set") == found
    assert len(gets) == 3
    ask.aws.s3.put_object(Bucket="theirs", Key="set/glass/1.jpg", Body=b"another")
    assert ask("s3://theirs/set")["glass/1.jpg"] == (None, b"another")
    assert gets[3:] == ["1.jpg"]
    ask.aws.s3.put_object(Bucket="theirs", Key="set/glass/1.jpg", Body=FILES["set/glass/1.jpg"])
    forget(ask.folder / "cache", "s3://theirs/set")
    assert ask("s3://theirs/set") == found
    assert len(gets) == 7


def test_a_picture_of_a_manifest_is_sent_once(ask: Asking, gets: list[str]) -> None:
    line = json.loads(single()) | {"source-ref": "s3://theirs/set/glass/1.jpg"}
    manifest = ask.folder / "output.manifest"
    manifest.write_text(json.dumps(line))
    asked = Asked(f"groundtruth:{manifest}", ask.folder / "cache", lambda service: ask.aws.s3)
    with opened(asked) as source:
        for _ in ("the plan", "carried out"):
            assert [one.read() for one in source.found()] == [FILES["set/glass/1.jpg"]]
    assert gets == ["1.jpg"]
    with opened(asked) as source:  # S3 is asked whether it is the same, and sends nothing
        assert [one.read() for one in source.found()] == [FILES["set/glass/1.jpg"]]
    assert gets == ["1.jpg", "1.jpg"]


def test_an_archive_is_fetched_once(ask: Asking) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("glass/1.jpg", FILES["set/glass/1.jpg"])
    ask.aws.s3.put_object(Bucket="theirs", Key="set.zip", Body=made.getvalue())
    found = {"glass/1.jpg": (None, FILES["set/glass/1.jpg"])}
    assert ask("s3://theirs/set.zip") == found
    (file,) = (ask.folder / "cache").glob("*/set.zip")
    when = file.stat().st_mtime_ns
    assert ask("s3://theirs/set.zip") == found
    assert file.stat().st_mtime_ns == when
    ask.aws.s3.put_object(Bucket="theirs", Key="set.zip", Body=b"PK\x03\x04 another")
    with pytest.raises(SourceError):
        ask("s3://theirs/set.zip")


@pytest.mark.parametrize(
    ("head", "stated"),
    [
        ({"ETag": '"1f"'}, 'ETag "1f"'),
        ({"ETag": '"1f"', "VersionId": "null"}, 'ETag "1f"'),
        ({"ETag": '"1f"', "VersionId": "L4kq"}, "VersionId L4kq"),
    ],
)
def test_s3_says_which_version_an_archive_has(
    tmp_path: Path, head: dict[str, str], stated: str
) -> None:
    class Packed:
        def head_object(self, **_: str) -> dict[str, str]:
            return head

        def download_file(self, bucket: str, key: str, file: str) -> None:
            with zipfile.ZipFile(file, "w") as packed:
                packed.writestr("glass/1.jpg", FILES["set/glass/1.jpg"])

    asked = Asked("s3://theirs/set.zip", tmp_path, lambda service: Packed())
    with opened(asked) as source:
        assert source.origin.stated == stated
        (file,) = tmp_path.glob("*/set.zip")
        assert source.origin.version == hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def test_what_lies_below_a_prefix_has_another_version_when_any_of_it_changes(ask: Asking) -> None:
    put = ask.aws.s3.put_object
    versions = []
    for key, body in (("1.jpg", b"a"), ("1.jpg", b"a"), ("1.jpg", b"b"), ("2.jpg", b"a")):
        put(Bucket="theirs", Key=f"changes/{key}", Body=body)
        asked = Asked("s3://theirs/changes", ask.folder / "cache", lambda service: ask.aws.s3)
        with opened(asked) as source:
            list(source.found())
            versions.append(source.origin.version)
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


def test_a_manifest_leads_to_its_pictures_and_one_that_is_gone_costs_no_other(ask: Asking) -> None:
    lines = []
    for key, name in (("set/glass/1.jpg", "glass"), ("set/gone.jpg", "metal")):
        said = json.loads(single(name=name)) | {"source-ref": f"s3://theirs/{key}"}
        lines.append(json.dumps(said))
    ask.aws.s3.put_object(Bucket="theirs", Key="out/output.manifest", Body="\n".join(lines))
    found = ask("groundtruth:s3://theirs/out/output.manifest")
    assert found["theirs/set/glass/1.jpg"] == ("glass", FILES["set/glass/1.jpg"])
    label, reason = found["theirs/set/gone.jpg"]
    assert label == "metal"
    assert str(reason).startswith("S3 does not give it: ")


def test_pictures_of_open_images_come_from_its_bucket(ask: Asking) -> None:
    (ask.folder / "class-descriptions.csv").write_text(NAMES)
    (ask.folder / "validation-annotations-human-imagelabels.csv").write_text(LABELS)
    address = f"{openimages.BEGINS}{ask.folder}:bottle"
    key = f"validation/{IDS[0]}.jpg"
    assert ask(address)[key] == ("Bottle", FILES[key])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("s3://nobodys/x", "s3://nobodys is not there"),
        ("s3://theirs/se", "Nothing lies below s3://theirs/se/"),
        ("s3://theirs/none.zip", "s3://theirs/none.zip is not there"),
        ("s3:///x", "is no address in S3"),
        ("groundtruth:s3://theirs/none.manifest", "is not there"),
        ("groundtruth:none.manifest", "cannot be read"),
        ("groundtruth:s3://theirs/set/glass/1.jpg", "is no text"),
        ("groundtruth:s3://theirs/set/labels.csv", "not JSON"),
    ],
)
def test_what_is_not_there_is_said(ask: Asking, address: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        ask(address)


def test_an_object_of_which_no_size_was_known_is_not_read_where_it_is_large(
    tmp_path: Path,
) -> None:
    class Large:
        def get_object(self, **_: str) -> dict[str, object]:
            return {"ContentLength": 10**9, "Body": io.BytesIO()}

    kept = Kept(tmp_path, "s3://theirs")
    (one,) = s3.fetched(Large(), [s3.Object("a.jpg", "theirs", "a.jpg")], kept)
    with pytest.raises(CannotRead, match="1000 MB"):
        one.read()
