"""A release that proves itself and fails on what the camera sees is given back; one that a busy,
hot or blind camera makes look bad is kept.
"""

import io
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from camera import agent as agent_module
from camera import config, recovery, trial
from camera.assembly import connect
from camera.health import FAILURES, WINDOW, Fault, Health
from camera.model import Model
from camera.recovery import NothingBetter
from camera.running import Running
from camera.sources.opening import open_source
from camera.store import MOST_BAD, Bad, Store
from camera.update import MAX_HANGS, Outcome, still_usable, take
from camera.watchdog import HANG_SECONDS, Pulse
from lensloop.wire.errors import PictureError
from lensloop.wire.manifest import Installed
from lensloop.wire.prediction import Prediction
from lensloop.wire.report import GivenBack
from tests.camera.conftest import Shelf
from tests.camera.small_release import Files, colour_model, make_release, picture
from tests.camera.test_agent import Cloud, eventually, recorded, status
from tests.camera.test_update import assert_works, install, start

FAILED = Fault("it failed on 10 frames in a row: a")


def black() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30)).save(file, "PNG")
    return file.getvalue()


def blind_release(epoch: int) -> Files:
    """Right on the golden pictures, without an answer in the dark."""
    return make_release(epoch, colour_model(marker=f"release {epoch}", dark=False))


def good_then_blind(home: Path, shelf: Shelf) -> tuple[Store, Running]:
    store, running = install(home, shelf, 7)
    return store, taken(take(shelf.put(blind_release(8)), store, running, "trash"))


def taken(outcome: Outcome) -> Running:
    assert outcome.answer.status == "SUCCEEDED", outcome.answer
    assert outcome.running is not None
    return outcome.running


def faults(health: Health, *seconds: float) -> list[Fault | None]:
    return [health.answered(each) for each in seconds]


def test_ten_failures_in_a_row_are_the_models_fault() -> None:
    health = Health(0.02)
    found = [health.failed("why") for _ in range(FAILURES)]
    assert found == [None] * 9 + [Fault("it failed on 10 frames in a row: why")]


def test_one_answer_between_failures_begins_the_count_again() -> None:
    health = Health(0.02)
    for _ in range(FAILURES - 1):
        health.failed("why")
    health.answered(0.02)
    assert [health.failed("why") for _ in range(FAILURES - 1)] == [None] * 9


@pytest.mark.parametrize(
    ("proof", "frame", "slow"),
    [
        (0.02, 0.09, False),
        (0.02, 0.99, False),  # fifty times the proof, and nobody waits for it
        (0.02, 1.01, True),
        (0.5, 2.4, False),  # a slow board, twice as hot
        (0.5, 2.6, True),
    ],
)
def test_slow_is_five_times_the_proof_and_over_a_second(
    proof: float, frame: float, slow: bool
) -> None:
    found = faults(Health(proof), *[frame] * WINDOW)
    assert found[:-1] == [None] * (WINDOW - 1)
    assert (found[-1] is not None) == slow


def test_what_holds_up_half_of_the_frames_is_not_the_model() -> None:
    assert not any(faults(Health(0.02), *[0.02, 5.0] * 7, 0.02))
    assert any(faults(Health(0.02), *[5.0, 0.02] * 7, 5.0))


def test_an_excused_model_is_suspected_again_when_it_becomes_that_much_slower_still() -> None:
    health = Health(0.02)
    fault = faults(health, *[2.0] * WINDOW)[-1]
    assert fault == Fault(
        "it takes 2.0 seconds for a frame and took 0.020 when it was proved", seconds=2.0
    )
    health.excuse(fault)
    assert health.excused
    assert not any(faults(health, *[9.9] * WINDOW))
    assert not health.excused
    assert any(faults(health, *[10.1] * WINDOW))


def unwatched(_: float) -> None:
    pass


def in_the_dark(model: Model) -> Prediction:
    return model.predict_file(black())


