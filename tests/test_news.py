"""Each message says what happened, why, what a person can do, and where to look."""

from collections.abc import Callable
from typing import Any

import pytest

from lensloop import news, record
from lensloop.news import Message, Sender
from lensloop.record import Record
from lensloop.trigger.blame import Fault

SENDER = Sender("deeplens-trash", "deeplens-trash-111122223333-eu-west-1")
ARN = "arn:aws:states:eu-west-1:111122223333:execution:deeplens-trash-retraining:r00000007"
LINK = (
    "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1"
    f"#/v2/executions/details/{ARN}"
)
WHERE = (
    "The run's page: lensloop report 7\n"
    "  s3://deeplens-trash-111122223333-eu-west-1/runs/7/report.html\n"
    f"Every step: {LINK}\n"
)


def run(outcome: str, **parts: Any) -> Record:
    of_run: Any = {**record.empty("trash", 7), "outcome": outcome, "execution": ARN, **parts}
    return of_run  # type: ignore[no-any-return]


def rollout(outcome: str, **parts: Any) -> Record:
    part = {"outcome": outcome, "reasons": ["a", "b"], "proven": 3, "cameras": 4, "execution": ""}
    return run("released", rollout=part | parts)


FAILURE = {"error": "BadArtifact", "cause": '{"errorMessage": "No model."}'}
RETRAINING: dict[str, tuple[Record, Message]] = {
    "released": (
        run("released", reasons=["accuracy 0.91"], doubts={"count": 1, "sentences": ["Look."]}),
        Message(
            "deeplens-trash: release 7 is on its way to the cameras",
            "The model of run 7 is good enough: it is release 7, and its rollout has started.\n\n"
            "Why:\n– accuracy 0.91\n\n"
            "Look.\n\n" + WHERE,
        ),
    ),
    "refused": (
        run("refused", reasons=["recall of can 0.41 is below its floor 0.50", "accuracy fell"]),
        Message(
            "deeplens-trash: the model of run 7 was refused",
            "The model of run 7 is not good enough, and the cameras keep theirs.\n\n"
            "Why:\n– recall of can 0.41 is below its floor 0.50\n– accuracy fell\n\n"
            "What you can do: look at the run's page. Move pictures that lie in the wrong folder,"
            " and add pictures of labels that are found too seldom. The next run starts by itself"
            " when pictures have changed.\n\n" + WHERE,
        ),
    ),
    "refused without a training": (
        run("refused", reasons=["accuracy fell"], training={"jobs": [], "model": "s3://b/m"}),
        Message(
            "deeplens-trash: the model of run 7 was refused",
            "The model of run 7 is not good enough, and the cameras keep theirs.\n\n"
            "Why:\n– accuracy fell\n\n"
            "Nothing was trained: the model of these pictures was there, and was judged again.\n\n"
            "What you can do: look at the run's page. Move pictures that lie in the wrong folder,"
            " and add pictures of labels that are found too seldom. The next run starts by itself"
            " when pictures have changed.\n\n" + WHERE,
        ),
    ),
    "released after a training": (
        run("released", training={"jobs": [{"name": "j"}], "model": "s3://b/m"}),
        Message(
            "deeplens-trash: release 7 is on its way to the cameras",
            "The model of run 7 is good enough: it is release 7, and its rollout has started.\n\n"
            + WHERE,
        ),
    ),
    "held": (
        run("held", reasons=["none of the labels of the live model is left (can, glass)"]),
        Message(
            "deeplens-trash: the model of run 7 is held for a person",
            "The model of run 7 reaches every floor, but whether it is better than the live one no"
            " rule can say. The cameras keep theirs.\n\n"
            "Why:\n– none of the labels of the live model is left (can, glass)\n\n"
            "What you can do: if pictures were deleted or labels changed by mistake, bring them"
            " back; the next run starts by itself. If it is as you want it, release the model"
            " with:\n  lensloop approve\n\n" + WHERE,
        ),
    ),
    "waits for approval": (
        run(
            "waits-for-approval",
            reasons=["accuracy 0.91"],
            release={"instead_of": 0},
            registered={"package": ""},
        ),
        Message(
            "deeplens-trash: release 7 waits for your approval",
            "The model of run 7 is good enough, and is published as release 7. It goes to no camera"
            " until a person approves it.\n\n"
            "Why:\n– accuracy 0.91\n\n"
            "Look at the run's page, then:\n  lensloop approve 7\n  lensloop reject 7\n\n" + WHERE,
        ),
    ),
    "waits for approval in another's place": (
        run(
            "waits-for-approval",
            release={"instead_of": 5},
            registered={"package": "arn:aws:sagemaker:r:1:model-package/g/3"},
        ),
        Message(
            "deeplens-trash: release 7 waits for your approval",
            "The model of run 7 is good enough, and is published as release 7. It goes to no camera"
            " until a person approves it.\n\n"
            "It takes the place of release 5, which was still waiting.\n\n"
            "Look at the run's page, then:\n  lensloop approve 7\n  lensloop reject 7\n"
            "or set the status of its version in the registry:\n"
            "  arn:aws:sagemaker:r:1:model-package/g/3\n\n" + WHERE,
        ),
    ),
    "too few": (
        run("too-few-images", reasons=["`can` has 3 pictures"]),
        Message(
            "deeplens-trash: too few pictures to train",
            "Run 7 trained nothing: there are too few usable pictures.\n\n"
            "What is missing:\n– `can` has 3 pictures\n\n"
            "The next run starts by itself when pictures have changed. The run's page lists every"
            " picture that was left out, and why.\n\n" + WHERE,
        ),
    ),
    "wrong folders": (
        run("wrong-folders", reasons=["A split."], dataset={"moves": ["aws s3 mv a b", "…"]}),
        Message(
            "deeplens-trash: the folders under images/ do not look like labels",
            "Run 7 trained nothing: the folders under images/ do not look like labels.\n\n"
            "Why, and what you can do:\n– A split.\n\n"
            "What moves them:\n  aws s3 mv a b\n  …\n\n" + WHERE,
        ),
    ),
    "wrong folders that cannot be moved": (
        run("wrong-folders", reasons=["A split."]),
        Message(
            "deeplens-trash: the folders under images/ do not look like labels",
            "Run 7 trained nothing: the folders under images/ do not look like labels.\n\n"
            "Why, and what you can do:\n– A split.\n\n" + WHERE,
        ),
    ),
    "blocked": (
        run("blocked", reasons=[news.BLOCKED]),
        Message(
            "deeplens-trash: retraining is blocked",
            "Run 7 did not train: training on exactly these pictures kept failing.\n\n"
            "What you can do: change the pictures, or have it tried again as it is with\n"
            "  lensloop clear-block\n\n" + WHERE,
        ),
    ),
    "pictures deleted": (
        run("pictures-deleted", reasons=[news.pictures_deleted(["images/can/1.jpg"])]),
        Message(
            "deeplens-trash: run 7 begins anew, as pictures were deleted",
            "That is all right, and nobody needs to act: the next run begins by itself, with the"
            " pictures that are there now.\n\n"
            "– 1 picture was deleted or replaced while this run trained: images/can/1.jpg\n\n"
            + WHERE,
        ),
    ),
    "not rolled out": (
        run("not-rolled-out", failure=FAILURE),
        Message(
            "deeplens-trash: release 7 could not be rolled out",
            "Release 7 is published, but its rollout could not be started.\n\n"
            "What broke:\n– No model.\n\n"
            "Start it with:\n"
            "  lensloop retry\n\n" + WHERE,
        ),
    ),
}
ROLLOUT: dict[str, tuple[Record, Message]] = {
    "rolled out": (
        rollout("rolled-out"),
        Message(
            "deeplens-trash: release 7 is proven on 3 cameras",
            "3 cameras proved release 7 and use it.\n\n– a\n– b\n\n" + WHERE,
        ),
    ),
    "rolled out on one": (
        rollout("rolled-out", proven=1, reasons=[]),
        Message(
            "deeplens-trash: release 7 is proven on 1 camera",
            "1 camera proved release 7 and uses it.\n\n" + WHERE,
        ),
    ),
    "no cameras": (
        rollout("no-cameras"),
        Message(
            "deeplens-trash: release 7 waits for its first camera",
            "No camera is registered yet. The first one that is gets release 7.\n\n"
            "Register one with:\n  lensloop camera add deeplens_<id> --home <folder>\n\n" + WHERE,
        ),
    ),
    "canary failed": (
        rollout("canary-failed"),
        Message(
            "deeplens-trash: release 7 failed on the canary",
            "Too few cameras of the canary proved release 7. The fleet was not touched, the order"
            " to the canaries is withdrawn, and the release does not become live. Canaries that"
            " took it go back to the live release.\n\n"
            "What the cameras answered:\n– a\n– b\n\n"
            "What you can do: `lensloop fleet` shows what each camera runs, `lensloop retry` rolls"
            " the release out again. The next release is rolled out as usual.\n\n" + WHERE,
        ),
    ),
    "fleet failed": (
        rollout("fleet-failed"),
        Message(
            "deeplens-trash: release 7 failed on the fleet",
            "Too few cameras of the fleet proved release 7. Those that could not went back to their"
            " last good release by themselves. No further camera is ordered it, and those that"
            " proved it are ordered back to the good release before: the last line below names"
            " that, where there is one.\n\n"
            "What the cameras answered:\n– a\n– b\n\n"
            "What you can do: `lensloop fleet` shows what each camera runs, `lensloop retry` rolls"
            " the release out again. The next release is rolled out as usual.\n\n" + WHERE,
        ),
    ),
    "unanswered": (
        rollout("unanswered"),
        Message(
            "deeplens-trash: release 7 waits for cameras that are offline",
            "No camera has answered in time whether it can use release 7. Nothing is decided: their"
            " order stays, and whoever returns takes the release. While it is not live it is also"
            " tried again with the daily look, or now with `lensloop retry`; `lensloop go-on` then"
            " does without canaries that are offline.\n\n– a\n– b\n\n" + WHERE,
        ),
    ),
    "failed": (
        rollout("failed"),
        Message(
            "deeplens-trash: the rollout of release 7 failed",
            "The rollout of release 7 broke. Cameras that were reached use it, the others keep"
            " theirs. If it is live, each camera that lacks it is ordered it by itself; if not, it"
            " is tried again with the daily look, or now with `lensloop retry`.\n\n"
            "What broke:\n– a\n– b\n\n" + WHERE,
        ),
    ),
}


