"""Which manifests are read, what is said about the others, and which releases a camera takes."""

import copy
import json
from typing import Any

import pytest

from lensloop.wire.manifest import (
    File,
    GoldenPicture,
    Installed,
    Manifest,
    ManifestError,
    accepts,
    make,
    parse,
    require_several_labels,
)
from tests.camera.small_release import make_release

GOOD = make_release(7).manifest


MODEL_FILE, GOLDEN_FILE = File("model.onnx", "a" * 64, 9000), File("golden.zip", "b" * 64, 700)
EVALUATION: dict[str, Any] = {
    "dataset": "d" * 64,
    "labels": ["can", "glass"],
    "input": {"width": 224, "height": 160, "resize": "squeeze-bicubic", "mean": 0},
    "temperature": 1.25,
    "reject_threshold": 0.5,
    "candidate": {
        "all": {
            "images": 30,
            "accuracy": 0.9,
            "labels": {"can": {"images": 20, "recall": 0.95}, "glass": {"recall": 0.8}},
        }
    },
    "golden": [
        {"file": "1.png", "sha256": "1" * 64, "label": "can", "probability": 0.75, "more": "x"},
        {"file": "2.png", "sha256": "2" * 64, "label": "glass", "probability": 0.5},
    ],
}
METRICS = {"accuracy": 0.9, "recall": {"can": 0.95, "glass": 0.8}, "test_images": 30}


def made(**changes: Any) -> dict[str, Any]:
    return make("trash", 7, {**EVALUATION, **changes}, MODEL_FILE, GOLDEN_FILE, "2026-11-22")


def test_a_manifest_holds_what_a_camera_needs_of_the_evaluation() -> None:
    assert made() == {
        "format": 1,
        "project": "trash",
        "epoch": 7,
        "dataset": "d" * 64,
        "model": {"file": "model.onnx", "sha256": "a" * 64, "size": 9000},
        "labels": ["can", "glass"],
        "input": {"width": 224, "height": 160, "resize": "squeeze-bicubic"},
        "temperature": 1.25,
        "reject_threshold": 0.5,
        "unfamiliar_threshold": None,
        "metrics": METRICS,
        "golden": {
            "file": "golden.zip",
            "sha256": "b" * 64,
            "size": 700,
            "pictures": [
                {"file": "1.png", "sha256": "1" * 64, "label": "can", "probability": 0.75},
                {"file": "2.png", "sha256": "2" * 64, "label": "glass", "probability": 0.5},
            ],
        },
        "min_agent": 1,
        "created_at": "2026-11-22",
    }


def test_what_is_built_is_what_is_read() -> None:
    assert parse(json.loads(json.dumps(made()))) == Manifest(
        project="trash",
        epoch=7,
        dataset="d" * 64,
        model=MODEL_FILE,
        labels=("can", "glass"),
        width=224,
        height=160,
        resize="squeeze-bicubic",
        temperature=1.25,
        reject_threshold=0.5,
        metrics=METRICS,
        golden=GOLDEN_FILE,
        pictures=(
            GoldenPicture("1.png", "1" * 64, "can", 0.75),
            GoldenPicture("2.png", "2" * 64, "glass", 0.5),
        ),
        min_agent=1,
        created_at="2026-11-22",
    )


@pytest.mark.parametrize(
    ("evaluated", "threshold"),
    [({"threshold": 1.75, "false_alarms": 3}, 1.75), ({"threshold": -4}, -4), (None, None)],
)
def test_what_is_unfamiliar_goes_from_the_evaluation_to_the_camera(
    evaluated: Any, threshold: float | None
) -> None:
    assert parse(made(unfamiliar=evaluated)).unfamiliar_threshold == threshold


def test_a_release_from_before_cannot_tell_what_is_unfamiliar() -> None:
    before = made()
    del before["unfamiliar_threshold"]
    assert parse(before).unfamiliar_threshold is None


SECOND = File("model.int8.onnx", "c" * 64, 3000)


