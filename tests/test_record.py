"""A run's record says what became of it, whatever is missing, and keeps what others wrote."""

import json
import re
from typing import Any

import pytest

from lensloop import record
from lensloop.record import Findings, Sent
from lensloop.trigger.blame import fault

NOW, LATER = "2026-11-26T10:22:40+00:00", "2026-11-26T10:30:00+00:00"
EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:deeplens-trash-retraining:r00000007"
LABELS = {"can": {"train": 6, "validation": 2, "test": 2, "images": 10, "new": 1}}
LOST = ["The folder `tin` gives no label."]
REPORT = {
    "labels": LABELS,
    "lost": LOST,
    "new": 3,
    "removed": 1,
    "since": {"epoch": 6, "digest": "d6"},
}
FETCHED = {"images": 4, "bytes": 9000, "volume_gb": 30, "everything_gb": 30}
DATASET = {
    "digest": "d7",
    "images": 20,
    "fetched": FETCHED,
    "rejected": 2,
    "report": "datasets/d7/report.html",
    "moves": ["aws s3 mv a b"],
    "beside": ["b"],
    "reasons": [],
    "changed": True,
}
TRAINING = {"jobs": [{"name": "deeplens-trash-7-1"}], "model": "s3://bucket/model.tar.gz"}
VERDICT = {"ship": True, "reasons": ["accuracy 0.91"], "weak": ["can"], "accuracy": 0.91}
EVALUATION: dict[str, Any] = {
    "candidate": {"all": {"accuracy": 0.91}},
    "live": None,
    "unfamiliar": {"threshold": 1.5, "false_alarms": 2},
    "features": {"kept": 19, "embedded": 1},
    "golden": [],
    "int8": {"kept": False, "reason": "too few pictures"},
    "model_bytes": 13_500_000,
    "milliseconds": 6.2,
}
RELEASE = {"epoch": 7, "model_sha256": "abc", "labels": ["can"], "accuracy": 0.91}
PACKAGE = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/deeplens-trash/3"
MESSAGE: dict[str, Any] = {
    "at": NOW,
    "source": "retraining",
    "subject": "s",
    "body": "b",
    "sent": True,
}


def event(outcome: str, **parts: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        (
            *("snapshot", "dataset", "training", "doubts", "verdict"),
            *("release", "registered", "failure"),
        )
    )
    known = {"epoch": 7, "execution": EXECUTION, "started_at": "2026-11-26T10:15:00Z"}
    return {"workflow": "retraining", "outcome": outcome, **known, **nothing, **parts}


TRIED = [{"instance": "ml.m5.xlarge", "spot": True, "fault": "quota", "said": "0 Instances"}]


def retraining(outcome: str, found: Findings | None = None, **parts: Any) -> record.Record:
    return record.of_retraining(
        record.empty("trash", 7), event(outcome, **parts), found or Findings(), NOW
    )


def test_a_run_that_just_began_knows_its_number_and_nothing_else() -> None:
    known = {"format": 1, "epoch": 7, "project": "trash"}
    texts = dict.fromkeys(("outcome", "execution"), "")
    lists: dict[str, Any] = {"reasons": [], "problems": [], "messages": [], "steered": []}
    parts = (
        *("began_at", "ended_at", "changes", "dataset", "training", "scores", "verdict"),
        *("doubts", "mistakes", "unfamiliar", "features", "int8", "release", "registered"),
        *("approval", "rollout", "taken_back", "failure"),
    )
    assert record.empty("trash", 7) == {**known, **texts, **lists, **dict.fromkeys(parts)}


def test_a_release_whose_registering_broke_says_so_and_is_a_release_all_the_same() -> None:
    broken = {"package": "", "problems": [], "failure": {"Error": "Sandbox.Timedout", "Cause": ""}}
    found = retraining("released", release=RELEASE, registered=broken)
    assert (found["outcome"], found["failure"], found["registered"]) == (
        "released",
        None,
        {"package": ""},
    )
    [problem] = found["problems"]
    assert problem.startswith("The release could not be registered in SageMaker: ")
    assert "Sandbox.Timedout" in problem


def test_what_a_release_goes_without_is_said() -> None:
    without = {"model.int8.onnx": "it hangs", "deeplens.tar.gz": "it is gone"}
    found = retraining("released", release=RELEASE | {"left_out": without})
    assert found["problems"] == [
        "The release goes without model.int8.onnx: it hangs.",
        "The release goes without deeplens.tar.gz: it is gone.",
    ]
    assert retraining("released", release=RELEASE | {"left_out": {}})["problems"] == []