@pytest.mark.parametrize("end", RETRAINING)
def test_the_end_of_a_retraining_is_told(end: str) -> None:
    of_run, expected = RETRAINING[end]
    assert news.of_retraining(of_run, SENDER) == expected


@pytest.mark.parametrize("end", ROLLOUT)
def test_the_end_of_a_rollout_is_told(end: str) -> None:
    of_run, expected = ROLLOUT[end]
    assert news.of_rollout(of_run, SENDER) == expected


def test_nobody_is_told_that_nothing_happened() -> None:
    assert news.of_retraining(run("nothing-new"), SENDER) is None
    assert news.of_rollout(rollout("superseded"), SENDER) is None
    assert news.of_rollout(run("released"), SENDER) is None


@pytest.mark.parametrize("end", ROLLOUT)
def test_a_rollouts_message_links_to_its_own_steps(end: str) -> None:
    its_own = ARN.replace("retraining", "rollout")
    ended = ROLLOUT[end][0]["rollout"]
    assert ended is not None
    its_part: Any = {**ended, "execution": its_own}
    message = news.of_rollout(rollout(**its_part), SENDER)
    assert message is not None
    assert f"Every step: {LINK.replace('retraining', 'rollout')}\n" in message.body


def approval(decision: str, by: str = "", note: str = "") -> Record:
    decided = {"decision": decision, "by": by, "note": note, "at": "2026-11-26T10:00:00+00:00"}
    return run("waits-for-approval", approval=decided)