def test_a_release_that_fails_where_the_older_answers_is_given_back(
    home: Path, shelf: Shelf
) -> None:
    store, running = good_then_blind(home, shelf)
    older = recovery.give_back(store, running, FAILED, in_the_dark, unwatched)
    assert_works(home, older, 7)
    assert not (home / "releases" / "8").exists()
    again, restarted = start(home)
    assert_works(home, restarted, 7)
    assert again.state.bad == (Bad(running.installed, FAILED.reason),)


def unreadable(_: Model) -> Prediction:
    raise PictureError("the file is gone")


@pytest.mark.parametrize(
    ("epochs", "fault", "predict", "why"),
    [
        ((7,), FAILED, in_the_dark, "there is no older good release"),
        ((7, 8), FAILED, unreadable, "release 7 does no better on the same frame"),
        ((7, 8), Fault("slow", seconds=0.9), in_the_dark, "so does its proof"),
    ],
)
def test_where_nothing_is_better_the_release_is_kept(
    home: Path,
    shelf: Shelf,
    epochs: tuple[int, ...],
    fault: Fault,
    predict: Callable[[Model], Prediction],
    why: str,
) -> None:
    """A proof that is as slow as the frames (a second is never slow) shows a hot camera."""
    store, running = install(home, shelf, *epochs)
    with pytest.raises(NothingBetter, match=why):
        recovery.give_back(store, running, fault, predict, unwatched)
    assert_works(home, start(home)[1], epochs[-1])
    assert start(home)[0].state.bad == ()


