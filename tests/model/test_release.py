"""What is in a release, and is everything that stands in its way said before it is published?"""

import io
import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from lensloop.model import deeplens, proof, release
from lensloop.wire import manifest
from lensloop.wire.errors import BadArtifact
from tests.model.evaluations import evaluation, scores

PICTURES = (b"one golden picture", b"another golden picture")
NAMES = tuple(f"golden/{sha256(body).hexdigest()}.jpg" for body in PICTURES)
GOLDEN = [
    {"file": name, "sha256": sha256(body).hexdigest(), "label": label, "probability": 0.9}
    for name, body, label in zip(NAMES, PICTURES, ("can", "glass"), strict=True)
]
FILES = {
    "model.onnx": b"ONNX",
    "test.csv": b"sha256,label\n",
    "learnt.csv": b"sha256,label\n",
    "evaluation.json": b"{}",
    **dict(zip(NAMES, PICTURES, strict=True)),
}
UNPROVED: dict[str, Any] = {
    **evaluation(scores(None, {"can": (20, 20), "glass": (20, 20)})),
    "golden": GOLDEN,
}
AT = "2026-11-26T10:00:00+00:00"


INT8, CHIP = "model.int8.onnx", "deeplens.tar.gz"
PACKED = (b"{}", b"weights", b"can\nglass\n")
NETWORK = deeplens.bundle(
    {deeplens.SYMBOL: b"{}", "image-classification-0009.params": b"weights"},
    "image-classification-0009.params",
    ["can", "glass"],
)


def proved(evaluated: dict[str, Any], reason: str = "") -> dict[str, Any]:
    """As after a training job that ran a camera's proof."""
    made, _ = release.draft("trash", 7, FILES, evaluated, AT)
    of = (made["model"]["sha256"], made["golden"]["sha256"])
    digest = sha256(b"".join(sha256(part).digest() for part in PACKED)).hexdigest()
    further = {INT8: proof.noted_of(sha256(b"8").hexdigest()), CHIP: proof.noted_of(digest)}
    return {**evaluated, "proof": proof.noted(*of, reason, further)}


EVALUATION = proved(UNPROVED)


def obstacle(files: dict[str, bytes], **changes: Any) -> str:
    return release.obstacle("trash", 7, files, EVALUATION | changes, AT)


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("model.onnx", True),
        ("model.int8.onnx", True),
        ("test.csv", True),
        ("learnt.csv", True),
        ("evaluation.json", True),
        (NAMES[0], True),
        (NAMES[0].replace(".jpg", ".png"), True),
        (NAMES[0].replace(".jpg", ".gif"), False),
        ("golden/../x.jpg", False),
        (f"x{NAMES[0]}", False),
        ("suspicious.json", False),
    ],
)
def test_what_belongs_to_a_release_has_a_known_name(name: str, belongs: bool) -> None:
    assert release.belongs(name) == belongs


def test_a_release_may_hold_the_model_in_eight_bits_and_a_network_for_a_chip_as_well() -> None:
    files = {**FILES, INT8: b"8"}
    made, content = release.build("trash", 7, files, EVALUATION, AT, NETWORK)
    found = manifest.parse(made)
    assert found.int8 == manifest.File(INT8, sha256(b"8").hexdigest(), 1)
    assert found.deeplens == manifest.File(CHIP, sha256(NETWORK).hexdigest(), len(NETWORK))
    assert (content[INT8], content[CHIP]) == (b"8", NETWORK)
    assert release.left_out(files, EVALUATION, NETWORK) == {}
    alone = manifest.parse(release.build("trash", 7, FILES, EVALUATION, AT)[0])
    assert (alone.int8, alone.deeplens) == (None, None)
    assert release.left_out(FILES, EVALUATION) == {}
    assert manifest.parse(release.draft("trash", 7, FILES, UNPROVED, AT)[0]).deeplens is None


def otherwise(file: str, **said: Any) -> dict[str, Any]:
    """The cloud's proof says that of one further file."""
    further = EVALUATION["proof"]["files"]
    return other_proof(files={**further, file: {**further[file], **said}})


def other_proof(**changes: Any) -> dict[str, Any]:
    return {**EVALUATION, "proof": {**EVALUATION["proof"], **changes}}