def test_what_a_person_decided_is_told_with_who_and_why() -> None:
    ann = "arn:aws:sts::111122223333:assumed-role/Admin/ann"
    assert news.of_approval(approval("approved", ann, "seen on the bench"), SENDER) == Message(
        "deeplens-trash: release 7 was approved",
        "Release 7 was approved by assumed-role/Admin/ann. Its rollout has"
        " started.\n\n– seen on the bench\n\n" + WHERE,
    )
    assert news.of_approval(approval("rejected"), SENDER) == Message(
        "deeplens-trash: release 7 was rejected",
        "Release 7 was rejected. Nothing was shipped: the cameras keep theirs. The next run starts"
        " by itself when pictures have changed.\n\n" + WHERE,
    )


@pytest.mark.parametrize("decision", ["waiting", "superseded"])
def test_of_what_nobody_decided_another_message_tells(decision: str) -> None:
    assert news.of_approval(approval(decision), SENDER) is None
    assert news.of_approval(run("waits-for-approval"), SENDER) is None


def test_a_rollout_that_could_not_start_is_told_without_a_known_cause() -> None:
    message = news.of_retraining(run("not-rolled-out", failure=None), SENDER)
    assert message is not None
    assert message.body.startswith(
        "Release 7 is published, but its rollout could not be started.\n\nStart it with:\n"
    )


def test_a_failure_is_left_to_the_tick() -> None:
    assert news.of_retraining(run("failed", failure=FAILURE), SENDER) is None
    lost = {"lost": ["The folder `tin` gives no label."]}
    assert news.of_retraining(run("failed", failure=FAILURE, dataset=lost), SENDER) is None


