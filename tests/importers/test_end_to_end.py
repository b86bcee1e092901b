"""Does every kind of source come into the bucket – looked at, planned, carried out – and only once?

The stand-ins answer as the services do; the real clients of GitHub, Kaggle and Hugging Face ask
them. S3 is in memory here, and the local cloud in test_s3.py.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore import UNSIGNED
from PIL import Image

from importers import data_exchange, github
from importers.bucket import Bucket
from importers.decoders import Decoders
from importers.plan import look
from importers.run import Done, run
from importers.source import Asked, Found, Origin, Source
from importers.sources import KINDS, opened
from lensloop.importing import label_map, openimages, provenance
from lensloop.importing.plan import plan
from lensloop.settings import Settings
from tests.fakes.memory_cloud import MemoryS3
from tests.importers import test_coco, test_data_exchange, test_github, test_openimages
from tests.importers.conftest import fill, picture
from tests.importers.service import Answer, serving
from tests.importers.test_groundtruth import single
from tests.importers.test_hostile_archives import zipped

GLASS, METAL = picture("glass"), picture("metal")
FILES = {"set/glass/one.jpg": GLASS, "set/metal/two.jpg": METAL}
BOTH = {"glass/one": GLASS, "metal/two": METAL}
SAID = "CC BY 4.0"  # by the person, where the source says nothing


@dataclass
class World:
    """`theirs`: buckets that are not the project's; `ours` is."""

    folder: Path
    ours: MemoryS3
    patch: pytest.MonkeyPatch
    theirs: MemoryS3
    exchange: Any = None

    def asked(self, come: "Coming") -> Asked:
        clients = {"s3": self.theirs, "dataexchange": self.exchange}
        if self.exchange:
            clients["s3"] = self.ours  # AWS exports to the project's bucket
        return Asked(
            come.address,
            self.folder / "cache",
            lambda service: clients[service],
            label=come.label,
            unsigned=come.unsigned,
            whole=come.whole,
            bucket="deeplens-test",
        )


class Coming(NamedTuple):
    """`pictures`: label/name → content, or None where the source makes it (a crop, a frame)."""

    address: str
    pictures: dict[str, bytes | None]
    version: str = ""
    licence: str = ""  # as the source states it
    url: str = ""
    public: bool = False
    left_out: int = 0
    label: str = ""
    unsigned: bool = False
    whole: bool = False


Way = Callable[[World], AbstractContextManager[Coming]]
WAYS: dict[str, Way] = {}


def way(make: Callable[[World], Iterator[Coming]]) -> Callable[[World], Iterator[Coming]]:
    WAYS[make.__name__] = contextmanager(make)
    return make