WAITS = "waits-for-approval"
APPROVED = {"epoch": 7, "decision": "approved", "by": "ann", "note": "fine"}


def test_a_release_that_waits_says_so_until_somebody_decides() -> None:
    waits = retraining(WAITS, release=RELEASE)
    assert waits["approval"] == {"decision": "waiting", "by": "", "note": "", "at": NOW}
    decided = record.of_approval(waits, APPROVED, "later")
    assert decided["approval"] == {
        "decision": "approved",
        "by": "ann",
        "note": "fine",
        "at": "later",
    }
    assert record.of_approval(decided, APPROVED | {"by": "bob"}, "last") == decided
    other = record.of_approval(decided, {"epoch": 7, "decision": "rejected"}, "last")
    assert other["approval"] == {"decision": "rejected", "by": "", "note": "", "at": "last"}
    assert record.read(record.to_json(decided)) == decided


def test_who_decides_before_the_run_has_ended_is_not_forgotten() -> None:
    decided = record.of_approval(record.empty("trash", 7), APPROVED, "before")
    found = record.of_retraining(decided, event(WAITS), Findings(), NOW)
    assert found["approval"] == decided["approval"]
    assert retraining("released")["approval"] is None


def test_a_release_that_takes_the_place_of_another_says_of_which() -> None:
    replaces = event(WAITS, release=RELEASE | {"instead_of": 5})
    assert record.superseded_by(replaces) == {
        "workflow": "approval",
        "epoch": 5,
        "decision": "superseded",
        "by": "release 7",
    }
    for nobody in (event(WAITS, release=RELEASE | {"instead_of": 0}), event("refused")):
        assert record.superseded_by(nobody) is None


def test_who_took_a_release_back_stays_written_down() -> None:
    event: dict[str, Any] = {"to": 5, "by": "ann", "note": "dusk", "serial": 2}
    found = record.of_rollback(retraining("released"), event, NOW)
    assert found["taken_back"] == {**event, "at": NOW}
    assert record.of_rollback(found, event, "later") == found, "told again"
    assert record.read(record.to_json(found)) == found
    with pytest.raises(record.RecordError, match=r"`taken_back\.to` is 0"):
        record.read(
            record.to_json(record.of_rollback(retraining("released"), event | {"to": 0}, NOW))
        )


def test_an_approval_that_is_no_text_is_no_record() -> None:
    wrong = {**record.empty("trash", 7), "approval": {"decision": 1, "by": "", "note": ""}}
    with pytest.raises(record.RecordError, match="decision"):
        record.read(json.dumps(wrong))


def test_these_ends_are_failures_and_no_others() -> None:
    failures = ["aborted", "failed", "forgotten", "not-rolled-out", "timed-out"]
    assert sorted(record.FAILURES) == failures
    assert sorted(record.ROLLOUT_FAILURES) == ["canary-failed", "failed", "fleet-failed"]


def test_an_execution_that_nobody_names_is_empty() -> None:
    nameless = {"outcome": "failed", "failure": {"Cause": "It broke."}}
    told = record.of_retraining(record.empty("trash", 7), nameless, Findings(), NOW)
    assert (told["execution"], told["began_at"]) == ("", None)
    assert told["failure"] == {"error": "", "cause": "It broke."}
    rollout = record.of_rollout(record.empty("trash", 7), nameless, NOW)["rollout"]
    assert rollout is not None
    assert rollout["execution"] == ""


def test_a_record_is_a_file_that_people_can_read_and_compare() -> None:
    short: Any = {"outcome": "für", "epoch": 7}
    assert record.to_json(short) == '{\n "epoch": 7,\n "outcome": "für"\n}'.encode()