def test_each_doubt_has_its_line() -> None:
    doubts = {"count": 2, "sentences": ["Look at a.", "Look at b."]}
    message = news.of_retraining(run("refused", doubts=doubts), SENDER)
    assert message is not None
    assert "\n\nLook at a.\nLook at b.\n\n" in message.body


def test_an_end_without_training_or_rollout_has_one_reason() -> None:
    assert news.NOTHING_NEW == "The usable pictures are exactly those that were judged last."
    assert news.BLOCKED == (
        "Training on exactly these pictures kept failing; it is tried again when they change."
    )


def test_what_could_not_be_read_is_said() -> None:
    message = news.of_retraining(run("refused", problems=["The report is gone."]), SENDER)
    assert message is not None
    assert message.body.endswith("The report is gone.\n")


def test_of_five_thousand_reasons_as_many_are_told_as_anybody_reads() -> None:
    message = news.of_retraining(run("refused", reasons=["x" * 99] * 5000), SENDER)
    assert message is not None
    assert "– and 4,950 more\n" in message.body
    assert len(message.body.encode()) < 10_000


TICK: dict[str, tuple[Callable[[], Message], Message]] = {
    "cap": (
        lambda: news.daily_cap(48, "2026-11-26"),
        Message(
            "all 48 runs allowed a day are spent",
            "Pictures changed after the last run of 2026-11-26 (UTC) and wait for tomorrow. Nothing"
            " is lost. To train sooner, raise `runs_per_day` in cdk.json and deploy.",
        ),
    ),
    "stopped": (
        lambda: news.stopped(7, "timed out", 600),
        Message(
            "retraining run 7 was timed out",
            "The changed pictures are still waiting; the next try is in 10 min.",
        ),
    ),
    "soon": (
        lambda: news.stopped(7, "aborted", 59),
        Message(
            "retraining run 7 was aborted",
            "The changed pictures are still waiting; the next try is in 1 min.",
        ),
    ),
    "failed": (
        lambda: news.failed(7, Fault("training", "it did", "Look."), ["AlgorithmError: no"], 300),
        Message(
            "retraining run 7 failed",
            "Run 7 failed: it did. Nothing was changed: the cameras keep their release.\n\n"
            "What broke:\n– AlgorithmError: no\n\n"
            "Look.\n\n"
            "The changed pictures are still waiting; the next try is in 5 min.\n\n"
            "The run's page: lensloop report 7",
        ),
    ),
    "failed for the account": (
        lambda: news.failed(7, Fault("quota", "a quota is too small", "Ask."), [], 300),
        Message(
            "retraining waits: a quota is too small",
            "Run 7 failed: a quota is too small. That says nothing about your pictures. Nothing was"
            " changed: the cameras keep their release.\n\n"
            "Ask.\n\n"
            "The changed pictures are still waiting; the next try is in 5 min. Later tries follow"
            " by themselves until it works; this is told once.\n\n"
            "The run's page: lensloop report 7",
        ),
    ),
    "no machine": (
        lambda: news.no_machine(7, ["AWS has none."], 600),
        Message(
            "retraining waits: AWS has no free machine",
            "Run 7 found no free machine at AWS and ended. That is a delay and no failure: it says"
            " nothing about your pictures, and the cameras keep their release.\n\n"
            "What was tried, and what you can do:\n– AWS has none.\n\n"
            "The changed pictures are still waiting; the next try is in 10 min. Later tries follow"
            " by themselves until AWS has a machine; this is told once.\n\n"
            "The run's page: lensloop report 7",
        ),
    ),
    "blocked": (
        lambda: news.blocked_after("d7", 3, 7, ["too few"]),
        Message(
            "retraining is blocked: the same data set failed 3 times",
            "Data set d7 failed 3 times, the last time in run 7.\n\n"
            "What broke:\n– too few\n\n"
            "It is not tried again until its pictures change. To have it tried again as it is:\n"
            "  lensloop clear-block",
        ),
    ),
}


@pytest.mark.parametrize("what", TICK)
def test_the_tick_tells_what_no_workflow_can(what: str) -> None:
    make, expected = TICK[what]
    made = make()
    assert made == expected
    sent = news.from_text(news.as_text(made), SENDER)
    assert sent == Message(f"deeplens-trash: {made.subject}", f"{made.body}\n")


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("plain", "deeplens-trash: plain"),
        ("Müll und Papier", "deeplens-trash: Mull und Papier"),
        ("two\nlines", "deeplens-trash: two lines"),
        ("燃えるごみ", "deeplens-trash:"),
        ("x" * 200, "deeplens-trash: " + "x" * 84),
    ],
)
def test_a_subject_is_what_sns_takes(subject: str, sent: str) -> None:
    assert news.from_text(f"{subject}\n\nbody", SENDER).subject == sent
    assert len(sent) <= news.MAX_SUBJECT


