"""The agent classifies whatever happens around it: no broker, a broker it cannot trust, bad frames,
a bad clock.
"""

import errno
import functools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from PIL import Image

from camera import agent as module
from camera import broker as broker_module
from camera import config, disk
from camera.agent import Agent
from camera.assembly import assemble, connect
from camera.broker import Broker
from camera.frames import Frame, Frames, SourceError
from camera.results import Results
from camera.sources.opening import open_source
from camera.update import take
from lensloop.wire import names, report
from lensloop.wire.capture import Wanted
from lensloop.wire.prediction import Prediction
from lensloop.wire.report import Report
from tests.camera.conftest import Shelf, certificate
from tests.camera.small_release import colour_model, make_release, picture
from tests.camera.test_update import install, start


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for label in ("red", "green", "blue"):
        (folder / f"{label}.png").write_bytes(picture(label))
    return folder


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)


def agent_on(home: Path) -> Agent:
    return assemble(config.read(home), record=True, fps=500)


def status(home: Path) -> Any:
    return json.loads((home / "status.json").read_text())


def recorded(home: Path) -> list[Any]:
    if not (home / "results.jsonl").exists():  # before the first frame
        return []
    return [json.loads(line) for line in (home / "results.jsonl").read_text().splitlines()]


def eventually(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_a_camera_that_came_after_changes_of_keys_knows_how_many(home: Path) -> None:
    """It would take the first of them, which every order brings, for one that it has to follow."""
    file = home / "camera.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"key_number": 2}))
    assert agent_on(home)._store.believed.number == 2


def test_without_a_broker_frames_are_classified_and_recorded(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    install(home, shelf, 7)
    agent_on(home).run(lambda: open_source(str(pictures), loop=False))
    lines = recorded(home)
    assert [
        (line["frame"], next(iter(line["probabilities"])), line["epoch"]) for line in lines
    ] == [
        ("blue.png", "blue", 7),
        ("green.png", "green", 7),
        ("red.png", "red", 7),
    ]
    shown = status(home)
    assert (shown["thing"], shown["epoch"], shown["proven"], shown["golden"]) == (
        "deeplens_test",
        7,
        True,
        "6/6",
    )
    assert (shown["frames"], shown["dropped"], shown["published"]) == (3, 3, 0)
    assert shown["last_result"]["frame"] == "red.png"
    assert not shown["connected"]


def test_what_is_unsure_or_unfamiliar_is_recorded_counted_and_said_in_the_log(
    home: Path, shelf: Shelf, pictures: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Beside red, green and blue: a grey picture, a black one and a greenish grey one."""
    for name, colour in {"grey": (99, 99, 99), "black": (0, 0, 0), "moss": (90, 230, 90)}.items():
        Image.new("RGB", (40, 30), colour).save(pictures / f"{name}.png")
    store, running = start(home)
    able = make_release(7, colour_model(unfamiliar="least"), unfamiliar_threshold=60.0)
    assert take(shelf.put(able), store, running, "trash").answer.status == "SUCCEEDED"
    with caplog.at_level("INFO"):
        agent_on(home).run(lambda: open_source(str(pictures), loop=False))
    found = {line["frame"]: (line["unsure"], line["unfamiliar"]) for line in recorded(home)}
    assert found == {
        "black.png": (True, False),
        "blue.png": (False, False),
        "green.png": (False, False),
        "grey.png": (True, True),
        "moss.png": (False, True),
        "red.png": (False, False),
    }
    shown = status(home)
    assert (shown["frames"], shown["unsure"], shown["unfamiliar"]) == (6, 2, 2)
    said = [record.getMessage() for record in caplog.records if "taught" in record.getMessage()]
    assert said == [  # once a minute, not with every frame
        "grey.png: not like anything it was taught; the nearest is red (33%)"
        " (1 of 4 frames so far were unfamiliar)"
    ]


def test_results_and_record_agree_on_what_was_seen(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    install(home, shelf, 7)
    agent_on(home).run(lambda: open_source(str(pictures), loop=False))
    line = recorded(home)[-1]
    assert line == status(home)["last_result"]
    assert line == {
        "frame": "red.png",
        "epoch": 7,
        "predicted": "red",
        "confidence": line["probabilities"]["red"],
        "unsure": False,
        "unfamiliar": False,
        "unfamiliarity": None,
        "probabilities": line["probabilities"],
    }
    assert next(iter(line["probabilities"])) == "red"


@pytest.mark.parametrize("topic", names.RESULTS_TOPICS)
def test_only_our_own_topic_gets_the_whole_answer(home: Path, topic: str) -> None:
    """The others get what AWS DeepLens' consumers read; and ours then hears the whole answer when
    it has become another one.
    """
    topic = topic.format(thing="deeplens_test")
    sent: list[Any] = []

    def publish(to: str, content: Any) -> bool:
        sent.append((to, content))
        return True

    results = Results(
        home,
        "deeplens_test",
        topic,
        publish=publish,
        connected=lambda: True,
        record=False,
    )
    seen = Prediction({"red": 0.75, "green": 0.25}, unsure=True, unfamiliar=False, unfamiliarity=2)
    results.saw("a.png", seen, 7)
    results.saw("a.png", seen, 7)
    plain = {"red": 0.75, "green": 0.25}
    whole = {
        "frame": "a.png",
        "epoch": 7,
        "predicted": "red",
        "confidence": 0.75,
        "unsure": True,
        "unfamiliar": False,
        "unfamiliarity": 2,
        "probabilities": plain,
    }
    ours = "deeplens/deeplens_test/answers"
    each = [(ours, whole)] * 2 if topic == ours else [(topic, plain), (ours, whole), (topic, plain)]
    assert sent == each


SCRIPTS = {
    "red": "M\u00fcll (gro\u00df)",
    "green": "燃えるごみ",
    "blue": "paper & cardboard, mixed",
}


def test_labels_of_any_script_are_proved_and_recorded(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    files = make_release(7)
    content = json.dumps(files.manifest)
    for plain, label in SCRIPTS.items():
        content = content.replace(json.dumps(plain), json.dumps(label))
    store, running = start(home)
    order = shelf.put(files._replace(manifest=json.loads(content)))
    assert take(order, store, running, "trash").answer.status == "SUCCEEDED"
    agent_on(home).run(lambda: open_source(str(pictures), loop=False))
    assert [next(iter(line["probabilities"])) for line in recorded(home)] == [
        SCRIPTS[colour] for colour in ("blue", "green", "red")
    ]
    assert set(status(home)["last_result"]["probabilities"]) == set(SCRIPTS.values())


def test_a_loop_ends_after_enough_frames(home: Path, shelf: Shelf, pictures: Path) -> None:
    install(home, shelf, 7)
    agent_on(home).run(lambda: open_source(str(pictures), loop=True), enough=7)
    assert len(recorded(home)) == 7


def test_bad_frames_are_passed_over_and_the_rest_is_classified(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    install(home, shelf, 7)
    (pictures / "a.jpg").write_text("this is not a picture")
    agent_on(home).run(lambda: open_source(str(pictures), loop=False))
    assert len(recorded(home)) == 3
    assert "not a JPEG, PNG or WebP" in status(home)["last_error"]


def test_a_frame_that_breaks_everything_is_survived(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    install(home, shelf, 7)

    def explode(_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    def source() -> Frames:
        yield Frame("bomb", explode, picture=lambda: None)
        yield from open_source(str(pictures), loop=False)

    agent_on(home).run(source)
    assert len(recorded(home)) == 3
    assert status(home)["errors"] == 1
    assert "a bug" in status(home)["last_error"]


def test_a_camera_that_is_unplugged_for_a_while_is_picked_up_again(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    install(home, shelf, 7)
    opened = []

    def source() -> Frames:
        opened.append(1)
        if len(opened) in (2, 3):
            raise SourceError("still unplugged")
        return unplugged() if len(opened) == 1 else open_source(str(pictures), loop=False)

    def unplugged() -> Frames:
        yield from open_source(str(pictures), loop=False)
        raise SourceError("unplugged")

    agent_on(home).run(source)
    assert (len(opened), len(recorded(home))) == (4, 6)


def test_a_source_that_is_wrong_from_the_start_is_the_persons_to_mend(home: Path) -> None:
    with pytest.raises(SourceError):
        agent_on(home).run(lambda: open_source("/nowhere", loop=False))


def test_a_camera_without_a_release_waits_and_can_be_stopped(home: Path, pictures: Path) -> None:
    agent = agent_on(home)
    running = threading.Thread(
        target=agent.run, args=(lambda: open_source(str(pictures), loop=False),)
    )
    running.start()
    time.sleep(0.2)
    assert running.is_alive()
    agent.stop()
    running.join(10)
    assert not running.is_alive()
    assert not (home / "results.jsonl").exists()


def test_a_full_disk_stops_the_record_and_not_the_camera(
    home: Path, shelf: Shelf, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home, shelf, 7)
    (home / "results.jsonl").mkdir()  # whatever is written there fails
    agent_on(home).run(lambda: open_source(str(pictures), loop=False))
    assert status(home)["errors"] == 3


class Cloud(Broker):
    """The broker and AWS IoT Jobs behind it, as the agent sees them: at most one job, which it
    offers when asked, and every message kept.
    """

    def __init__(self, document: Any) -> None:
        self.document, self.job = document, "j1"
        self.messages: list[tuple[str, Any]] = []

    @property
    def up(self) -> bool:
        return True

    def start(self) -> None:
        self._connected()

    def stop(self, patience: float = 0.0) -> None:
        pass

    def publish(self, topic: str, content: Any) -> bool:
        self.messages.append((topic, content))
        base, end = topic.split("/jobs/") if "/jobs/" in topic else (topic, "")
        if end == "$next/get":
            job = {"jobId": self.job, "executionNumber": 1, "versionNumber": 1}
            offered = {"execution": {**job, "jobDocument": self.document} if self.document else {}}
            self._received(f"{base}/jobs/$next/get/accepted", offered)
        elif end:
            accepted = {"clientToken": content["clientToken"]}
            self._received(f"{topic}/accepted", accepted)
        return True

    def reports(self) -> list[Report]:
        topic = names.REPORT_TOPIC.format(thing="deeplens_test")
        return [report.parse(content) for to, content in list(self.messages) if to == topic]

    def publish_now(self, topic: str, content: Any) -> bool:
        return self.publish(topic, content)

    def answers(self) -> list[str]:
        return [content["status"] for topic, content in self.messages if "/update" in topic]


def test_a_release_that_is_ordered_while_frames_are_looked_at_is_taken_and_answered(
    home: Path, shelf: Shelf, pictures: Path
) -> None:
    install(home, shelf, 7)
    cloud = Cloud(shelf.put(make_release(8)))
    agent = connect(cloud, config.read(home), record=True, fps=500)
    running = threading.Thread(
        target=agent.run, args=(lambda: open_source(str(pictures), loop=True),)
    )
    running.start()
    eventually(lambda: any(line["epoch"] == 8 for line in recorded(home)))
    agent.stop()
    running.join(10)
    assert cloud.answers() == ["IN_PROGRESS", "SUCCEEDED"]
    assert status(home)["published"] == status(home)["frames"]
    assert status(home)["last_update"]["status"] == "SUCCEEDED"


def test_a_camera_without_a_release_takes_the_pictures_that_a_person_asks_for(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr("camera.review.LOOK_SECONDS", 0.0)
    seen = tmp_path / "seen"
    seen.mkdir()
    for number in range(6):
        Image.effect_noise((64, 48), 90).save(seen / f"{number}.png")
    content = json.loads((home / "camera.json").read_text())
    (home / "camera.json").write_text(json.dumps({**content, "review_frames_a_day": 5}))
    cloud = Cloud(None)
    agent = connect(cloud, config.read(home), record=True, fps=500)
    frames = functools.partial(open_source, str(seen), loop=True)
    running = threading.Thread(target=agent.run, args=(frames,))
    running.start()
    try:
        for session in ("0123abcd", "4567abcd"):
            wanted = Wanted(session, 2, 60).content()
            cloud._received(names.CAPTURE_TOPIC.format(thing="deeplens_test"), wanted)
            eventually(lambda: len(list(home.glob(f"uncertain/*{session}*.jpg"))) == 2)  # noqa: B023
    finally:
        agent.stop()
        running.join(10)
    assert agent.running is None


def test_a_disk_that_was_full_takes_the_next_order_without_a_restart(
    home: Path, shelf: Shelf, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home, shelf, 7)
    cloud = Cloud(shelf.put(make_release(8)))
    agent = connect(cloud, config.read(home), record=False, fps=500)
    running = threading.Thread(
        target=agent.run, args=(lambda: open_source(str(pictures), loop=True),)
    )

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        for function in ("write", "write_json", "move", "point", "settle"):
            patch.setattr(disk, function, full)
        running.start()
        eventually(lambda: cloud.answers()[-1:] == ["FAILED"])
        seen = agent._seen
        eventually(lambda: agent._seen > seen + 20)
    cloud.job = "j2"
    cloud._connected()
    eventually(lambda: cloud.answers()[-1:] == ["SUCCEEDED"])
    agent.stop()
    running.join(10)
    assert start(home)[0].state.good[0].epoch == 8
    assert status(home)["errors"] == 0


def test_a_camera_reports_what_it_runs_when_it_connects_and_when_that_changes(
    home: Path, shelf: Shelf, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera.reporting.LEAST_SECONDS", 0.1)
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.05)
    install(home, shelf, 7)
    cloud = Cloud(None)
    agent = connect(cloud, config.read(home), record=True, fps=500)
    running = threading.Thread(
        target=agent.run, args=(lambda: open_source(str(pictures), loop=True),)
    )
    running.start()
    try:
        eventually(lambda: [said.epoch for said in cloud.reports()] == [7])
        cloud.document = shelf.put(make_release(8))
        cloud._connected()
        eventually(lambda: [said.epoch for said in cloud.reports()][-1] == 8)
    finally:
        agent.stop()
        running.join(10)
    last = cloud.reports()[-1]
    assert last.sha256 == make_release(8).manifest["model"]["sha256"]
    assert (last.golden, last.precision, last.given_back) == ("6/6", "fp32", None)
    assert last.fps > 1
    assert last.disk_free_mb > 0
    assert 2 <= len(cloud.reports()) <= 3  # the second connect may fall together with the change


@pytest.fixture
def silent_broker(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Takes the connection and never says a word again: what a router leaves that forgot it."""
    pem, key = certificate(tmp_path, name="silent")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones = []

    def serve() -> None:
        while True:
            try:
                connection = context.wrap_socket(listener.accept()[0], server_side=True)
            except OSError:
                return
            connection.recv(1000)
            connection.sendall(b"\x20\x02\x00\x00")  # CONNACK: welcome
            open_ones.append(connection)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], pem
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for connection in open_ones:
        connection.close()


def test_a_connection_that_is_dead_without_a_word_is_noticed_and_results_stay_few(
    home: Path,
    silent_broker: tuple[int, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert 2 * broker_module.KEEPALIVE_SECONDS < 60
    monkeypatch.setattr(broker_module, "KEEPALIVE_SECONDS", 1)
    content = json.loads((home / "camera.json").read_text())
    content.update(port=silent_broker[0], ca=str(silent_broker[1]))
    (home / "camera.json").write_text(json.dumps(content))
    broker = Broker(config.read(home).connection)
    broker.listen(["jobs/next"], lambda *_: None, lambda: None)
    broker.start()
    eventually(lambda: broker.up)
    sent = [broker.publish_now("deeplens/deeplens_test/infer", {"red": 1}) for _ in range(300)]
    assert sum(sent) == broker_module.RESULTS_WAITING
    assert broker.publish("jobs", {}), "no room is left for what must not be lost"
    eventually(lambda: "was lost" in caplog.text, 10)
    broker.stop(0)


def test_results_that_are_not_sent_are_said_once_and_counted(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = False
    results = Results(
        home, "deeplens_test", "t", publish=lambda *_: up, connected=lambda: up, record=False
    )
    seen = Prediction({"red": 0.75, "green": 0.25}, unsure=True, unfamiliar=False, unfamiliarity=2)
    for _ in range(5):
        results.saw("a.png", seen, 7)
    monkeypatch.setattr("camera.results.UNSENT_SECONDS", 0)
    up = True
    with caplog.at_level("INFO"):
        results.saw("a.png", seen, 7)
        results.saw("a.png", seen, 7)
    assert [record.getMessage() for record in caplog.records] == [
        "the broker is away or too slow; results are counted as `dropped` and not sent later"
        " (1 so far)",
        "results are sent again; 5 were not and never will be",
    ]
    results.note()
    assert (status(home)["dropped"], status(home)["published"]) == (5, 2)


def test_a_folder_that_can_only_be_read_costs_the_status_and_the_record_and_no_frame(
    home: Path, shelf: Shelf, pictures: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(home, shelf, 7)
    for blocked in ("status.json.part", "results.jsonl"):
        (home / blocked).mkdir()  # whatever is written there fails, also for root
    agent = agent_on(home)
    agent.run(lambda: open_source(str(pictures), loop=True), enough=20)
    assert agent._results._status["frames"] == 20
    assert caplog.text.count("status.json cannot be written") == 1


@pytest.fixture
def future_broker(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A TLS server whose certificate begins tomorrow: what a camera meets whose clock fell back."""
    pem, key = certificate(tmp_path, starts_in_days=1, name="future")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], pem
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    "payload", [b"{half", b"\xff", b"[" * 100_000], ids=["half", "bytes", "deep"]
)
def test_a_message_that_is_not_json_is_passed_over(home: Path, payload: bytes) -> None:
    """What is raised in the network's thread ends it,
    and the camera would never hear of a release again.
    """
    message = mqtt.MQTTMessage(topic=b"$aws/things/deeplens_test/jobs/notify-next")
    message.payload = payload
    heard: list[str] = []
    broker = Broker(config.read(home).connection)
    broker.listen([], lambda topic, _: heard.append(topic), lambda: None)
    broker._on_message(broker._client, None, message)
    assert not heard


def test_with_a_wrong_clock_the_camera_says_so_and_goes_on(
    home: Path,
    shelf: Shelf,
    pictures: Path,
    future_broker: tuple[int, Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(home, shelf, 7)
    content = json.loads((home / "camera.json").read_text())
    content.update(port=future_broker[0], ca=str(future_broker[1]))
    (home / "camera.json").write_text(json.dumps(content))
    agent = agent_on(home)
    running = threading.Thread(
        target=agent.run, args=(lambda: open_source(str(pictures), loop=True),)
    )
    running.start()
    eventually(lambda: "not yet valid; check the clock" in caplog.text)
    eventually(lambda: len(recorded(home)) >= 3)
    agent.stop()
    running.join(10)
    assert not running.is_alive()