def test_a_released_run_is_recorded_whole() -> None:
    updated = retraining(
        "released",
        Findings(REPORT, EVALUATION, {"count": 4, "pictures": []}, problems=("something odd",)),
        dataset=DATASET,
        training=TRAINING,
        machine={"tried": TRIED},
        doubts={"count": 1, "sentences": ["look"], "failure": None},
        verdict=VERDICT,
        release=RELEASE,
        registered={"package": PACKAGE, "problems": ["no lineage"]},
    )
    assert updated == {
        "format": 1,
        "epoch": 7,
        "project": "trash",
        "outcome": "released",
        "reasons": ["accuracy 0.91"],
        "began_at": "2026-11-26T10:15:00Z",
        "ended_at": NOW,
        "execution": EXECUTION,
        "changes": {"new": 3, "removed": 1, "since": {"epoch": 6, "digest": "d6"}},
        "dataset": {
            "digest": "d7",
            "images": 20,
            "fetched": FETCHED,
            "rejected": 2,
            "labels": LABELS,
            "report": "datasets/d7/report.html",
            "moves": ["aws s3 mv a b"],
            "lost": LOST,
            "beside": ["b"],
        },
        "training": TRAINING | {"tried": TRIED},
        "scores": {"candidate": {"all": {"accuracy": 0.91}}, "live": None},
        "verdict": {"ship": True, "reasons": ["accuracy 0.91"], "weak": ["can"]},
        "doubts": {"count": 1, "sentences": ["look"]},
        "mistakes": {"count": 4},
        "unfamiliar": {"threshold": 1.5, "false_alarms": 2},
        "features": {"kept": 19, "embedded": 1},
        "int8": {
            **{"kept": False, "reason": "too few pictures"},
            "whole": {"bytes": 13_500_000, "milliseconds": 6.2},
        },
        "release": RELEASE,
        "registered": {"package": PACKAGE},
        "approval": None,
        "rollout": None,
        "taken_back": None,
        "steered": [],
        "failure": None,
        "problems": ["something odd", "no lineage"],
        "messages": [],
    }
    assert record.read(record.to_json(updated)) == updated


def test_a_run_that_broke_at_once_has_a_record() -> None:
    cause = '{"errorMessage": "The bucket is gone.", "errorType": "NoSuchBucket"}'
    updated = retraining("failed", failure={"Error": "NoSuchBucket", "Cause": cause})
    assert updated["outcome"] == "failed"
    assert updated["reasons"] == ["The bucket is gone.", fault("NoSuchBucket", cause).advice]
    assert updated["failure"] == {"error": "NoSuchBucket", "cause": cause}
    missing = ("changes", "dataset", "training", "scores", "verdict", "doubts", "release")
    assert {updated[part] for part in missing} == {None}  # type: ignore[literal-required]


def test_pictures_deleted_under_a_run_are_no_failure_of_it() -> None:
    failure = {"Error": "States.TaskFailed", "Cause": "404"}
    deleted = {"count": 1, "reasons": ["1 picture was deleted"]}
    told = retraining("pictures-deleted", failure=failure, deleted=deleted)
    assert (told["reasons"], told["failure"]) == (["1 picture was deleted"], None)
    assert told["outcome"] not in record.FAILURES


def test_a_lack_of_machines_is_no_failure_and_says_what_was_tried() -> None:
    failure = {"Error": "States.TaskFailed", "Cause": "CapacityError"}
    machine = {"tried": TRIED, "reasons": ["AWS has none"]}
    told = retraining("no-machine", failure=failure, machine=machine)
    assert (told["reasons"], told["failure"]) == (["AWS has none"], None)
    assert told["training"] == {"jobs": [], "model": None, "tried": TRIED}
    assert told["outcome"] not in record.FAILURES


@pytest.mark.parametrize(
    ("parts", "reasons"),
    [
        ({"dataset": DATASET | {"reasons": ["too few"]}}, ["too few"]),
        ({"dataset": DATASET | {"reasons": ["new"]}, "verdict": VERDICT}, ["accuracy 0.91"]),
        ({"verdict": VERDICT, "failure": {"Error": "States.Timeout"}}, ["States.Timeout"]),
        ({}, []),
    ],
)
def test_the_reasons_are_those_of_the_last_thing_that_decided(
    parts: dict[str, Any], reasons: list[str]
) -> None:
    assert retraining("x", **parts)["reasons"] == reasons


def test_doubts_that_could_not_be_had_are_said() -> None:
    failure = {"Error": "BadArtifact", "Cause": '{"errorMessage": "It is cut."}'}
    updated = retraining("released", doubts={"count": 0, "sentences": [], "failure": failure})
    sentence = "Which labels may be wrong could not be reported: It is cut."
    assert updated["doubts"] == {"count": 0, "sentences": [sentence]}


def test_a_data_set_whose_answer_names_no_commands_and_no_neighbours_has_none() -> None:
    answer = {name: DATASET[name] for name in DATASET.keys() - {"moves", "beside"}}
    dataset = retraining("too-few-images", dataset=answer)["dataset"]
    assert dataset is not None
    assert (dataset["moves"], dataset["beside"]) == ([], [])


def test_labels_are_unknown_where_the_report_cannot_be_read() -> None:
    dataset = retraining("too-few-images", dataset=DATASET)["dataset"]
    assert dataset is not None
    assert (dataset["labels"], dataset["images"]) == ({}, 20)