def test_further_files_are_fields_that_old_agents_pass_over() -> None:
    third = File("deeplens.tar.gz", "d" * 64, 40_000)
    files = (MODEL_FILE, GOLDEN_FILE, "2026-11-22", SECOND, third)
    whole = make("trash", 7, EVALUATION, *files)
    found = parse(json.loads(json.dumps(whole)))
    assert (found.int8, found.deeplens) == (SECOND, third)
    del whole["int8"], whole["deeplens"]
    assert whole == made()
    assert (parse(whole).int8, parse(whole).deeplens) == (None, None)


@pytest.mark.parametrize("field", ["int8", "deeplens"])
@pytest.mark.parametrize("name", ["manifest.json", "model.onnx", "golden.zip"])
def test_a_further_file_takes_no_others_place(field: str, name: str) -> None:
    with pytest.raises(ManifestError, match=f"`{field}.file` is '{name}'"):
        parse({**made(), field: SECOND._replace(file=name)._asdict()})


def test_two_further_files_are_not_one() -> None:
    second = SECOND._asdict()
    with pytest.raises(ManifestError, match=r"`deeplens.file` is 'model.int8.onnx'"):
        parse({**made(), "int8": second, "deeplens": second})


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert parse({**GOOD, "signature": "…"}).epoch == 7