def test_the_watchdog_waits_for_the_proofs_of_a_slow_camera_that_goes_back(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = install(home, shelf, 7, 8)
    pulse, proofs = Pulse(), []

    def slowly(store: Store, release: Installed) -> Running | None:
        proofs.append(release.epoch)
        assert pulse.elapse(trial.SECONDS_AT_START)
        return still_usable(store, release)

    monkeypatch.setattr(recovery, "still_usable", slowly)
    pulse.beat()
    recovery.give_back(store, running, Fault("slow", seconds=30.0), in_the_dark, pulse.beat)
    assert proofs == [8, 7]
    assert not pulse.elapse(HANG_SECONDS)  # on the frame itself it may not take longer


@pytest.mark.parametrize(("hangs", "epoch"), [(MAX_HANGS - 1, 8), (MAX_HANGS, 7)])
def test_a_release_on_which_the_agent_hung_three_times_is_given_back_at_a_start(
    home: Path, shelf: Shelf, hangs: int, epoch: int
) -> None:
    _, running = install(home, shelf, 7, 8)
    for _ in range(hangs):
        start(home)[0].note_hang(running.installed)
    store, now = start(home)
    assert_works(home, now, epoch)
    if epoch == 7:
        reason = "its model did not come back from a frame 3 times"
        assert start(home)[0].state.bad == (Bad(running.installed, reason),)
        assert store.state.hung is None


def test_hangs_are_forgotten_with_a_newer_release_or_a_day_without(
    home: Path, shelf: Shelf
) -> None:
    store, running = install(home, shelf, 7)
    store.note_hang(running.installed)
    store.forget_hangs()
    assert start(home)[0].hangs(running.installed) == 0
    store.note_hang(running.installed)
    taken(take(shelf.put(make_release(8)), store, running, "trash"))
    assert start(home)[0].state.hung is None


@pytest.mark.parametrize("older", [(), (7,)])
def test_a_release_that_hangs_and_has_nothing_usable_before_it_goes_on(
    home: Path, shelf: Shelf, older: tuple[int, ...]
) -> None:
    store, running = install(home, shelf, *older, 8)
    for _ in range(MAX_HANGS):
        store.note_hang(running.installed)
    for epoch in older:
        (home / "releases" / str(epoch) / "model.onnx").write_bytes(b"rot")
    assert_works(home, start(home)[1], 8)


def test_a_release_that_is_slow_on_frames_alone_is_given_back(home: Path, shelf: Shelf) -> None:
    store, running = install(home, shelf, 7, 8)
    older = recovery.give_back(store, running, Fault("slow", seconds=30.0), in_the_dark, unwatched)
    assert older.installed.epoch == 7


def test_an_older_release_that_is_slow_as_well_is_not_better(home: Path, shelf: Shelf) -> None:
    store, running = install(home, shelf, 7, 8)

    def slowly(model: Model) -> Prediction:
        answer = in_the_dark(model)
        model.seconds = 29.0
        return answer

    with pytest.raises(NothingBetter, match="does no better"):
        recovery.give_back(store, running, Fault("slow", seconds=30.0), slowly, unwatched)


def test_a_rotten_older_release_is_not_gone_back_to(home: Path, shelf: Shelf) -> None:
    store, running = good_then_blind(home, shelf)
    (home / "releases" / "7" / "model.onnx").write_bytes(b"rot")
    with pytest.raises(NothingBetter, match="no older good release"):
        recovery.give_back(store, running, FAILED, in_the_dark, unwatched)


@pytest.fixture
def gave_back(home: Path, shelf: Shelf) -> tuple[Store, Running]:
    store, running = good_then_blind(home, shelf)
    recovery.give_back(store, running, FAILED, in_the_dark, unwatched)
    store, older = start(home)
    assert older is not None
    return store, older


@pytest.mark.parametrize(
    ("files", "status", "reason"),
    [
        (blind_release(8), "REJECTED", "This camera gave release 8 back by itself: it failed on"),
        (make_release(8), "SUCCEEDED", ""),  # another file
        (blind_release(9), "SUCCEEDED", ""),  # a later epoch
        (make_release(9, colour_model(marker="release 8", dark=False)), "SUCCEEDED", ""),
        (make_release(7), "SUCCEEDED", ""),  # runs already
    ],
)
def test_what_was_given_back_is_refused_and_everything_newer_is_taken(
    gave_back: tuple[Store, Running], shelf: Shelf, files: Files, status: str, reason: str
) -> None:
    answer = take(shelf.put(files), *gave_back, "trash").answer
    assert answer.status == status, answer
    assert answer.details.get("reason", "").startswith(reason)


def test_nothing_between_the_good_and_the_given_back_release_slips_in(
    home: Path, shelf: Shelf
) -> None:
    store, running = install(home, shelf, 5)
    running = taken(take(shelf.put(blind_release(8)), store, running, "trash"))
    older = recovery.give_back(store, running, FAILED, in_the_dark, unwatched)
    answer = take(shelf.put(make_release(6)), store, older, "trash").answer
    assert (answer.status, answer.details["reason"]) == (
        "REJECTED",
        "Release 6 is older than release 8, which this camera committed before",
    )


def test_a_newer_release_does_not_make_a_camera_forget_what_it_gave_back(
    home: Path, gave_back: tuple[Store, Running], shelf: Shelf
) -> None:
    store, older = gave_back
    newer = taken(take(shelf.put(make_release(9)), store, older, "trash"))
    assert store.given_back(older.installed) is not None
    assert store.given_back(newer.installed) is None
    again = start(home)[0]
    assert [bad.release.epoch for bad in again.state.bad] == [8]
    assert again.state.good == (newer.installed, older.installed)


def test_a_release_given_back_while_another_is_tried_is_not_kept_behind_it(
    home: Path, shelf: Shelf
) -> None:
    store, running = good_then_blind(home, shelf)
    recovery.give_back(store, running, FAILED, in_the_dark, unwatched)
    taken(take(shelf.put(make_release(9)), store, running, "trash"))  # began before
    assert [good.epoch for good in store.state.good] == [9, 7]


def test_a_job_that_fails_after_that_leaves_the_older_release_current(
    home: Path, shelf: Shelf
) -> None:
    store, running = good_then_blind(home, shelf)
    older = recovery.give_back(store, running, FAILED, in_the_dark, unwatched)
    wrong = make_release(9, colour_model(order=(1, 0, 2)))
    assert take(shelf.put(wrong), store, running, "trash").answer.status == "FAILED"
    assert_works(home, older, 7)


def test_the_list_of_what_was_given_back_is_bounded(home: Path) -> None:
    store = Store(home)
    store.open()
    kept = Installed(1, "a" * 64)
    for epoch in range(2, 40):
        release = Installed(epoch, "b" * 64)
        store.commit(release, kept)
        assert store.give_back(release, kept, "why " * 1000)
    again = Store(home)
    again.open()
    assert [bad.release.epoch for bad in again.state.bad] == list(range(39, 39 - MOST_BAD, -1))
    assert max(len(bad.reason) for bad in again.state.bad) == 300


def test_on_a_disk_that_cannot_be_written_it_is_given_back_until_the_next_start(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = good_then_blind(home, shelf)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("camera.disk.write", full)
    older = recovery.give_back(store, running, FAILED, in_the_dark, unwatched)
    assert older.installed.epoch == 7
    assert store.state.good == (older.installed,)


@pytest.fixture
def dark(tmp_path: Path) -> Path:
    folder = tmp_path / "dark"
    folder.mkdir()
    (folder / "black.png").write_bytes(black())
    return folder


def run_until(
    cloud: Cloud, home: Path, frames: Path, happened: Callable[[], bool], fps: float = 100
) -> None:
    agent = connect(cloud, config.read(home), record=True, fps=fps)
    thread = threading.Thread(target=agent.run, args=(lambda: open_source(str(frames), loop=True),))
    thread.start()
    try:
        eventually(happened)
    finally:
        agent.stop()
        thread.join(10)


def test_a_camera_in_the_dark_reports_what_it_gave_back(
    home: Path, shelf: Shelf, dark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera.reporting.LEAST_SECONDS", 0.1)
    monkeypatch.setattr(agent_module, "WATCH_SECONDS", 0.05)
    good_then_blind(home, shelf)
    cloud = Cloud(None)
    run_until(cloud, home, dark, lambda: [said.epoch for said in cloud.reports()][-1:] == [7])
    given_back = cloud.reports()[-1].given_back
    assert isinstance(given_back, GivenBack)
    assert given_back.epoch == 8
    assert "it failed on 10 frames in a row: the model's answer [nan" in given_back.reason


def test_a_camera_with_nothing_to_go_back_to_says_so_and_goes_on(
    home: Path, shelf: Shelf, dark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "PAUSE_SECONDS", 0.01)
    store, running = start(home)
    taken(take(shelf.put(blind_release(8)), store, running, "trash"))

    def said() -> bool:
        return (home / "status.json").exists() and "no older good" in str(
            status(home)["last_error"]
        )

    run_until(Cloud(None), home, dark, said)
    (dark / "red.png").write_bytes(picture("red"))
    run_until(Cloud(None), home, dark, lambda: bool(recorded(home)))
    assert status(home)["epoch"] == 8


def test_pictures_that_cannot_be_read_are_no_models_fault(
    home: Path, shelf: Shelf, dark: Path
) -> None:
    install(home, shelf, 7, 8)
    for number in range(2 * FAILURES):
        (dark / f"a{number:02}.png").write_bytes(b"no picture")
    run_until(Cloud(None), home, dark, lambda: len(recorded(home)) > 1)
    assert {line["epoch"] for line in recorded(home)} == {8}


def test_a_real_agent_goes_back_within_seconds_and_does_not_take_it_again_after_a_restart(
    home: Path, shelf: Shelf, dark: Path
) -> None:
    good_then_blind(home, shelf)
    command = [sys.executable, "-m", "camera", "--home", str(home), "--frames", str(dark)]
    for _ in range(2):
        (home / "results.jsonl").unlink(missing_ok=True)
        began = time.monotonic()
        process = subprocess.Popen([*command, "--loop", "--record"], stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: len(recorded(home)) > 2)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert time.monotonic() - began < 20
        assert {line["epoch"] for line in recorded(home)} == {7}
        assert status(home)["given_back"]["epoch"] == 8
        state = json.loads((home / "state.json").read_text())
        assert [release["epoch"] for release in state["good"]] == [7]
    store, running = start(home)
    answer = take(shelf.put(blind_release(8)), store, running, "trash").answer
    assert answer.status == "REJECTED"