@pytest.mark.parametrize(
    ("canary", "fleet", "expected"),
    [
        (None, None, (0, 0, [])),
        ({"proven": 1, "cameras": 2, "reasons": ["a"]}, None, (1, 2, ["a"])),
        (
            {"proven": 1, "cameras": 1, "reasons": ["a"]},
            {"proven": 3, "cameras": 4, "reasons": ["b", "c"]},
            (4, 5, ["a", "b", "c"]),
        ),
        ({"job": "x", "superseded": True}, None, (0, 0, [])),
    ],
)
def test_a_rollout_adds_its_part_and_changes_no_other(
    canary: Any, fleet: Any, expected: tuple[int, int, list[str]]
) -> None:
    before = retraining("released", verdict=VERDICT, release=RELEASE)
    ended = {"outcome": "rolled-out", "execution": "arn:rollout", "canary": canary, "fleet": fleet}
    updated = record.of_rollout(before, ended | {"failure": None}, LATER)
    rollout = updated["rollout"]
    assert rollout is not None
    assert (rollout["proven"], rollout["cameras"], rollout["reasons"]) == expected
    assert (rollout["outcome"], rollout["ended_at"]) == ("rolled-out", LATER)
    assert rollout["execution"] == "arn:rollout"
    assert updated | {"rollout": None} == before


def test_a_rollout_that_broke_says_what_broke() -> None:
    failure = {"Error": "BadArtifact", "Cause": '{"errorMessage": "No manifest."}'}
    ended = {"outcome": "failed", "canary": None, "fleet": None, "failure": failure}
    rollout = record.of_rollout(record.empty("trash", 7), ended, LATER)["rollout"]
    assert rollout is not None
    assert rollout["reasons"] == ["No manifest."]


def test_a_rollout_that_was_recorded_first_is_kept_by_the_retraining() -> None:
    ended = {"outcome": "no-cameras", "canary": None, "fleet": None, "failure": None}
    first = record.of_rollout(record.empty("trash", 7), ended, NOW)
    updated = record.of_retraining(first, event("released"), Findings(), LATER)
    assert updated["rollout"] == first["rollout"]
    assert updated["outcome"] == "released"


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        ("aborted", "aborted"),
        ("timed out", "timed-out"),
        ("failed", "failed"),
        ("forgotten by Step Functions", "forgotten"),
    ],
)
def test_the_tick_says_how_a_run_ended_that_could_not_say_so(ending: str, outcome: str) -> None:
    updated = record.of_trigger(
        record.empty("trash", 7), {"epoch": 7, "outcome": ending, "reasons": ["because"]}, NOW
    )
    assert (updated["outcome"], updated["reasons"], updated["ended_at"]) == (
        outcome,
        ["because"],
        NOW,
    )
    assert outcome in record.FAILURES


def test_the_tick_may_know_no_reason() -> None:
    told = record.of_trigger(record.empty("trash", 7), {"epoch": 7, "outcome": "aborted"}, NOW)
    assert (told["outcome"], told["reasons"]) == ("aborted", [])


@pytest.mark.parametrize("ending", [None, {"epoch": 6, "outcome": "aborted", "reasons": []}])
def test_the_tick_says_nothing_of_another_run(ending: Any) -> None:
    before = record.empty("trash", 7)
    assert record.of_trigger(before, ending, NOW) == before


def test_the_tick_does_not_contradict_the_workflow() -> None:
    before = retraining("refused", verdict=VERDICT)
    ending = {"epoch": 7, "outcome": "failed", "reasons": []}
    assert record.of_trigger(before, ending, LATER) == before


def message(body: str = "b", source: str = "retraining", sent: bool = True) -> Sent:
    return Sent(at=NOW, source=source, subject="s", body=body, sent=sent)


def test_messages_are_noted_in_order() -> None:
    updated = record.with_message(record.empty("trash", 7), message("one"))
    updated = record.with_message(updated, message("two", "rollout"))
    assert [noted["body"] for noted in updated["messages"]] == ["one", "two"]


def test_a_message_that_is_sent_after_all_is_noted_once() -> None:
    updated = record.with_message(record.empty("trash", 7), message(sent=False))
    assert not record.was_sent(updated, message())
    updated = record.with_message(updated, message())
    assert updated["messages"] == [message()]
    assert record.was_sent(updated, message())