def changed(path: str, value: Any) -> dict[str, Any]:
    content = copy.deepcopy(GOOD)
    *folders, last = path.split(".")
    inner = content
    for part in folders:
        inner = inner[part]
    inner[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("epoch", 1),
        ("input.width", 8),
        ("input.width", 4096),
        ("input.height", 8),
        ("input.height", 4096),
        ("temperature", 1e-6),
        ("temperature", 1e6),
        ("reject_threshold", 0),
        ("reject_threshold", 1),
        ("unfamiliar_threshold", -1e6),
        ("unfamiliar_threshold", 1e6),
        ("min_agent", 10**6),
        ("model.size", 1),
        ("model.size", 2 * 1024**3),
    ],
)
def test_the_least_and_the_most_are_read(path: str, value: Any) -> None:
    parse(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("epoch", 0, "`epoch` is 0"),
        ("epoch", True, "`epoch` is True"),
        ("epoch", "7", "`epoch` is '7'"),
        ("project", "", "`project` is ''"),
        ("labels", ["red"], "wrong: `labels` must name at least two labels, each once;"),
        ("labels", ["red", "red"], "wrong: `labels` must name at least two labels, each once;"),
        ("labels", ["red", 5], "must be a list of labels"),
        ("labels", None, "`labels` is missing"),
        ("model.sha256", "ABC", "sha256"),
        ("model.size", 0, "`model.size`"),
        ("model.size", 2 * 1024**3 + 1, "`model.size`"),
        ("model.file", "../../etc/passwd", "it must be a plain file name."),
        ("golden.file", ".hidden", "plain file name"),
        (
            "golden.pictures",
            [],
            "wrong: `golden.pictures` is empty, so no camera could prove the model.",
        ),
        ("golden.pictures", ["x"], "`golden.pictures[0]` is 'x'"),
        ("input.width", 4.5, "`input.width`"),
        ("input.width", 7, "`input.width` is 7; it must be a whole number from 8 to 4096"),
        ("input.width", 4097, "`input.width` is 4097"),
        ("input.height", 7, "`input.height` is 7; it must be a whole number from 8 to 4096"),
        ("input.height", 4097, "`input.height` is 4097"),
        ("input", None, "`input` is missing"),
        ("temperature", float("nan"), "`temperature` is nan"),
        ("temperature", 1e6 + 0.5, "`temperature` is 1000000.5"),
        ("reject_threshold", 2, "`reject_threshold` is 2"),
        ("unfamiliar_threshold", "high", "`unfamiliar_threshold` is 'high'"),
        ("unfamiliar_threshold", -1e6 - 0.5, "`unfamiliar_threshold` is -1000000.5"),
        ("unfamiliar_threshold", float("inf"), "must be a number from -1000000 to 1000000."),
        ("min_agent", "1", "`min_agent`"),
        ("min_agent", 10**6 + 1, "`min_agent` is 1000001"),
    ],
)
def test_each_mistake_gets_a_sentence(path: str, value: Any, sentence: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(changed(path, value))
    assert str(caught.value).startswith("The release manifest is wrong: `")
    assert sentence in str(caught.value)


def test_a_release_that_shows_one_label_alone_is_read_and_neither_made_nor_taken() -> None:
    reds = [picture for picture in GOOD["golden"]["pictures"] if picture["label"] == "red"]
    require_several_labels(parse(GOOD))
    with pytest.raises(ManifestError) as caught:
        require_several_labels(parse(changed("golden.pictures", reds)))
    assert str(caught.value) == (
        "The release manifest is wrong: `golden.pictures` shows 'red' alone of 3 labels, so a model"
        " that answers the same for every picture would pass."
    )


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(ManifestError, match=r"epoch.*temperature"):
        parse({**GOOD, "epoch": -1, "temperature": 0})


@pytest.mark.parametrize("content", [None, [], "text", {}, {**GOOD, "format": 2}])
def test_other_formats_are_refused(content: Any) -> None:
    with pytest.raises(ManifestError):
        parse(content)


def test_a_golden_picture_of_an_unknown_label_is_a_mistake() -> None:
    broken = copy.deepcopy(GOOD)
    broken["golden"]["pictures"][2]["label"] = "purple"
    with pytest.raises(ManifestError, match=r"`golden\.pictures\[2\]\.label` is 'purple'"):
        parse(broken)


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_golden_picture_has_a_probability(probability: float) -> None:
    broken = copy.deepcopy(GOOD)
    broken["golden"]["pictures"][0]["probability"] = probability
    with pytest.raises(ManifestError, match=r"probability` is .*; it must be a number from 0 to 1"):
        parse(broken)


def test_a_manifest_that_cameras_would_refuse_is_not_made() -> None:
    with pytest.raises(ManifestError, match="`temperature` is 0"):
        made(temperature=0)


def test_an_incomplete_evaluation_makes_no_manifest() -> None:
    with pytest.raises(ManifestError, match="lacks what a release needs"):
        make(
            "trash",
            1,
            {"candidate": {"all": {}}},
            File("m", "a" * 64, 1),
            File("g", "a" * 64, 1),
            "now",
        )


MODEL = GOOD["model"]["sha256"]
OLDER, SAME, NEWER = Installed(6, "6" * 64), Installed(7, MODEL), Installed(8, "8" * 64)


@pytest.mark.parametrize(
    ("highest", "running", "take", "already", "sentence"),
    [
        (None, None, True, False, "is newer than what this camera had"),
        (OLDER, OLDER, True, False, "is newer than what this camera had"),
        (SAME, SAME, False, True, "is running already"),
        (SAME, OLDER, True, False, "was committed before and is not running now"),
        (
            Installed(7, "e" * 64),
            Installed(7, "e" * 64),
            False,
            False,
            "is another file than the release 7 that this camera committed before",
        ),
        (
            NEWER,
            NEWER,
            False,
            False,
            "is older than release 8, which this camera committed before",
        ),
        (
            NEWER,
            OLDER,
            False,
            False,
            "is older than release 8, which this camera committed before",
        ),
    ],
)
def test_a_camera_takes_only_what_is_newer(
    highest: Installed | None, running: Installed | None, take: bool, already: bool, sentence: str
) -> None:
    decision = accepts(parse(GOOD), highest, running, agent_version=1)
    assert (decision.take, decision.running) == (take, already)
    assert decision.reason == f"release 7 {sentence}"


def test_a_release_for_a_later_agent_waits_for_it() -> None:
    decision = accepts(parse({**GOOD, "min_agent": 2}), None, None, agent_version=1)
    assert not decision.take
    assert decision.reason == (
        "release 7 needs camera agent 2 or newer and this is agent 1; update the agent first"
    )
