"""From a training job's archive to a live release:
what is written, what is refused, and what a retry does.
"""

import gzip
import io
import json
import os
import tarfile
import zipfile
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_der_public_key

from lambdas import judge, publish_release
from lambdas.aws.release_item import LiveRelease
from lambdas.aws.state import state_table
from lensloop import archive as reading
from lensloop.archive import MAX_FILES, read_files
from lensloop.model import proof
from lensloop.model.standards import Standards, Trained
from lensloop.settings import Settings
from lensloop.wire import manifest
from lensloop.wire.errors import BadArtifact, StaleEpoch
from lensloop.wire.signature import verify
from local.cloud import LocalCloud
from tests.lambdas.conftest import BUCKET, MODEL, Aws, archive, model_files
from tests.model.evaluations import evaluation, scores
from tests.workflows import scenes

NO_GOLDEN = (
    "no test picture is recognised with enough confidence for a camera to prove the release on it;"
    " add pictures that show their labels clearly"
)
EVENT = {"epoch": 7, "digest": "d1", "model": MODEL}


def written(aws: Aws) -> dict[str, bytes]:
    entries = aws.s3.list_objects_v2(Bucket=BUCKET, Prefix="releases/").get("Contents", [])
    return {
        e["Key"]: aws.s3.get_object(Bucket=BUCKET, Key=e["Key"])["Body"].read() for e in entries
    }


@pytest.mark.parametrize(
    ("right", "ship", "reasons"),
    [
        (20, True, ["accuracy 1.00 (0.91 to 1.00) on 40 test pictures"]),
        (
            1,
            False,
            [
                "accuracy 0.53 (0.37 to 0.67) on 40 pictures is below its floor 0.70",
                "recall of can 0.05 (0.01 to 0.24) on 20 pictures is not even half of its floor"
                " 0.50; look for its pictures in wrong folders, or remove the label",
            ],
        ),
    ],
)
def test_the_verdict_follows_from_the_evaluation_in_the_archive(
    right: int, ship: bool, reasons: list[str], aws: Aws
) -> None:
    aws.lease(7)
    aws.put_model(model_files(right))
    answer = judge.handler(EVENT, None)
    assert (answer["ship"], answer["reasons"], answer["live_accuracy"]) == (ship, reasons, None)
    json.dumps(answer)
    assert set(scenes.VERDICT) <= set(answer)


def test_a_live_model_that_could_not_be_read_is_told_and_stops_nothing(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files(live_unreadable="The live release cannot be read: half of it."))
    answer = judge.handler(EVENT, None)
    assert answer["ship"] is True
    assert answer["reasons"][0] == (
        "it was compared with no live model: The live release cannot be read: half of it."
    )
    answer = judge.handler(EVENT | {"live_gone": 6}, None)
    assert answer["ship"] is True
    assert answer["reasons"][0] == (
        "it was compared with no live model: The files of release 6, which is live, are gone."
    )


def test_the_answer_stays_small_however_many_labels_fall_short(aws: Aws) -> None:
    labels = {f"label {number}": (1, 0) for number in range(5000)}
    aws.lease(7)
    aws.put_model(model_files(labels=sorted(labels), candidate=scores(None, labels)))
    answer = judge.handler(EVENT, None)
    assert answer["ship"] is False
    assert answer["reasons"][-1].startswith("and ")
    assert len(json.dumps(answer)) < 64 * 1024


