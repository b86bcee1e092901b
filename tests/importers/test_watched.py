"""Other code's work is ended where it becomes too much, at whatever it is, and left alone else."""

import signal
import threading
import time

import pytest

from importers import watched
from importers.source import SourceError


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "_PAUSE", 0.001)


def too_much() -> None:
    raise SourceError("It is too much.")


def stubborn() -> None:
    """As code that goes on after every fault that it knows."""
    while True:
        try:
            time.sleep(5)
        except Exception:  # noqa: BLE001  that is the point
            continue


def test_work_that_is_too_much_ends_with_the_sentence_though_it_waits() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    begun = time.monotonic()
    with pytest.raises(SourceError, match="It is too much"), watched.watched(too_much):
        stubborn()
    assert time.monotonic() - begun < 4
    assert signal.getsignal(signal.SIGUSR1) == before


def test_work_that_is_not_goes_on_and_its_own_faults_pass() -> None:
    looks = []
    with watched.watched(lambda: looks.append(1)):
        time.sleep(0.05)
    assert looks
    number = len(looks)
    time.sleep(0.02)
    assert len(looks) == number, "nobody looks any more"
    with pytest.raises(KeyError), watched.watched(lambda: None):
        raise KeyError


def test_what_has_ended_is_not_ended_once_more() -> None:
    """Looks and ends come at all moments."""
    ended = 0
    for number in range(200):
        try:
            with watched.watched(too_much):
                time.sleep(0.0001 * (number % 25))
        except SourceError:
            ended += 1
        time.sleep(0)
    assert ended > 0


def test_on_another_thread_nothing_is_watched() -> None:
    def work() -> None:
        with watched.watched(too_much):
            time.sleep(0.02)
        came.append(True)

    came: list[bool] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert came == [True]