@pytest.mark.parametrize("other", [message("other"), message(source="rollout")])
def test_another_message_is_another_message(other: Sent) -> None:
    updated = record.with_message(record.empty("trash", 7), message())
    assert not record.was_sent(updated, other)
    assert len(record.with_message(updated, other)["messages"]) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", r"^The run's record is not JSON: Expecting .*[.]$"),
        ("[]", r"^The run's record is not of format 1, which this version reads[.]$"),
        ('{"format": 2, "epoch": 7}', r"^The run's record is not of format 1, which"),
        ('{"format": 1, "epoch": "7"}', r"^The run's record does not say of which run it is[.]$"),
    ],
)
def test_what_is_no_record_is_told(text: str, says: str) -> None:
    with pytest.raises(record.RecordError, match=says):
        record.read(text)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"outcome": None}, "`outcome` is missing; it must be text"),
        ({"outcome": 3}, "`outcome` is 3; it must be text"),
        ({"reasons": None}, "`reasons` is missing; it must be a list of sentences"),
        ({"reasons": "worse"}, "`reasons` is 'worse'; it must be a list of sentences"),
        ({"reasons": ["worse", 3]}, "`reasons` is ['worse', 3]; it must be a list of sentences"),
        ({"ended_at": "yesterday"}, "`ended_at` is 'yesterday'; it must be a time of ISO 8601"),
        ({"ended_at": 1700000000}, "`ended_at` is 1700000000; it must be a time of ISO 8601"),
        ({"rollout": 3}, "`rollout` is 3; it must be an object"),
        ({"rollout": {"reasons": []}}, "`rollout.outcome` is missing; it must be text"),
        ({"rollout": {"outcome": "failed"}}, "`rollout.reasons` is missing; it must be a list of"),
        ({"messages": None}, "`messages` is missing; it must be a list"),
        ({"messages": [MESSAGE | {"at": ""}]}, "`messages[0].at` is ''; it must be a time of ISO"),
        ({"messages": [MESSAGE, {**MESSAGE, "source": 1}]}, "`messages[1].source` is 1; it must"),
        ({"messages": [MESSAGE | {"subject": None}]}, "`messages[0].subject` is missing; it must"),
        ({"messages": [MESSAGE | {"body": []}]}, "`messages[0].body` is []; it must be text"),
        (
            {"messages": [MESSAGE | {"sent": 1}]},
            "`messages[0].sent` is 1; it must be true or false",
        ),
    ],
)
def test_a_part_that_cannot_be_shown_is_named(part: dict[str, Any], says: str) -> None:
    whole = {"format": 1, "epoch": 7, "messages": [MESSAGE]}
    assert record.read(json.dumps(whole))["messages"] == [MESSAGE]
    with pytest.raises(record.RecordError, match=re.escape(f"The run's record is wrong: {says}")):
        record.read(json.dumps(whole | part))


def test_a_record_of_an_older_version_lacks_nothing() -> None:
    updated = record.read(json.dumps({"format": 1, "epoch": 7, "outcome": "refused"}))
    assert updated == record.empty("", 7) | {"outcome": "refused"}


def test_where_a_runs_page_is() -> None:
    assert record.page_key(7) == "runs/7/report.html"


@pytest.mark.parametrize(
    ("outcome", "reasons", "subject", "sent", "known"),
    [
        ("unanswered", ["deeplens_a is offline"], "it waits", True, True),
        ("failed", ["deeplens_a is offline"], "it waits", True, False),
        ("unanswered", ["deeplens_b is offline"], "it waits", True, False),
        ("unanswered", ["deeplens_a is offline"], "it broke", True, False),
        ("unanswered", ["deeplens_a is offline"], "it waits", False, False),
    ],
)
def test_a_rollout_that_comes_to_nothing_each_day_is_told_once(
    outcome: str, reasons: list[str], subject: str, sent: bool, known: bool
) -> None:
    def ended(outcome: str, reasons: list[str], execution: str) -> record.Record:
        wave = {"reasons": reasons}
        event = {"outcome": outcome, "execution": execution, "canary": wave}
        return record.of_rollout(record.empty("trash", 7), event, NOW)

    def told(subject: str, sent: bool) -> record.Sent:
        return record.Sent(at=NOW, source="rollout", subject=subject, body="…", sent=sent)

    first = ended("unanswered", ["deeplens_a is offline"], "r00000007")
    before = record.with_message(first, told("it waits", sent))
    now = ended(outcome, reasons, "r00000007-2")
    assert record.is_known(before, now, told(subject, True)) is known


def test_an_end_that_is_decided_is_told_each_time() -> None:
    event = {"outcome": "canary-failed", "execution": "r00000007", "canary": {"reasons": ["dark"]}}
    ended = record.of_rollout(record.empty("trash", 7), event, NOW)
    told = record.Sent(at=NOW, source="rollout", subject="it failed", body="…", sent=True)
    assert not record.is_known(record.with_message(ended, told), ended, told)
