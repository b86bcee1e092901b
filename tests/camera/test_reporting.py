"""Does a camera say how it is when it must, and never more often than a weak link bears?"""

from typing import Any

import pytest

from camera.reporting import Reporting, of_now
from lensloop.wire import report
from lensloop.wire.key_chain import Believed
from lensloop.wire.report import GivenBack, Report
from lensloop.wire.succession import fingerprint
from tests.camera.signer import KEYS

RUNS = Report(at="2026-11-22T12:00:00Z", agent=1, epoch=7, sha256="a" * 64, golden="6/6")
FACTS = {
    "epoch": 7,
    "sha256": "a" * 64,
    "golden": "6/6",
    "latency_ms": 8.5,
    "precision": "fp32",
    "fps": 5.0,
    "last_error": None,
    "given_back": None,
}


class Camera:
    """Its reporting, with a clock and a link that the test moves."""

    def __init__(self) -> None:
        self.now, self.seconds, self.link = RUNS, 0.0, True
        self.sent: list[float] = []
        self.reporting = Reporting(
            "deeplens/x/report", self._publish, lambda: self.now, lambda: self.seconds
        )

    def _publish(self, topic: str, content: Any) -> bool:
        assert (topic, report.parse(content)) == ("deeplens/x/report", self.now)
        if self.link:
            self.sent.append(self.seconds)
        return self.link

    def until(self, seconds: float) -> list[float]:
        """When it reported on the way, looking each second."""
        self.sent = []
        while self.seconds < seconds:
            self.reporting.look()
            self.seconds += 1
        return self.sent


def test_at_the_start_and_hourly() -> None:
    assert Camera().until(7300) == [0, 3600, 7200]


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"epoch": 8}, [10]),
        ({"sha256": "b" * 64}, [10]),
        ({"golden": "7/7"}, [10]),
        ({"precision": "int8"}, [10]),
        ({"given_back": GivenBack(8, "why")}, [10]),
        ({"key_number": 1}, [10]),
        ({"keys": ("f" * 16,)}, [10]),
        ({"last_error": "once"}, [300]),
        ({"fps": 1.0, "temperature": 99.0, "disk_free_mb": 1, "at": "2026-11-22T12:00:09Z"}, []),
    ],
)
def test_a_change_of_what_runs_at_once_an_error_in_time_and_a_measure_with_the_next(
    change: dict[str, Any], reported: list[float]
) -> None:
    camera = Camera()
    camera.until(10)
    camera.now = RUNS._replace(**change)
    assert camera.until(3500) == reported


def test_what_changes_all_the_time_is_reported_every_five_seconds() -> None:
    camera = Camera()
    for second in range(21):
        camera.now = RUNS._replace(epoch=second + 1)
        camera.reporting.look()
        camera.seconds += 1
    assert camera.sent == [0, 5, 10, 15, 20]


def test_at_every_connect_and_not_more_often_than_every_five_seconds() -> None:
    camera = Camera()
    camera.until(3)
    camera.reporting.connected()
    assert camera.until(4) == []
    camera.reporting.connected()
    assert camera.until(100) == [5]


def test_while_the_link_is_away_nothing_counts_as_reported() -> None:
    camera = Camera()
    camera.link = False
    assert camera.until(7000) == []
    camera.link = True
    assert camera.until(8000) == [7000]


def test_the_facts_of_the_status_are_what_is_reported(tmp_path: Any) -> None:
    given_back = {"epoch": 8, "reason": "why"}
    facts = {**FACTS, "given_back": given_back, "last_error": "e"}
    said = of_now(facts, tmp_path, Believed(3, KEYS))
    assert said._replace(at="", temperature=None, disk_free_mb=0) == Report(
        at="",
        agent=2,
        epoch=7,
        sha256="a" * 64,
        golden="6/6",
        latency_ms=8.5,
        precision="fp32",
        fps=5.0,
        last_error="e",
        given_back=GivenBack(8, "why"),
        key_number=3,
        keys=(fingerprint(KEYS[0]),),
    )
    assert report.parse(report.make(said)) == said
