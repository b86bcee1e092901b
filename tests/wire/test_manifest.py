"""Which manifests are read, what is said about the others, and which releases a camera takes."""

import copy
import json
from typing import Any

import pytest

from lensloop.wire.manifest import File, Installed, ManifestError, accepts, make, parse
from tests.camera.small_release import make_release

GOOD = make_release(7).manifest


def test_what_is_built_is_what_is_read() -> None:
    read = parse(json.loads(json.dumps(GOOD)))
    assert (read.epoch, read.project, read.labels) == (7, "trash", ("red", "green", "blue"))
    assert read.model == File(**GOOD["model"])
    assert len(read.pictures) == 6
    assert read.metrics == {
        "accuracy": 1.0,
        "recall": {"red": 1.0, "green": 1.0, "blue": 1.0},
        "test_images": 30,
    }


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert parse({**GOOD, "signature": "…"}).epoch == 7


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("epoch", 0, "`epoch` is 0"),
        ("epoch", True, "`epoch` is True"),
        ("epoch", "7", "`epoch` is '7'"),
        ("project", "", "`project` is ''"),
        ("labels", ["red"], "at least two labels"),
        ("labels", ["red", "red"], "each once"),
        ("labels", ["red", 5], "must be a list of labels"),
        ("labels", None, "`labels` is missing"),
        ("model.sha256", "ABC", "sha256"),
        ("model.size", 0, "`model.size`"),
        ("model.size", 10**12, "`model.size`"),
        ("model.file", "../../etc/passwd", "plain file name"),
        ("golden.file", ".hidden", "plain file name"),
        ("golden.pictures", [], "no camera could prove"),
        ("golden.pictures", ["x"], "`golden.pictures[0]` is 'x'"),
        ("input.width", 4.5, "`input.width`"),
        ("input", None, "`input` is missing"),
        ("temperature", float("nan"), "`temperature` is nan"),
        ("reject_threshold", 2, "`reject_threshold` is 2"),
        ("min_agent", "1", "`min_agent`"),
    ],
)
def test_each_mistake_gets_a_sentence(path: str, value: Any, sentence: str) -> None:
    broken = copy.deepcopy(GOOD)
    *folders, last = path.split(".")
    inner = broken
    for part in folders:
        inner = inner[part]
    inner[last] = value
    with pytest.raises(ManifestError) as caught:
        parse(broken)
    assert sentence in str(caught.value)


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
        (None, None, True, False, "newer"),
        (OLDER, OLDER, True, False, "newer"),
        (SAME, SAME, False, True, "running already"),
        (SAME, OLDER, True, False, "not running now"),
        (Installed(7, "e" * 64), Installed(7, "e" * 64), False, False, "another file"),
        (NEWER, NEWER, False, False, "older than release 8"),
        (NEWER, OLDER, False, False, "older than release 8"),
    ],
)
def test_a_camera_takes_only_what_is_newer(
    highest: Installed | None, running: Installed | None, take: bool, already: bool, sentence: str
) -> None:
    decision = accepts(parse(GOOD), highest, running, agent_version=1)
    assert (decision.take, decision.running) == (take, already)
    assert sentence in decision.reason


def test_a_release_for_a_later_agent_waits_for_it() -> None:
    decision = accepts(parse({**GOOD, "min_agent": 2}), None, None, agent_version=1)
    assert not decision.take
    assert "update the agent first" in decision.reason
