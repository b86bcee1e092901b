"""From a camera's answer to what its model learnt, and from a picture to the releases that did."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lensloop import record
from lensloop.model import lineage
from lensloop.model.lineage import Answered, LineageError, Picture, Use
from lensloop.record import Record
from lensloop.wire.manifest import parse
from tests.dataset.made import row
from tests.wire.test_manifest import made

RELEASE = parse(made())
ROWS = [
    row(1, "can", split="train"),
    row(2, "can", split="train"),
    row(3, "glass", split="train"),
    row(4, "glass", split="validation"),
    row(5, "can", split="test"),
]
ANSWER = {"frame": "a.jpg", "epoch": 7, "predicted": "can", "probabilities": {"can": 1.0}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(ANSWER), Answered(7)),
        (json.dumps(ANSWER, indent=1), Answered(7)),
        (json.dumps({**ANSWER, "epoch": 6}) + "\n" + json.dumps(ANSWER) + "\n", Answered(7)),
        (
            json.dumps({"epoch": 7, "sha256": "a" * 64, "last_result": ANSWER}),
            Answered(7, "a" * 64),
        ),
        (json.dumps({"epoch": 1, "sha256": None}), Answered(1)),
    ],
    ids=["an answer", "printed", "results.jsonl", "status.json", "no sha256"],
)
def test_an_answer_says_which_release_gave_it(text: str, expected: Answered) -> None:
    assert lineage.answered(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps({"can": 0.9, "glass": 0.1}), "holds labels only"),
        (json.dumps([1]), "does not say which release"),
        (json.dumps({"epoch": 0}), "does not say which release"),
        (json.dumps({"epoch": True}), "does not say which release"),
        (json.dumps({"epoch": "7"}), "does not say which release"),
        ("glass", "This is not JSON"),
        ("", "This is not JSON"),
    ],
)
def test_what_says_no_release_is_no_answer(text: str, says: str) -> None:
    with pytest.raises(LineageError, match=says):
        lineage.answered(text)


def test_an_answer_of_another_model_is_of_another_project() -> None:
    lineage.check(Answered(7), RELEASE)
    lineage.check(Answered(7, "a" * 64), RELEASE)
    with pytest.raises(LineageError, match="model cccccccccccc, but release 7 is aaaaaaaaaaaa"):
        lineage.check(Answered(7, "c" * 64), RELEASE)


def of_run(**parts: Any) -> Record:
    written: Any = {**record.empty("trash", 7), **parts}
    return written  # type: ignore[no-any-return]


def test_a_release_leads_to_its_job_its_data_set_and_every_picture() -> None:
    jobs = [
        {"name": "deeplens-trash-7-1", "status": "Stopped"},
        {"name": "deeplens-trash-7-2", "status": "Completed"},
    ]
    archive = "s3://b/training/deeplens-trash-7-2/output/model.tar.gz"
    run = of_run(
        outcome="released",
        training={"jobs": jobs, "model": archive},
        registered={"package": "arn:p"},
    )
    found = lineage.origin(RELEASE, run, ROWS)
    assert (found.epoch, found.model_sha256, found.dataset) == (7, "a" * 64, "d" * 64)
    assert (found.job, found.archive, found.package, found.outcome, found.created_at) == (
        "deeplens-trash-7-2",
        archive,
        "arn:p",
        "released",
        "2026-11-22",
    )
    assert found.counts == {
        "train": {"can": 2, "glass": 1},
        "validation": {"glass": 1},
        "test": {"can": 1},
    }
    assert found.pictures[0] == Picture(ROWS[0].key, "can", "train", ROWS[0].sha256)
    assert len(found.pictures) == 5


def test_a_model_that_was_judged_again_is_of_the_job_that_its_archive_names() -> None:
    archive = "s3://b/training/deeplens-trash-5-1/output/model.tar.gz"
    found = lineage.origin(RELEASE, of_run(training={"jobs": [], "model": archive}), ())
    assert (found.job, found.package) == ("deeplens-trash-5-1", "")
    assert found.counts == {"train": {}, "validation": {}, "test": {}}


def test_a_run_without_a_record_leaves_its_release_and_its_pictures() -> None:
    found = lineage.origin(RELEASE, None, ROWS[:1])
    assert (found.job, found.archive, found.package, found.outcome) == ("", "", "", "")
    assert found.counts["train"] == {"can": 1}


def test_a_picture_is_found_by_what_is_in_it_wherever_it_lay() -> None:
    moved = replace_key(ROWS[4], "images/can/old name.jpg")
    expected = Use(7, "d" * 64, "images/can/old name.jpg", "can", "test")
    assert (
        lineage.use(RELEASE, [*ROWS[:4], moved], ROWS[4].sha256, "images/can/new.jpg") == expected
    )
    assert lineage.use(RELEASE, ROWS, "f" * 64) is None


def replace_key(row: Any, key: str) -> Any:
    return row._replace(key=key)


def test_a_picture_that_is_gone_is_found_by_where_it_lay() -> None:
    found = lineage.use(RELEASE, ROWS, "", ROWS[0].key)
    assert found == Use(7, "d" * 64, ROWS[0].key, "can", "train")
    assert found is not None
    assert replace(found, epoch=8).epoch == 8
    other = lineage.use(RELEASE, ROWS, "f" * 64, ROWS[0].key)
    assert other is None, "another picture lies there now"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a" * 64, True), ("0" * 64, True), ("a" * 63, False), ("g" * 64, False), ("A" * 64, False)],
)
def test_a_sha256_is_64_hexadecimal_digits(text: str, is_one: bool) -> None:
    assert lineage.is_sha256(text) is is_one


def test_each_side_says_what_its_pictures_were_used_for() -> None:
    assert lineage.USES == {
        "train": "learnt from",
        "validation": "used to choose and calibrate",
        "test": "only tested on",
    }