@pytest.mark.parametrize(
    ("execution", "host"),
    [
        (ARN, "https://eu-west-1.console.aws.amazon.com/"),
        (ARN.replace("arn:aws", "arn:aws-cn"), "https://eu-west-1.console.amazonaws.cn/"),
        (
            ARN.replace("arn:aws", "arn:aws-us-gov"),
            "https://eu-west-1.console.amazonaws-us-gov.com/",
        ),
        (ARN.replace("arn:aws", "arn:aws-eusc"), "https://eu-west-1.console.amazonaws-eusc.eu/"),
    ],
)
def test_every_partition_has_its_own_console(execution: str, host: str) -> None:
    assert news.console_link(execution).startswith(host)


@pytest.mark.parametrize(
    "execution",
    ["", "x", ARN.replace("arn:aws", "arn:else"), ARN.replace("111122223333", "0" * 12)],
)
def test_where_there_is_no_console_there_is_no_link(execution: str) -> None:
    assert news.console_link(execution) == ""


def test_one_deleted_picture_is_named() -> None:
    assert news.pictures_deleted(["images/can/1.jpg"]) == (
        "1 picture was deleted or replaced while this run trained: images/can/1.jpg"
    )


def test_of_many_deleted_pictures_the_first_are_named() -> None:
    keys = [f"images/can/{number}.jpg" for number in range(1_200)]
    assert news.pictures_deleted(keys) == (
        "1,200 pictures were deleted or replaced while this run trained: images/can/0.jpg,"
        " images/can/1.jpg, images/can/2.jpg, images/can/3.jpg, images/can/4.jpg and 1195 more"
    )


def test_a_subject_is_ascii_whatever_the_labels_are_called_and_the_body_says_them() -> None:
    told = run("refused", reasons=["recall of 燃えるごみ 0.41 is below its floor 0.50"])
    message = news.of_retraining(told, SENDER)
    assert message
    assert message.subject.isascii()
    assert "燃えるごみ" in message.body


def test_a_label_that_is_lost_is_said_before_all_else() -> None:
    lost = ["The folder `tin` gives no label: none of its 50 files counts. Why."]
    told = run("released", reasons=["accuracy 0.91"], dataset={"lost": lost})
    message = news.of_retraining(told, SENDER)
    assert message
    assert message.body.startswith(
        f"Look at this first:\n– {lost[0]}\n\nThe model of run 7 is good enough"
    )


def test_files_beside_images_are_told_though_nothing_is_new() -> None:
    told = run("nothing-new", dataset={"beside": ["`Images/` lies beside images/."]})
    assert news.of_retraining(told, SENDER) == Message(
        "deeplens-trash: there are files beside images/",
        "Look at this first:\n– `Images/` lies beside images/.\n\n"
        "Run 7 found no new pictures under images/.\n\n" + WHERE,
    )
    assert news.of_retraining(run("nothing-new", dataset={"beside": []}), SENDER) is None


def test_what_is_a_reason_already_is_not_said_twice() -> None:
    told = run("too-few-images", reasons=["a", "b"], dataset={"beside": ["a"]})
    message = news.of_retraining(told, SENDER)
    assert message
    assert message.body.count("– a") == 1


@pytest.mark.parametrize(
    ("to", "by", "note", "subject", "first"),
    [
        (
            5,
            "arn:aws:iam::1:user/ann",
            "blind at dusk",
            "release 7 was taken back",
            "Release 7 was taken back by user/ann: 3 cameras are ordered to release 5, which is"
            " live now (statement 2).\n\n– blind at dusk",
        ),
        (
            7,
            "",
            "",
            "release 7 was ordered again",
            "Release 7 was ordered again: 3 cameras are ordered to release 7, which is live now"
            " (statement 2).",
        ),
    ],
)
def test_who_took_a_release_back_is_told(
    to: int, by: str, note: str, subject: str, first: str
) -> None:
    taken_back = {"to": to, "by": by, "note": note, "serial": 2, "at": "2026-11-22T12:00:00Z"}
    message = news.of_rollback(run("released", taken_back=taken_back), 3, SENDER)
    assert message is not None
    assert message.subject == f"deeplens-trash: {subject}"
    assert message.body.startswith(f"{first}\n\nThe next release is compared with release {to}")
    assert news.of_rollback(run("released"), 3, SENDER) is None