def test_the_floors_are_the_projects_own(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTINGS", Settings(min_accuracy=1.0).to_json())
    aws.lease(7)
    aws.put_model(model_files(19))
    assert judge.handler(EVENT, None)["ship"] is False


def test_the_model_that_was_judged_is_noted_so_that_it_can_be_judged_again(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files())
    answer = judge.handler(EVENT, None)
    standards = Standards.from_settings(Settings())
    assert answer["standards"] == str(standards)
    assert state_table().trained() == Trained(7, "d1", standards.training, 0, MODEL)


def test_a_model_from_before_the_cloud_was_a_camera_is_noted_as_never_tried(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files(proof=None))
    judge.handler(EVENT, None)
    trained = state_table().trained()
    assert trained is not None
    assert not trained.tried
    aws.table.update_item(Key={"id": "trained"}, AttributeUpdates={"tried": {"Action": "DELETE"}})
    assert state_table().trained() == trained  # as an older version has noted it


def against_live(now: int, before: int, **live: Any) -> dict[str, bytes]:
    """A model beside live release 6, on 200 known pictures of two labels."""
    mine, theirs = (scores({"can": (100, n), "glass": (100, 100)}, None) for n in (now, before))
    content = evaluation(mine, theirs, live_labels=("can", "glass"))
    return model_files(candidate=mine, live=content["live"] | live)


def test_what_live_has_lost_already_counts(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(against_live(98, 100))
    live = {"id": "live", "epoch": 6, "model_sha256": "a", "dataset": "d0"}
    aws.table.put_item(Item=live)
    answer = judge.handler(EVENT, None)
    assert (answer["ship"], answer["hold"], answer["slid"]) == (True, False, 0.01)
    aws.table.put_item(Item=live | {"slid": Decimal("0.035")})
    answer = judge.handler(EVENT, None)
    assert (answer["ship"], answer["hold"], answer["slid"]) == (False, True, 0.045)
    # Compared with another release than the one that is live now: then nobody knows.
    aws.table.put_item(Item=live | {"slid": Decimal("0.035"), "epoch": 5})
    assert judge.handler(EVENT, None)["slid"] == 0.01


def test_what_a_person_approved_ships_and_is_the_new_best(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(against_live(98, 100, judged_on=1000))
    assert judge.handler(EVENT, None)["hold"] is True
    answer = judge.handler(EVENT | {"approved": True}, None)
    assert (answer["ship"], answer["hold"], answer["slid"]) == (True, False, 0.0)


def test_the_release_remembers_how_far_it_is_below_the_best(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files())
    publish_release.handler(EVENT | {"slid": 0.0123}, None)
    candidate = state_table().candidate()
    assert candidate is not None
    assert candidate.release == LiveRelease(
        7,
        aws.item("candidate")["model_sha256"],
        "d1",
        Standards.from_settings(Settings()).training,
        0.0123,
    )


def test_a_run_without_the_lease_notes_no_model(aws: Aws) -> None:
    aws.lease(8)
    aws.put_model(model_files())
    with pytest.raises(StaleEpoch, match="Run 7 lost the lease while its model was judged"):
        judge.handler(EVENT, None)
    assert state_table().trained() is None


@pytest.mark.parametrize("step", [judge, publish_release], ids=["judge", "publish"])
@pytest.mark.parametrize(
    ("event", "files", "sentence"),
    [
        pytest.param(
            EVENT | {"digest": "d2"},
            model_files(),
            "on data set d1, not on d2",
            id="another data set",
        ),
        pytest.param(
            EVENT | {"model": "s3://other/x"},
            model_files(),
            "is not in this project's bucket",
            id="another bucket",
        ),
        pytest.param(EVENT, {"model.onnx": b"x"}, "holds no", id="no evaluation"),
        pytest.param(
            EVENT, model_files() | {"evaluation.json": b"{"}, "is not JSON", id="half an evaluation"
        ),
        pytest.param(
            EVENT,
            model_files(candidate={}),
            "`candidate.all` is missing; it must be an object",
            id="no scores",
        ),
    ],
)
def test_an_archive_that_is_not_what_it_should_be_is_refused(
    step: Any, event: dict[str, Any], files: dict[str, bytes], sentence: str, aws: Aws
) -> None:
    aws.lease(7)
    aws.put_model(files)
    with pytest.raises(BadArtifact) as refused:
        step.handler(event, None)
    assert sentence in str(refused.value)
    assert written(aws) == {}
    assert aws.item("candidate") == {}


@pytest.mark.parametrize(
    ("files", "sentence", "obstacle"),
    [
        pytest.param(
            {**model_files(), "model.onnx": b""}, "holds no model.onnx", "", id="an empty model"
        ),
        pytest.param(
            {**model_files(), "test.csv": b"a,b\n"},
            "must begin with the line sha256,label",
            "",
            id="other csv",
        ),
        pytest.param(
            {
                name: b"other" if name.startswith("golden/") else body
                for name, body in model_files().items()
            },
            "is missing from the model archive or is another picture",
            "",
            id="a golden picture that is another",
        ),
        pytest.param(
            model_files(golden=[]),
            "`golden.pictures` is empty",
            NO_GOLDEN,
            id="nothing to prove it on",
        ),
        pytest.param(
            model_files(temperature="hot"),
            "`temperature` is 'hot'",
            "",
            id="a manifest no camera takes",
        ),
        pytest.param(
            model_files(refused="the model fails on a picture"),
            "own proof, which the cloud ran first: the model fails on a picture.",
            "",
            id="refused by the first camera",
        ),
        pytest.param(
            model_files(proof=None), "The cloud did not run a camera's", "", id="never tried"
        ),
        pytest.param(
            model_files() | {"model.onnx": b"another"}, "on other files", "", id="another model"
        ),
    ],
)
def test_a_release_that_no_camera_could_take_is_refused_and_not_published(
    files: dict[str, bytes], sentence: str, obstacle: str, aws: Aws
) -> None:
    aws.lease(7)
    aws.put_model(files)
    with pytest.raises(BadArtifact) as refused:
        publish_release.handler(EVENT, None)
    assert sentence in str(refused.value)
    assert written(aws) == {}
    verdict = judge.handler(EVENT, None)
    assert verdict["ship"] is False
    assert verdict["reasons"] == [obstacle or f"no camera could take its release: {refused.value}"]


def test_a_model_that_is_not_good_enough_hears_of_the_obstacle_as_well(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files(1, golden=[]))
    *floors, last = judge.handler(EVENT, None)["reasons"]
    assert len(floors) == 2
    assert last == NO_GOLDEN


def test_a_release_is_complete_and_offered(aws: Aws) -> None:
    aws.lease(7)
    files = model_files()
    aws.put_model(files)
    answer = publish_release.handler(EVENT, None)

    found = written(aws)
    made = ("model.onnx", "test.csv", "evaluation.json", "golden.zip")
    assert set(found) == {f"releases/7/{name}" for name in (*made, "manifest.json", "manifest.sig")}
    published = manifest.parse(json.loads(found["releases/7/manifest.json"]))
    assert (published.epoch, published.dataset, published.labels) == (7, "d1", ("can", "glass"))
    assert (
        published.model.sha256 == sha256(files["model.onnx"]).hexdigest() == answer["model_sha256"]
    )
    assert published.golden.sha256 == sha256(found["releases/7/golden.zip"]).hexdigest()
    with zipfile.ZipFile(io.BytesIO(found["releases/7/golden.zip"])) as golden:
        for picture in published.pictures:
            assert sha256(golden.read(picture.file)).hexdigest() == picture.sha256
    new = aws.item("candidate")
    assert (new["epoch"], new["dataset"], new["model_sha256"], new["labels"]) == (
        7,
        "d1",
        published.model.sha256,
        ["can", "glass"],
    )


def test_a_release_is_signed_by_the_projects_key_and_put_down_as_what_it_is(
    aws: Aws, cloud: LocalCloud
) -> None:
    aws.lease(7)
    aws.put_model(model_files())
    publish_release.handler(EVENT, None)
    found = written(aws)
    body, signature = (found[f"releases/7/manifest.{kind}"] for kind in ("json", "sig"))
    asked = {"KeyId": os.environ["RELEASE_KEY"]}
    key = load_der_public_key(cloud.client("kms").get_public_key(**asked)["PublicKey"])
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(serialization.Encoding.PEM, form).decode()
    assert verify([pem], body, signature)
    assert state_table().manifest_of(7) == sha256(body).hexdigest()


def test_another_manifest_is_never_put_down_as_the_same_release(aws: Aws) -> None:
    state_table().note_manifest(7, "a" * 64)
    state_table().note_manifest(7, "a" * 64)
    with pytest.raises(BadArtifact, match="Another manifest was published as release 7"):
        state_table().note_manifest(7, "b" * 64)
    assert state_table().manifest_of(7) == "a" * 64


NETWORK = {
    "image-classification-symbol.json": b"{}",
    "image-classification-0009.params": b"weights",
    "model-shapes.json": b"[]",
}
OF_NETWORK = f"s3://{BUCKET}/training/deeplens-trash-7-1/output/network.tar.gz"


PACKED = archive(NETWORK)  # once: it holds the time
DEEPLENS, INT8 = "deeplens.tar.gz", "model.int8.onnx"


def by_the_built_in(aws: Aws, body: bytes | None = None, reason: str = "") -> None:
    """A model that was made of a network, and its archive, if it is still there; `reason`: why the
    cloud has not proved the network.
    """
    made_of = {
        "uri": OF_NETWORK,
        "sha256": sha256(PACKED).hexdigest(),
        "file": "image-classification-0009.params",
    }
    parts = (b"{}", b"weights", b"can\nglass\n")
    digest = sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()
    aws.lease(7)
    proved = {DEEPLENS: proof.noted_of(digest, reason)}
    aws.put_model(model_files(further=proved, artefact=made_of))
    if body:
        aws.s3.put_object(Bucket=BUCKET, Key=OF_NETWORK.split("/", 3)[3], Body=body)


def test_a_network_of_mxnets_is_released_for_a_deeplens_as_well(aws: Aws) -> None:
    by_the_built_in(aws, PACKED)
    assert publish_release.handler(EVENT, None)["left_out"] == {}
    with tarfile.open(fileobj=io.BytesIO(written(aws)["releases/7/deeplens.tar.gz"])) as tar:
        assert tar.getnames() == [
            "image-classification-symbol.json",
            "image-classification-0000.params",
            "labels.txt",
        ]
        labels = tar.extractfile("labels.txt")
        assert labels
        assert labels.read() == b"can\nglass\n"
    named = manifest.parse(json.loads(written(aws)["releases/7/manifest.json"])).deeplens
    assert named is not None
    assert named.sha256 == sha256(written(aws)["releases/7/deeplens.tar.gz"]).hexdigest()


@pytest.mark.parametrize(
    ("body", "reason", "why"),
    [
        (
            archive(NETWORK | {"model-shapes.json": b"[1]"}),
            "",
            f"{OF_NETWORK} is not the archive any more that the model was made of",
        ),
        (None, "", f"{OF_NETWORK} is not there any more"),
        (
            PACKED,
            "it takes glass for can",
            "it does not pass a camera's own proof, which the cloud ran first: it takes glass for"
            " can",
        ),
    ],
    ids=["another archive", "gone", "not proved"],
)
def test_a_network_that_is_not_the_proved_one_is_left_out_and_costs_no_release(
    aws: Aws, body: bytes | None, reason: str, why: str
) -> None:
    by_the_built_in(aws, body, reason)
    answer = publish_release.handler(EVENT, None)
    assert answer["left_out"] == {DEEPLENS: why}
    found = written(aws)
    assert f"releases/7/{DEEPLENS}" not in found
    named = manifest.parse(json.loads(found["releases/7/manifest.json"]))
    assert (named.deeplens, named.model.size) == (None, 4000)
    assert aws.item("candidate")["epoch"] == 7


@pytest.mark.parametrize(
    ("proved", "left_out"),
    [
        (proof.noted_of(sha256(b"8").hexdigest()), False),
        (proof.noted_of(sha256(b"9").hexdigest()), True),
        (proof.noted_of(sha256(b"8").hexdigest(), "it hangs"), True),
    ],
    ids=["proved", "another", "refused"],
)
def test_eight_bits_are_published_only_as_they_were_proved(
    aws: Aws, proved: dict[str, Any], left_out: bool
) -> None:
    aws.lease(7)
    aws.put_model({**model_files(further={INT8: proved}), INT8: b"8"})
    assert judge.handler(EVENT, None)["ship"]
    answer = publish_release.handler(EVENT, None)
    assert (INT8 in answer["left_out"]) == left_out
    assert (f"releases/7/{INT8}" in written(aws)) != left_out


def test_publishing_again_changes_nothing(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files())
    first = publish_release.handler(EVENT, None)
    before = written(aws)
    assert publish_release.handler(EVENT, None) == first
    assert written(aws) == before


def test_a_publishing_that_was_cut_off_is_completed(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files())
    publish_release.handler(EVENT, None)
    before = written(aws)
    aws.s3.delete_object(Bucket=BUCKET, Key="releases/7/manifest.json")
    aws.table.delete_item(Key={"id": "candidate"})
    publish_release.handler(EVENT, None)
    assert written(aws) == before
    assert aws.item("candidate")["epoch"] == 7


def test_a_release_is_never_overwritten(aws: Aws) -> None:
    aws.lease(7)
    aws.put_model(model_files())
    publish_release.handler(EVENT, None)
    before = written(aws)
    aws.put_model(model_files(model=b"another model"))
    with pytest.raises(BadArtifact, match=r"releases/7/model\.onnx exists with other content"):
        publish_release.handler(EVENT, None)
    assert written(aws) == before


@pytest.mark.parametrize(
    "trigger",
    [{"id": "trigger", "run": {"epoch": 8}}, {"id": "trigger", "run": {}}, {"id": "trigger"}],
    ids=["another run", "no run", "never a run"],
)
def test_a_run_without_the_lease_offers_nothing(trigger: dict[str, Any], aws: Aws) -> None:
    aws.table.put_item(Item=trigger)
    aws.put_model(model_files())
    with pytest.raises(StaleEpoch):
        publish_release.handler(EVENT, None)
    assert aws.item("candidate") == {}


@pytest.mark.parametrize(
    "epoch", [8, 7], ids=["a newer release", "another model of the same epoch"]
)
def test_live_never_goes_back(epoch: int, aws: Aws) -> None:
    aws.lease(7)
    live = {"id": "live", "epoch": epoch, "model_sha256": "other"}
    aws.table.put_item(Item=live)
    aws.put_model(model_files())
    with pytest.raises(StaleEpoch):
        publish_release.handler(EVENT, None)
    assert aws.item("live") == live


def test_a_newer_release_is_offered_and_not_live_yet(aws: Aws) -> None:
    aws.lease(7)
    aws.table.put_item(Item={"id": "live", "epoch": 6, "model_sha256": "other"})
    aws.put_model(model_files())
    publish_release.handler(EVENT, None)
    assert (aws.item("candidate")["epoch"], aws.item("live")["epoch"]) == (7, 6)


def hostile(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.size = kind, "/etc/passwd", size
        tar.addfile(entry, io.BytesIO(b"\\0" * min(size, 1024)) if size else None)
    packed.seek(0)
    return packed


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_only_plain_files_of_an_archive_are_read(kind: bytes) -> None:
    assert read_files(hostile("model.onnx", kind), lambda name: True) == {}


@pytest.mark.parametrize("name", ["../model.onnx", "/model.onnx", "x/../model.onnx"])
def test_a_path_is_not_the_name_of_a_file(name: str) -> None:
    assert read_files(hostile(name), lambda found: found == "model.onnx") == {}


def test_an_archive_is_read_up_to_a_limit() -> None:
    many = io.BytesIO(archive({f"file{n}": b"" for n in range(MAX_FILES + 1)}))
    with pytest.raises(BadArtifact, match="holds more than"):
        read_files(many, lambda name: False)


def test_a_header_is_read_up_to_that_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """tarfile reads a header of any length by itself, before it hands out a file whose size could
    be looked at.
    """
    monkeypatch.setattr(reading._Capped, "left", 2**20)
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 2**21
    bomb = io.BytesIO(gzip.compress(entry.tobuf(tarfile.USTAR_FORMAT) + bytes(entry.size)))
    with pytest.raises(BadArtifact, match="holds more than"):
        read_files(bomb, lambda name: False)


@pytest.mark.parametrize(
    "body", [b"", b"no archive", archive(model_files())[:-200]], ids=["empty", "text", "cut off"]
)
def test_a_damaged_archive_is_named_as_such(body: bytes) -> None:
    with pytest.raises(BadArtifact, match="cannot be read"):
        read_files(io.BytesIO(body), lambda name: True)


def test_a_file_that_is_there_twice_is_refused() -> None:
    twice = io.BytesIO()
    with tarfile.open(fileobj=twice, mode="w:gz") as tar:
        for body in (b"one", b"two"):
            entry = tarfile.TarInfo("model.onnx")
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    twice.seek(0)
    with pytest.raises(BadArtifact, match=r"holds model\.onnx twice"):
        read_files(twice, lambda name: True)