OLDER = (
    "the cloud did not run a camera's own proof on it, as the model was made by an older Lensloop"
)
OF_ANOTHER = "the cloud ran a camera's own proof on another file than this"
REFUSED = {"verdict": "refused", "reason": "it hangs"}
NOT_PASSED = "it does not pass a camera's own proof, which the cloud ran first: it hangs"


@pytest.mark.parametrize("file", [INT8, CHIP])
@pytest.mark.parametrize(
    ("evaluated", "why"),
    [
        pytest.param(lambda file: other_proof(files={}), OLDER, id="no proof of it"),
        pytest.param(lambda file: other_proof(files=None), OLDER, id="of none"),
        pytest.param(
            lambda file: otherwise(file, sha256="0" * 64), OF_ANOTHER, id="of another file"
        ),
        pytest.param(lambda file: otherwise(file, **REFUSED), NOT_PASSED, id="refused"),
        pytest.param(
            lambda file: otherwise(file, verdict="maybe"),
            "what the cloud's own proof of it says is damaged: `proof.files.",
            id="damaged",
        ),
    ],
)
def test_a_further_file_that_is_not_proved_is_left_out_and_costs_no_release(
    file: str, evaluated: Callable[[str], dict[str, Any]], why: str
) -> None:
    files, said = {**FILES, INT8: b"8"}, evaluated(file)
    left_out = release.left_out(files, said, NETWORK)
    assert file in left_out
    assert left_out[file].startswith(why)
    made, content = release.build("trash", 7, files, said, AT, NETWORK)
    assert file not in content
    found = manifest.parse(made)
    assert (found.int8 if file == INT8 else found.deeplens) is None
    assert set(content) >= {"model.onnx", "golden.zip", *({INT8, CHIP} - set(left_out))}


def test_where_the_model_itself_is_refused_so_are_the_other_files() -> None:
    said = proved(UNPROVED, "it hangs")
    why = "the model itself does not pass a camera's own proof"
    assert release.left_out({**FILES, INT8: b"8"}, said) == {INT8: why}


def test_a_network_that_a_camera_could_not_unpack_is_left_out() -> None:
    _, content = release.build("trash", 7, FILES, EVALUATION, AT, b"no archive")
    assert CHIP not in content
    (why,) = release.left_out(FILES, EVALUATION, b"no archive").values()
    assert why.startswith("deeplens.tar.gz cannot be read: ")
    assert not why.endswith(".")


def test_a_release_holds_what_a_camera_needs_and_its_manifest_comes_last() -> None:
    made, content = release.build("trash", 7, FILES, EVALUATION, AT)
    assert list(content) == [
        *("model.onnx", "test.csv", "learnt.csv", "evaluation.json"),
        *("golden.zip", "manifest.json"),
    ]
    read = manifest.parse(json.loads(content["manifest.json"]))
    assert (read.project, read.epoch, read.created_at) == ("trash", 7, AT)
    assert read.model == manifest.File("model.onnx", sha256(b"ONNX").hexdigest(), 4)
    packed = content["golden.zip"]
    assert read.golden == manifest.File("golden.zip", sha256(packed).hexdigest(), len(packed))
    assert made == json.loads(content["manifest.json"])
    assert content["manifest.json"].startswith(b'{\n "created_at"')  # sorted, one thing a line
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == sorted(NAMES)
        assert archive.read(NAMES[0]) == PICTURES[0]
        kept = {
            (i.date_time, i.create_system, i.external_attr, i.compress_type)
            for i in archive.infolist()
        }
    assert kept == {((1980, 1, 1, 0, 0, 0), 3, 0o644 << 16, zipfile.ZIP_STORED)}


def test_a_model_that_was_trained_before_the_last_update_can_be_published() -> None:
    files = {name: body for name, body in FILES.items() if name != "learnt.csv"}
    _, content = release.build("trash", 7, files, EVALUATION, AT)
    assert list(content)[:3] == ["model.onnx", "test.csv", "evaluation.json"]


def test_making_it_again_makes_the_same_in_whatever_order_the_pictures_are_listed() -> None:
    turned = EVALUATION | {"golden": GOLDEN[::-1]}
    _, one = release.build("trash", 7, FILES, EVALUATION, AT)
    _, other = release.build("trash", 7, FILES, turned, AT)
    assert one["golden.zip"] == other["golden.zip"]


