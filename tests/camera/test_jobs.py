"""The device side of AWS IoT Jobs, against a cloud that is a few lines of Python at the edge."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from camera import jobs as module
from camera.jobs import Answer, Jobs, printable

BASE = "$aws/things/deeplens_a/jobs/"
DONE = Answer("SUCCEEDED", {"epoch": "7"})


class Cloud:
    """One job in the queue; it answers as AWS IoT does. `deaf` loses what the camera says, `mute`
    its own answers.
    """

    def __init__(self) -> None:
        self.version, self.status = 1, "QUEUED"
        self.deaf = self.mute = False
        self.updates: list[dict[str, Any]] = []
        self.jobs = Jobs("deeplens_a", self.publish)

    def publish(self, topic: str, message: Any) -> bool:
        if self.deaf:
            return True
        if topic == BASE + "$next/get":
            self.say("$next/get/accepted", self.execution())
        elif topic.endswith("/update"):
            self.update(topic[len(BASE) :], message)
        return True

    def update(self, topic: str, message: dict[str, Any]) -> None:
        self.updates.append(message)
        token = {"clientToken": message["clientToken"]}
        if self.finished:
            self.say(
                topic + "/rejected",
                {**token, "code": "InvalidStateTransition", "message": "finished"},
            )
        elif message["expectedVersion"] != self.version:
            self.say(
                topic + "/rejected", {**token, "code": "VersionMismatch", "message": "version"}
            )
        else:
            self.version, self.status = self.version + 1, message["status"]
            self.say(topic + "/accepted", token)
            if self.finished:
                self.say("notify-next", self.execution())

    @property
    def finished(self) -> bool:
        return self.status in ("SUCCEEDED", "FAILED", "REJECTED")

    def execution(self) -> dict[str, Any]:
        if self.finished:
            return {"timestamp": 1}
        return {
            "execution": {
                "jobId": "j1",
                "executionNumber": 1,
                "versionNumber": self.version,
                "status": self.status,
                "jobDocument": {"operation": "release"},
            }
        }

    def say(self, topic: str, content: Any) -> None:
        if not self.mute:
            threading.Thread(target=self.jobs.received, args=(BASE + topic, content)).start()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setattr(module, "REPLY_SECONDS", 0.3)
    return Cloud()


def start(cloud: Cloud) -> Any:
    cloud.jobs.ask()
    execution = cloud.jobs.next(1)
    assert execution is not None
    return execution


def test_a_job_is_begun_and_answered_with_the_version_it_expects(cloud: Cloud) -> None:
    started = cloud.jobs.start(start(cloud))
    assert started is not None
    assert started.document == {"operation": "release"}
    assert cloud.jobs.answer(started, DONE)
    assert [(u["status"], u["expectedVersion"]) for u in cloud.updates] == [
        ("IN_PROGRESS", 1),
        ("SUCCEEDED", 2),
    ]
    assert cloud.updates[1]["statusDetails"] == {"epoch": "7"}
    assert cloud.jobs.next(0.1) is None


def test_a_job_announced_by_notify_next_is_taken(cloud: Cloud) -> None:
    cloud.say("notify-next", cloud.execution())
    assert cloud.jobs.next(1) is not None


def test_a_job_that_moved_on_meanwhile_is_left_alone_and_found_again(cloud: Cloud) -> None:
    stale = start(cloud)
    cloud.version = 5
    assert cloud.jobs.start(stale) is None
    assert cloud.jobs.start(start(cloud)) is not None


def test_nothing_is_begun_while_the_cloud_does_not_answer(cloud: Cloud) -> None:
    execution = start(cloud)
    cloud.deaf = True
    assert cloud.jobs.start(execution) is None


@pytest.mark.parametrize("lost", ["deaf", "mute"])
def test_an_answer_that_got_lost_is_given_again_and_the_job_not_done_again(
    cloud: Cloud, lost: str
) -> None:
    started = cloud.jobs.start(start(cloud))
    assert started is not None
    setattr(cloud, lost, True)
    assert not cloud.jobs.answer(started, DONE)
    setattr(cloud, lost, False)
    cloud.jobs.ask()
    again = cloud.jobs.next(0.2)
    assert (again is None) == (lost == "mute")  # the cloud heard it: it no longer names the job
    if again:
        assert cloud.jobs.start(again) is None
    assert cloud.status == "SUCCEEDED"


def test_a_job_that_is_named_once_more_after_its_answer_is_passed_over(cloud: Cloud) -> None:
    repeated = cloud.execution()
    started = cloud.jobs.start(start(cloud))
    assert started is not None
    cloud.jobs.answer(started, DONE)
    cloud.jobs.received(BASE + "notify-next", repeated)
    assert cloud.jobs.next(0.1) is None


@pytest.mark.parametrize(
    ("topic", "content"),
    [
        ("notify-next", []),
        ("notify-next", {"execution": "x"}),
        ("notify-next", {"execution": {"jobId": "j", "executionNumber": None, "versionNumber": 1}}),
        (
            "notify-next",
            {"execution": {"jobId": "j", "executionNumber": float("inf"), "versionNumber": 1}},
        ),
        ("j/update/accepted", {"clientToken": "unknown"}),
        ("j/update/accepted", {"clientToken": ["x"]}),
        ("elsewhere", {"execution": {}}),
    ],
)
def test_messages_that_make_no_sense_are_passed_over(
    cloud: Cloud, topic: str, content: Any
) -> None:
    cloud.jobs.received(BASE + topic, content)
    assert cloud.jobs.next(0.05) is None


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("two\nlines\tand\x7f", "two lines and"),
        ("", "-"),
        ("\n", "-"),
        ("x" * 2000, "x" * 1024),
        ("größer", "größer"),
    ],
)
def test_details_become_what_aws_accepts(text: str, becomes: str) -> None:
    assert printable(text) == becomes


def test_topics_stay_below_the_thing(cloud: Cloud) -> None:
    say: Callable[[str], bool] = lambda topic: topic.startswith("$aws/things/deeplens_a/jobs/")  # noqa: E731
    assert all(say(topic) for topic in cloud.jobs.topics())
    assert (
        len(cloud.jobs.topics()) <= 8
    )  # more than eight in one SUBSCRIBE, and AWS closes the connection


def test_who_waits_for_a_job_waits_no_longer_than_until_the_end() -> None:
    jobs = Cloud().jobs
    threading.Timer(0.05, jobs.end).start()
    assert jobs.next(seconds=60) is None
    assert jobs.next(seconds=60) is None
