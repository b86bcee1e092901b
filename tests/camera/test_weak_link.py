"""A link may be away, slow, or break again and again: what has arrived is kept, the job thread is
free, and the release is taken in the end.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import weak_link
from camera import config, disk, download
from camera import line as module
from camera.assembly import connect
from camera.line import Later, Line
from camera.sources.opening import open_source
from camera.store import Store
from camera.update import take
from tests.camera.conftest import Shelf
from tests.camera.small_release import colour_model, make_release, picture
from tests.camera.test_agent import Cloud, eventually, recorded, status
from tests.camera.test_update import assert_works, install, start

MODEL = "/8/model.onnx"
LARGE = make_release(8, model=colour_model(marker="x" * 300_000))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.05)


def test_a_link_that_breaks_again_and_again_brings_each_byte_once(home: Path, shelf: Shelf) -> None:
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    shelf.breaks_after[MODEL] = 70_000
    assert_works(home, take(document, store, running, "trash").running, 8)
    assert shelf.ranges == [(MODEL, 70_000 * part) for part in range(1, 5)]


def test_the_bench_of_weak_links_orders_what_a_camera_takes() -> None:
    files = make_release(8)
    assert weak_link.taken(weak_link.Link(files), files)[0] == "SUCCEEDED"


def test_a_server_that_cannot_go_on_starts_over(home: Path, shelf: Shelf) -> None:
    shelf.resumes = False
    shelf.breaks_after[MODEL] = 70_000
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    with pytest.raises(Later, match="70000 of"):
        take(document, store, running, "trash")
    del shelf.breaks_after[MODEL]
    assert_works(home, take(document, store, running, "trash").running, 8)
    assert not shelf.ranges


def test_a_restart_of_the_agent_goes_on_where_it_was(home: Path, shelf: Shelf) -> None:
    install(home, shelf, 7)
    document = shelf.put(LARGE)
    shelf.breaks_after = {MODEL: 70_000}
    stop = threading.Event()
    line = Line(stop)
    line.pause = lambda attempt: stop.set()  # type: ignore[method-assign]
    with pytest.raises(Later, match="told to stop"):
        take(document, *start(home), "trash", line)
    shelf.breaks_after = {}
    assert_works(home, take(document, *start(home), "trash").running, 8)
    assert shelf.ranges == [(MODEL, 70_000)]
    assert not list((home / "releases").glob("*.part"))


def half_damaged(part: Path) -> None:
    part.write_bytes(b"?" * 1000)


def longer_than_it_is(part: Path) -> None:
    part.write_bytes(b"?" * 400_000)


def as_long_as_it_is(part: Path) -> None:
    part.write_bytes(b"?" * len(LARGE.model))


@pytest.mark.parametrize("damage", [half_damaged, longer_than_it_is, as_long_as_it_is])
def test_what_was_kept_and_is_damaged_is_fetched_again(
    home: Path, shelf: Shelf, damage: Callable[[Path], None]
) -> None:
    """As after a cut of the power: the file is as long as it was, and holds something else."""
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    damage(store.workplace(8, document["manifest"]["sha256"]) / "model.onnx.part")
    assert_works(home, take(document, store, running, "trash").running, 8)


def test_a_network_that_is_away_from_the_first_byte_on_is_waited_for(
    home: Path, shelf: Shelf, pauses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    shelf.dead[MODEL] = time.monotonic() + 3600

    def pause(_line: Line, attempt: int) -> None:
        pauses.append(attempt)
        if attempt == 6:  # about 45 seconds of the network's absence
            del shelf.dead[MODEL]

    monkeypatch.setattr(download, "pause", pause)
    assert_works(home, take(document, store, running, "trash").running, 8)
    assert pauses == [1, 2, 3, 4, 5, 6]


def test_pauses_grow_by_chance_and_end_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for attempt, most in ((1, 2), (2, 4), (5, 32), (6, 60), (400, 60)):
        found = {module.grown(attempt, 60) for _ in range(50)}
        assert most / 2 <= min(found) < max(found) <= most


@pytest.mark.parametrize("refused", [[403], [400], [401]])
def test_addresses_that_have_expired_are_asked_for_again(
    home: Path, shelf: Shelf, refused: list[int]
) -> None:
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    shelf.statuses[MODEL] = refused
    with pytest.raises(Later, match="may have expired"):
        take(document, store, running, "trash")
    assert_works(home, take(document, store, running, "trash").running, 8)
    assert shelf.requests.count("/8/manifest.json") == 1, "what was here was fetched again"


def test_fresh_addresses_that_are_all_refused_end_the_order(home: Path, shelf: Shelf) -> None:
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    shelf.statuses[MODEL] = [403] * module.REFUSALS
    line = Line()
    for _ in range(module.REFUSALS - 1):
        with pytest.raises(Later):
            take(document, store, running, "trash", line)
    outcome = take(document, store, running, "trash", line)
    assert (outcome.answer.status, "403" in outcome.answer.details["reason"]) == ("FAILED", True)
    assert_works(home, outcome.running, 7)


def test_a_byte_a_second_does_not_hold_the_job_thread(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.3)
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    shelf.trickles[MODEL] = 0.02
    began = time.monotonic()
    with pytest.raises(Later, match=r"too slow: \d+ bytes came in 0 seconds"):
        take(document, store, running, "trash")
    assert time.monotonic() - began < 3


def test_a_release_that_does_not_arrive_in_its_orders_time_fails_and_is_kept(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = install(home, shelf, 7)
    document = {**shelf.put(LARGE), "minutes": 1}
    shelf.breaks_after[MODEL] = 70_000
    shelf.dead["/8/golden.zip"] = time.monotonic() + 3600
    monkeypatch.setattr(module, "SHARE_OF_TIME", 0.3 / 60)
    monkeypatch.setattr(download, "ATTEMPTS", 10_000)
    answer = take(document, store, running, "trash").answer
    assert answer.status == "FAILED"
    assert "did not arrive within the 1 minutes" in answer.details["reason"]
    assert "cannot be reached" in answer.details["reason"]
    shelf.requests.clear()
    shelf.dead.clear()
    monkeypatch.setattr(module, "SHARE_OF_TIME", 0.95)
    assert_works(home, take(document, *start(home), "trash").running, 8)
    assert MODEL not in shelf.requests


def test_what_is_left_of_another_release_makes_room(home: Path, shelf: Shelf) -> None:
    store = Store(home)
    store.open()
    other, mine = store.workplace(8, "a" * 64), store.workplace(9, "b" * 64)
    assert (other.exists(), mine.exists()) == (False, True)
    store.clear()
    assert not mine.exists()


def test_only_what_is_missing_must_have_room(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = install(home, shelf, 7)
    document = shelf.put(LARGE)
    part = store.workplace(8, document["manifest"]["sha256"]) / "model.onnx.part"
    part.write_bytes(LARGE.model[:-1000])
    golden = len(LARGE.golden)
    monkeypatch.setattr(disk, "free_bytes", lambda _: download.SPARE_BYTES + golden + 1000)
    assert_works(home, take(document, store, running, "trash").running, 8)
    assert shelf.ranges == [(MODEL, len(LARGE.model) - 1000)]


def run(home: Path, cloud: Cloud, source: Callable[[], Any]) -> tuple[Any, threading.Thread]:
    agent = connect(cloud, config.read(home), record=True, fps=100)
    thread = threading.Thread(target=agent.run, args=(source,))
    thread.start()
    return agent, thread


def test_the_agent_asks_for_fresh_addresses_and_goes_on(
    home: Path, shelf: Shelf, pictures: Callable[[], Any]
) -> None:
    install(home, shelf, 7)
    cloud = Cloud(shelf.put(LARGE))
    shelf.statuses[MODEL] = [403, 403]
    agent, thread = run(home, cloud, pictures)
    eventually(lambda: cloud.answers()[-1:] == ["SUCCEEDED"])
    agent.stop()
    thread.join(10)
    assert cloud.answers() == ["IN_PROGRESS"] * 3 + ["SUCCEEDED"]
    told = [content.get("statusDetails") for topic, content in cloud.messages if "/update" in topic]
    assert "may have expired" in told[1]["waited_for"]


def test_a_download_that_hangs_stops_neither_frames_nor_the_end(
    home: Path, shelf: Shelf, pictures: Callable[[], Any]
) -> None:
    install(home, shelf, 7)
    cloud = Cloud(shelf.put(LARGE))
    shelf.trickles[MODEL] = 0.2
    agent, thread = run(home, cloud, pictures)
    eventually(lambda: MODEL in shelf.requests)
    seen = len(recorded(home))
    eventually(lambda: len(recorded(home)) > seen + 5)
    began = time.monotonic()
    agent.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 2
    assert cloud.answers() == ["IN_PROGRESS"], "an end by SIGTERM is no failure of the release"
    assert status(home)["epoch"] == 7


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[[], Any]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "red.png").write_bytes(picture("red"))
    return lambda: open_source(str(folder), loop=True)