def test_letters_beyond_ascii_stay_readable() -> None:
    labels = {"Müll": (20, 20), "glass": (20, 20)}
    golden = [GOLDEN[0] | {"label": "Müll"}, GOLDEN[1]]
    german = proved(evaluation(scores(None, labels)) | {"golden": golden, "labels": sorted(labels)})
    _, content = release.build("trash", 7, FILES, german, AT)
    assert "Müll".encode() in content["manifest.json"]


def test_what_can_be_published_has_no_obstacle() -> None:
    assert obstacle(FILES) == ""


NO_GOLDEN = (
    "no test picture is recognised with enough confidence for a camera to prove the release on it;"
    " add pictures that show their labels clearly"
)


@pytest.mark.parametrize(
    ("files", "changes", "why"),
    [
        (FILES, {"golden": []}, NO_GOLDEN),
        (FILES, {"golden": None}, NO_GOLDEN),
        (
            FILES,
            {"golden": GOLDEN[:1]},
            "of all labels only can is recognised with enough confidence, so no camera could tell"
            " the model from one that always answers that; add pictures that show the other labels"
            " clearly",
        ),
        (
            FILES | {"model.onnx": b""},
            {},
            "no camera could take its release: The model archive holds no model.onnx.",
        ),
        (
            {name: body for name, body in FILES.items() if name != "test.csv"},
            {},
            "no camera could take its release: The model archive holds no test.csv.",
        ),
        (
            FILES | {"test.csv": b"label,sha256\n"},
            {},
            "no camera could take its release: test.csv must begin with the line sha256,label.",
        ),
        (
            FILES | {"learnt.csv": b"label,sha256\n"},
            {},
            "no camera could take its release: learnt.csv must begin with the line sha256,label.",
        ),
        (
            FILES | {NAMES[1]: b"other"},
            {},
            f"no camera could take its release: The golden picture {NAMES[1]} is missing from the"
            " model archive or is another picture.",
        ),
        (
            {name: body for name, body in FILES.items() if name != NAMES[0]},
            {},
            f"no camera could take its release: The golden picture {NAMES[0]} is missing from the"
            " model archive or is another picture.",
        ),
    ],
)
def test_whatever_stands_in_its_way_is_a_reason(
    files: dict[str, bytes], changes: dict[str, Any], why: str
) -> None:
    assert obstacle(files, **changes) == why


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"temperature": "hot"}, "`temperature` is 'hot'"),
        ({"golden": [{}]}, ": evaluation.json: `golden[0].file` is missing"),
    ],
)
def test_an_evaluation_that_makes_no_manifest_is_a_reason(
    changes: dict[str, Any], part: str
) -> None:
    why = obstacle(FILES, **changes)
    assert why.startswith("no camera could take its release: ")
    assert part in why


OTHER = "The cloud ran a camera's own proof on other files than these."
NOT_PROVED: list[tuple[dict[str, bytes], dict[str, Any], str]] = [
    (FILES, UNPROVED, "The cloud did not run a camera's own proof on it"),
    (FILES, {**UNPROVED, "proof": None}, "The cloud did not run a camera's own proof on it"),
    (
        FILES,
        proved(UNPROVED, "4 of 12 golden pictures are answered wrongly"),
        "It does not pass a camera's own proof, which the cloud ran first: 4 of 12 golden pictures"
        " are answered wrongly.",
    ),
    (FILES | {"model.onnx": b"another"}, EVALUATION, OTHER),
    (FILES, EVALUATION | {"golden": [GOLDEN[0], GOLDEN[1] | {"file": NAMES[0]}]}, "is another"),
    (FILES, other_proof(golden_sha256="0" * 64), OTHER),
    (FILES, other_proof(verdict="maybe"), "passed or refused"),
    (FILES, other_proof(model_sha256=5), "`proof.model_sha256`"),
]


@pytest.mark.parametrize(("files", "evaluated", "part"), NOT_PROVED)
def test_what_the_cloud_did_not_prove_is_no_release_and_its_verdict_says_why(
    files: dict[str, bytes], evaluated: dict[str, Any], part: str
) -> None:
    with pytest.raises(BadArtifact) as refused:
        release.build("trash", 7, files, evaluated, AT)
    assert part in str(refused.value)
    why = release.obstacle("trash", 7, files, evaluated, AT)
    assert why == f"no camera could take its release: {refused.value}"


def test_publishing_what_has_an_obstacle_is_refused() -> None:
    with pytest.raises(BadArtifact, match="holds no model"):
        release.build("trash", 7, FILES | {"model.onnx": b""}, EVALUATION, AT)