def _version(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()[:16]


def _listed(theirs: MemoryS3) -> str:
    lines = [f'{key}\0"{theirs.etag(key)}"\n' for key in sorted(FILES)]
    return _version("".join(lines).encode())


@way
def folder(world: World) -> Iterator[Coming]:
    yield Coming(str(fill(world.folder, FILES) / "set"), {**BOTH})


@way
def list_beside_pictures(world: World) -> Iterator[Coming]:
    lines = b"filename,label\na.jpg,glass\nb.jpg,metal\n"
    root = fill(world.folder / "set", {"labels.csv": lines, "all/a.jpg": GLASS, "all/b.jpg": METAL})
    yield Coming(str(root), {"glass/a": GLASS, "metal/b": METAL})


@way
def archive(world: World) -> Iterator[Coming]:
    file, packed = world.folder / "set.zip", zipped(FILES)
    file.write_bytes(packed)
    yield Coming(str(file), {**BOTH}, _version(packed))


@way
def web(world: World) -> Iterator[Coming]:
    packed = zipped(FILES)
    world.patch.setenv("NO_PROXY", "127.0.0.1")
    with serving(lambda request: Answer(packed)) as service:
        address = f"{service.address}/set.zip"
        yield Coming(address, {**BOTH}, _version(packed), url=address, public=True)
        assert len(service.asked) == 1


@contextmanager
def _github(world: World) -> Iterator[None]:
    world.patch.delenv("GITHUB_TOKEN", raising=False)
    world.patch.setenv("NO_PROXY", "127.0.0.1,localhost")
    files = {f"data/{path}": content for path, content in FILES.items()}
    world.patch.setattr(test_github, "FILES", files | {"README.md": b"# Bins"})
    answers = test_github.GitHub()
    with serving(answers) as api, serving(lambda request: Answer(test_github.tarball())) as code:
        answers.elsewhere = code.address
        world.patch.setattr(github, "API", api.address)
        yield


@way
def github_folder(world: World) -> Iterator[Coming]:
    with _github(world):
        url = "https://github.com/owner/bins"
        yield Coming("github:owner/bins:data", {**BOTH}, test_github.SHA, "MIT", url, public=True)


@way
def github_archive(world: World) -> Iterator[Coming]:
    with _github(world):
        address = "github:owner/bins@v1:data/set.zip"
        version, url = test_github.SHA[::-1], "https://github.com/owner/bins"
        there: dict[str, bytes | None] = {"glass/1": picture(1)}
        yield Coming(address, there, version, "MIT", url, public=True)


@way
def kaggle(world: World) -> Iterator[Coming]:
    kaggle_env = pytest.importorskip("kagglesdk.kaggle_env", reason="`make import-extras`")
    from tests.importers import test_kaggle

    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        world.patch.delenv(name, raising=False)
    world.patch.setenv("KAGGLE_CONFIG_DIR", str(world.folder / "nobody"))
    world.patch.setenv("KAGGLEHUB_CACHE", str(world.folder / "kaggle"))
    with serving(test_kaggle.answer) as service:
        endpoints: Any = kaggle_env._env_to_endpoint
        world.patch.setitem(endpoints, kaggle_env.KaggleEnv.PROD, service.address)
        url = "https://www.kaggle.com/datasets/owner/bins"
        there: dict[str, bytes | None] = {"glass/1": GLASS, "metal/1": METAL}
        yield Coming("kaggle:owner/bins", there, "3", url=url, public=True)


@way
def hugging_face(world: World) -> Iterator[Coming]:
    pytest.importorskip("huggingface_hub", reason="`make import-extras`")
    from tests.importers import test_hugging_face

    with serving(test_hugging_face.answer) as service:
        world.patch.setenv("HF_ENDPOINT", service.address)
        world.patch.delenv("HF_TOKEN", raising=False)
        url = "https://huggingface.co/datasets/owner/bins"
        there: dict[str, bytes | None] = {"glass/a-1": GLASS, "metal/a-1": METAL}
        sha = test_hugging_face.SHA
        yield Coming("hf:owner/bins", there, sha, "cc-by-4.0", url, public=True)


@way
def s3_prefix(world: World) -> Iterator[Coming]:
    for key, content in FILES.items():
        world.theirs[key] = content
    yield Coming("s3://theirs/set", {**BOTH}, _listed(world.theirs))


@way
def open_data(world: World) -> Iterator[Coming]:
    def client(service: str, *_: str, config: Any) -> MemoryS3:
        assert (service, config.signature_version) == ("s3", UNSIGNED)
        return world.theirs

    world.patch.setattr(boto3, "client", client)
    for key, content in FILES.items():
        world.theirs[key] = content
    version = _listed(world.theirs)
    yield Coming("s3://theirs/set", {**BOTH}, version, public=True, unsigned=True)


@way
def s3_archive(world: World) -> Iterator[Coming]:
    packed = world.theirs["some/set.zip"] = zipped(FILES)
    version = f'{_version(packed)} (ETag "{world.theirs.etag("some/set.zip")}")'
    yield Coming("s3://theirs/some/set.zip", {**BOTH}, version)


@way
def open_images(world: World) -> Iterator[Coming]:
    ids = test_openimages.IDS
    fill(
        world.folder / "csv",
        {
            "class-descriptions.csv": test_openimages.NAMES.encode(),
            "validation-annotations-human-imagelabels.csv": test_openimages.LABELS.encode(),
        },
    )
    world.theirs[f"validation/{ids[0]}.jpg"] = GLASS
    world.theirs[f"validation/{ids[1]}.jpg"] = METAL
    there: dict[str, bytes | None] = {f"Bottle/{ids[0]}": GLASS, f"Tin can/{ids[1]}": METAL}
    page = "https://storage.googleapis.com/openimages/web/download_v7.html"
    address = f"openimages:{world.folder / 'csv'}:Tin can,Bottle"
    yield Coming(address, there, "v7", openimages.LICENCE, page, public=True, left_out=1)


def _coco(world: World) -> str:
    said = test_coco.annotations(test_coco.box(*test_coco.BOX, category=1))
    files = {"annotations.json": said, "batch_1/000006.JPG": test_coco.drawn()}
    return f"coco:{fill(world.folder / 'coco', files) / 'annotations.json'}"


@way
def coco_boxes(world: World) -> Iterator[Coming]:
    yield Coming(_coco(world), {"Can/000006-1": None})


@way
def coco_whole(world: World) -> Iterator[Coming]:
    yield Coming(_coco(world), {"Can/000006": test_coco.drawn()}, whole=True)


@way
def video(world: World) -> Iterator[Coming]:
    pytest.importorskip("av", reason="`make import-extras`")
    from tests.importers import test_video

    file = test_video.filmed(world.folder / "kitchen.mp4", 1, 2, each=10)
    there: dict[str, bytes | None] = {
        "glass/kitchen-00000000": None,
        "glass/kitchen-00000400": None,
    }
    yield Coming(f"video:{file}", there, label="glass")


@way
def ground_truth(world: World) -> Iterator[Coming]:
    lines = []
    for key, name in (("a/one.jpg", "glass"), ("a/two.jpg", "metal"), ("a/gone.jpg", "metal")):
        said = {"source-ref": f"s3://theirs/{key}"}
        lines.append(json.dumps(json.loads(single(name=name)) | said))
    world.theirs["a/one.jpg"], world.theirs["a/two.jpg"] = GLASS, METAL
    world.theirs["out/output.manifest"] = "\n".join(lines).encode()
    version = world.theirs.etag("out/output.manifest")
    yield Coming("groundtruth:s3://theirs/out/output.manifest", {**BOTH}, version, left_out=1)


@way
def exchanged_set(world: World) -> Iterator[Coming]:
    world.patch.setattr(data_exchange, "_LOOK_SECONDS", 0.0)
    account = test_data_exchange.Account(world.folder)
    world.exchange = account.exchange
    account.knows_the_set()
    account.exports("COMPLETED")
    account.knows_the_set()  # the second time nothing is exported
    for path, content in FILES.items():
        world.ours[f"{test_data_exchange.PREFIX}{path}"] = content
    address = f"dataexchange:{test_data_exchange.SET}/{test_data_exchange.NEW}"
    page = "https://console.aws.amazon.com/dataexchange/home#/entitled-data/"
    url = f"{page}{test_data_exchange.SET}"
    with account.stub:
        yield Coming(address, {**BOTH}, test_data_exchange.NEW, url=url, public=True)
    account.stub.assert_no_pending_responses()


class Stated(NamedTuple):
    """A source with the licence that the person stated, as the command has it."""

    source: Source
    licence: str

    @property
    def origin(self) -> Origin:
        return self.source.origin._replace(licence=self.licence)

    def found(self) -> Iterator[Found]:
        return self.source.found()


def imports(asked: Asked, licence: str, bucket: Bucket, pool: Decoders) -> Done:
    with opened(asked) as source:
        stated = Stated(source, licence)
        seen = look(stated, pool, asked.label).seen
        labels = {found.label for found in seen if found.label and not found.reason}
        there = bucket.there("")
        made = plan(seen, there, label_map.guessed(labels, there.labels), Settings())
        return run(made, stated, bucket, pool, lambda *_: None)


def test_no_kind_of_source_is_left_out() -> None:
    """A new one needs its row here."""
    said = Path(__file__).read_text("utf-8")
    named = {kind.begins for kind in KINDS if kind.module != "web"}
    assert not [begins for begins in named if f'"{begins}' not in said]


@pytest.mark.parametrize("name", WAYS)
def test_a_source_comes_in_once_with_its_record(
    tmp_path: Path,
    s3: MemoryS3,
    bucket: Bucket,
    pool: Decoders,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    world = World(tmp_path, s3, monkeypatch, MemoryS3())
    with WAYS[name](world) as come:
        licence = come.licence or (SAID if come.public else "")
        done = imports(world.asked(come), licence, bucket, pool)
        before = dict(s3.objects)
        again = imports(world.asked(come), licence, bucket, pool)
    assert done.uploaded == len(come.pictures)
    _are_there(s3, come.pictures)
    _is_recorded(s3, come, licence, done)
    assert (again.uploaded, again.there) == (0, len(come.pictures))
    assert again.record["id"] == done.record["id"]
    assert s3.objects == before, "nothing twice, and no second record"


@pytest.mark.parametrize("name", WAYS)
def test_the_licence_is_the_sources_or_is_asked_for(
    tmp_path: Path, s3: MemoryS3, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world = World(tmp_path, s3, monkeypatch, MemoryS3())
    with WAYS[name](world) as come:
        for _ in range(2):  # a Data Exchange set is asked for twice
            with opened(world.asked(come)) as source:
                list(source.found())
                origin = source.origin
    assert (origin.licence, origin.public) == (come.licence, come.public)
    if come.public and not come.licence:
        with pytest.raises(provenance.LicenceMissing, match="--licence"):
            provenance.check_licence(origin.source, origin.licence, origin.public)


def _are_there(s3: MemoryS3, pictures: dict[str, bytes | None]) -> None:
    found: dict[str, bytes] = {}
    for key in s3.keys("images/"):
        content = s3.objects[key]
        assert isinstance(content, bytes)
        name, _, rest = key.removeprefix("images/").rpartition("-")
        assert rest == f"{hashlib.sha256(content).hexdigest()[:16]}.jpg"
        found[name] = content
    assert found.keys() == pictures.keys()
    for name, wanted in pictures.items():
        if wanted is None:
            assert Image.open(io.BytesIO(found[name])).format == "JPEG"
        else:
            assert found[name] == wanted


def _is_recorded(s3: MemoryS3, come: Coming, licence: str, done: Done) -> None:
    (key,) = s3.keys(provenance.PREFIX)
    record = json.loads(s3.objects[key])  # type: ignore[arg-type]
    assert record == done.record
    assert record["finished"]
    said = [record[name] for name in ("source", "version", "licence", "url")]
    assert said == [come.address, come.version, licence, come.url]
    assert record["pictures"] == Counter(name.rpartition("/")[0] for name in come.pictures)
    assert sum(record["left_out"].values()) == come.left_out
