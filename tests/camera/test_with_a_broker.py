"""The agent against the local cloud's real broker,
jobs and buckets, with the policy that the fleet stack ships.
"""

import functools
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from camera import agent as module
from camera import config, hearing
from camera.agent import Agent
from camera.assembly import assemble
from camera.broker import tls_context
from camera.connection import Connection
from camera.sources.opening import open_source
from cli import reach
from cli.broker import Broker
from cli.fleet import CameraError, cameras
from cli.identity import add_camera, remove_camera
from cli.indicator import add_indicator, revoke_indicators
from lensloop.wire import names
from local.cloud import ACCOUNT, REGION, LocalCloud
from stacks.camera_policy import camera_policy
from tests.camera import signer
from tests.camera.cut_link import Link
from tests.camera.small_release import Files, colour_model, make_release, picture, sha256

pytestmark = pytest.mark.slow
PREFIX = "deeplens-trash"
AWAY_SECONDS = float(os.environ.get("AWAY_SECONDS", "3"))  # 600 were run: docs/cameras.md
BUCKET = f"{PREFIX}-bucket"


class Fleet(NamedTuple):
    cloud: LocalCloud
    iot: Any
    s3: Any
    presign_role: str


def shipped_policy() -> str:
    stack = cdk.Stack(cdk.App(), "fleet", env=cdk.Environment(account=ACCOUNT, region=REGION))
    return json.dumps(_plain(stack.resolve(camera_policy(stack))))


def _plain(value: Any) -> Any:
    """The only token left is the partition."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        return "".join(_plain(part) for part in value["Fn::Join"][1])
    return (
        "aws"
        if value == {"Ref": "AWS::Partition"}
        else {key: _plain(item) for key, item in value.items()}
    )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), port=0, mqtt_port=0) as cloud:
        iot, s3, iam = cloud.client("iot"), cloud.client("s3"), cloud.client("iam")
        s3.create_bucket(Bucket=BUCKET)
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "iot.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.create_role(
            RoleName="presign",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        reads = {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/releases/*",
        }
        iam.put_role_policy(
            RoleName="presign",
            PolicyName="reads",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [reads]}),
        )
        for wave in ("canary", "fleet"):
            iot.create_thing_group(thingGroupName=f"{PREFIX}-{wave}")
        iot.create_policy(policyName=f"{PREFIX}-camera", policyDocument=shipped_policy())
        yield Fleet(cloud, iot, s3, role)


def register(fleet: Fleet, thing: str, home: Path, **more: Any) -> Path:
    return add_camera(
        fleet.iot,
        PREFIX,
        "trash",
        thing,
        home,
        believes=signer.BELIEVED,
        endpoint="localhost",
        port=fleet.cloud.mqtt_port,
        ca=fleet.cloud.ca_pem,
        **more,
    )


def order(fleet: Fleet, thing: str, files: Files, folder: str | None = None, **changes: str) -> str:
    """A job for one camera, with the document that the deployment Lambda writes."""
    folder = folder or f"releases/{thing}/{files.manifest['epoch']}"
    for name, body in (
        ("manifest.json", files.manifest_bytes),
        ("model.onnx", files.model),
        ("golden.zip", files.golden),
    ):
        fleet.s3.put_object(Bucket=BUCKET, Key=f"{folder}/{name}", Body=body)

    def link(name: str) -> str:
        return f"${{aws:iot:s3-presigned-url:https://s3.{REGION}.amazonaws.com/{BUCKET}/{folder}/{name}}}"

    document = {
        "operation": "release",
        "epoch": files.manifest["epoch"],
        "manifest": {
            "url": link("manifest.json"),
            "sha256": sha256(files.manifest_bytes),
            "signature": signer.in_base64(files.manifest_bytes),
        },
        "model": {
            "url": link("model.onnx"),
            "sha256": sha256(files.model),
            "size": len(files.model),
        }
        | changes,
        "golden": {"url": link("golden.zip"), "sha256": sha256(files.golden)},
    }
    job = f"{PREFIX}-r{files.manifest['epoch']}-{thing}-{time.monotonic_ns()}"
    fleet.iot.create_job(
        jobId=job,
        targets=[fleet.iot.describe_thing(thingName=thing)["thingArn"]],
        document=json.dumps(document),
        presignedUrlConfig={"roleArn": fleet.presign_role, "expiresInSec": 600},
        targetSelection="SNAPSHOT",
    )
    return job


def answer(fleet: Fleet, job: str, thing: str, seconds: float = 40) -> tuple[str, dict[str, str]]:
    """What the camera says to a job, once it has said it."""

    def execution() -> Any:
        return fleet.iot.describe_job_execution(jobId=job, thingName=thing)["execution"]

    eventually(lambda: execution()["status"] not in ("QUEUED", "IN_PROGRESS"), seconds)
    return execution()["status"], execution()["statusDetails"]["detailsMap"]


def eventually(happened: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


class Started(NamedTuple):
    agent: Agent
    thing: str
    home: Path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for label in ("red", "green", "blue"):
        (folder / f"{label}.png").write_bytes(picture(label))
    return folder


@pytest.fixture
def launch(fleet: Fleet, tmp_path: Path, pictures: Path) -> Iterator[Callable[..., Started]]:
    started: list[tuple[Agent, threading.Thread]] = []

    def start(thing: str, port: int = 0) -> Started:
        home = tmp_path / thing
        file = register(fleet, thing, home)
        if port:
            file.write_text(json.dumps(json.loads(file.read_text()) | {"port": port}))
        agent = assemble(config.read(home), record=True, fps=50)
        thread = threading.Thread(
            target=agent.run, args=(lambda: open_source(str(pictures), loop=True),)
        )
        thread.start()
        started.append((agent, thread))
        return Started(agent, thing, home)

    yield start
    for agent, _ in started:
        agent.stop()
    for _, thread in started:
        thread.join(40)
        assert not thread.is_alive()


@pytest.mark.usefixtures("tried_apart")
def test_a_release_reaches_a_camera_and_is_proved_there(
    fleet: Fleet, launch: Callable[[str], Started]
) -> None:
    camera, files = launch("deeplens_proves"), make_release(7)
    status, details = answer(fleet, order(fleet, camera.thing, files), camera.thing)
    assert status == "SUCCEEDED", details
    assert details["sha256"] == sha256(files.model)
    assert (details["epoch"], details["golden"], details["agent"]) == ("7", "6/6", "2")
    eventually(lambda: (camera.home / "results.jsonl").exists())
    shown = json.loads((camera.home / "status.json").read_text())
    assert (shown["epoch"], shown["sha256"], shown["proven"]) == (7, sha256(files.model), True)
    assert shown["connected"]


def test_a_wrong_sha256_is_reported_and_the_old_model_goes_on(
    fleet: Fleet, launch: Callable[[str], Started]
) -> None:
    camera = launch("deeplens_guards")
    assert (
        answer(fleet, order(fleet, camera.thing, make_release(7)), camera.thing)[0] == "SUCCEEDED"
    )
    swapped = make_release(8)._replace(model=colour_model(order=(2, 1, 0), marker="release 8"))
    claimed = make_release(8).manifest["model"]["sha256"]
    status, details = answer(
        fleet, order(fleet, camera.thing, swapped, sha256=claimed), camera.thing
    )
    assert status == "FAILED"
    assert f"{claimed} was announced" in details["reason"]
    lines = (camera.home / "results.jsonl").read_text().count("\n")
    eventually(lambda: (camera.home / "results.jsonl").read_text().count("\n") > lines + 5)
    last = json.loads((camera.home / "results.jsonl").read_text().splitlines()[-2])
    assert last["epoch"] == 7
    assert next(iter(last["probabilities"])) == last["frame"].removesuffix(".png")


def test_an_older_release_is_rejected_and_the_next_job_still_taken(
    fleet: Fleet, launch: Callable[[str], Started]
) -> None:
    camera = launch("deeplens_orders")
    jobs = [order(fleet, camera.thing, make_release(epoch)) for epoch in (7, 6, 9)]
    answers = [answer(fleet, job, camera.thing) for job in jobs]
    assert [status for status, _ in answers] == ["SUCCEEDED", "REJECTED", "SUCCEEDED"]
    assert "older than release 7" in answers[1][1]["reason"]
    assert camera.agent.running is not None
    assert camera.agent.running.installed.epoch == 9


def test_a_job_that_waited_while_the_camera_was_off_is_taken_at_the_start(
    fleet: Fleet, tmp_path: Path, pictures: Path, launch: Callable[[str], Started]
) -> None:
    thing = "deeplens_sleeps"
    register(fleet, thing, tmp_path / thing)
    job = order(fleet, thing, make_release(7))
    launch(thing)
    assert answer(fleet, job, thing)[0] == "SUCCEEDED"


def listener(home: Path, client_id: str) -> tuple[mqtt.Client, list[str]]:
    """Another client with this camera's certificate; notes when the broker throws it out."""
    return connected(config.read(home).connection, client_id)


def connected(theirs: Connection, client_id: str) -> tuple[mqtt.Client, list[str]]:
    events: list[str] = []
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
    )
    client.tls_set_context(tls_context(theirs))
    client.on_connect = lambda _c, _u, _f, reason, _p: events.append(f"connect {reason}")
    client.on_disconnect = lambda _c, _u, _f, reason, _p: events.append("out")
    client.connect(theirs.endpoint, theirs.port)
    client.loop_start()
    eventually(lambda: bool(events))
    return client, events


@pytest.mark.parametrize(
    "topic",
    ["$aws/things/deeplens_other/infer", "$aws/things/deeplens_other/jobs/x/update", "infer"],
)
def test_publishing_under_another_name_is_refused(fleet: Fleet, tmp_path: Path, topic: str) -> None:
    thing = f"deeplens_minds_{len(topic)}"
    register(fleet, thing, tmp_path / "home")
    client, events = listener(tmp_path / "home", thing)
    assert events == ["connect Success"]
    client.publish(f"$aws/things/{thing}/infer", "{}", qos=1).wait_for_publish(10)
    assert events == ["connect Success"]
    client.publish(topic, "{}", qos=1)
    eventually(lambda: "out" in events)
    client.loop_stop()


def test_a_certificate_opens_no_connection_under_another_name(fleet: Fleet, tmp_path: Path) -> None:
    register(fleet, "deeplens_honest", tmp_path / "home")
    client, events = listener(tmp_path / "home", "deeplens_other")
    assert events[0] != "connect Success"
    client.loop_stop()


SCRIPTS = {
    "red": "M\u00fcll (gro\u00df)",
    "green": "燃えるごみ",
    "blue": "paper & cardboard, mixed",
}


def relabelled(files: Files) -> Files:
    content = json.dumps(files.manifest)
    for plain, label in SCRIPTS.items():
        content = content.replace(json.dumps(plain), json.dumps(label))
    return files._replace(manifest=json.loads(content))


def test_results_arrive_on_the_infer_topic_under_labels_of_any_script(
    fleet: Fleet, tmp_path: Path, launch: Callable[[str], Started]
) -> None:
    """Listened to with a certificate that may hear everything,
    as an application in the cloud would.
    """
    camera = launch("deeplens_talks")
    ears = tmp_path / "ears"
    register(fleet, "deeplens_ears", ears)
    certificate = fleet.iot.list_thing_principals(thingName="deeplens_ears")["principals"][0]
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
    }
    fleet.iot.create_policy(policyName="hears-all", policyDocument=json.dumps(allowed))
    fleet.iot.attach_policy(policyName="hears-all", target=certificate)
    heard: list[dict[str, float]] = []
    client, _ = listener(ears, "deeplens_ears")
    client.on_message = lambda _c, _u, message: heard.append(json.loads(message.payload))
    client.subscribe(f"$aws/things/{camera.thing}/infer", qos=1)
    order(fleet, camera.thing, make_release(7))
    eventually(lambda: len(heard) >= 3)
    assert {next(iter(result)) for result in heard[:3]} == {"red", "green", "blue"}
    order(fleet, camera.thing, relabelled(make_release(8)))
    eventually(lambda: set(SCRIPTS.values()) in [set(result) for result in heard])
    client.loop_stop()
    assert all(sum(result.values()) == pytest.approx(1, abs=1e-4) for result in heard)


def indicator(fleet: Fleet, thing: str, home: Path, port: int = 0) -> Path:
    broker = Broker("localhost", port or fleet.cloud.mqtt_port, fleet.cloud.ca_pem)
    add_indicator(fleet.iot, PREFIX, thing, home, broker)
    return home


class Shown:
    """The program itself, in its own process, and what it has shown."""

    def __init__(self, home: Path) -> None:
        self._file = home.with_suffix(".txt")
        command = [sys.executable, "-m", "camera.bin_indicator", "--home", str(home)]
        with self._file.open("w") as out:
            self.program = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)

    def lines(self, since: int = 0) -> list[str]:
        return self._file.read_text().splitlines()[since:]

    def falls_silent(self, seconds: float) -> int:
        """What it has shown by then."""
        count, at = len(self.lines()), time.monotonic()
        while time.monotonic() < at + seconds:
            time.sleep(0.1)
            if len(self.lines()) != count:
                count, at = len(self.lines()), time.monotonic()
        return count


@pytest.fixture
def show() -> Iterator[Callable[[Path], Shown]]:
    started: list[Shown] = []

    def start(home: Path) -> Shown:
        started.append(Shown(home))
        return started[-1]

    yield start
    for each in started:
        each.program.kill()
        each.program.wait()


def test_an_indicator_elsewhere_shows_what_a_camera_answers_and_comes_back(
    fleet: Fleet,
    tmp_path: Path,
    launch: Callable[..., Started],
    link: Link,
    show: Callable[[Path], Shown],
) -> None:
    """The camera's results go to `infer`, as they do unless somebody wants it otherwise."""
    camera = launch("deeplens_bins")
    home = indicator(fleet, camera.thing, tmp_path / "bin", link.port)
    assert reach.refusal(lambda: hearing.read(home).connection) == ""
    shown = show(home)
    eventually(lambda: shown.lines() == ["no answer from the camera"])
    order(fleet, camera.thing, make_release(7))
    eventually(lambda: {"red", "green", "blue"} <= set(shown.lines()))
    link.cut()
    before = shown.falls_silent(2.5)  # another answer each second, until then
    link.mend()
    eventually(lambda: {"red", "green", "blue"} <= set(shown.lines(before)))
    shown.program.terminate()
    assert shown.program.wait(10) == 0
    assert shown.lines()[-1] == "no answer from the camera"


OTHER_TOPICS = (  # what else is said on this broker, and by what it could be heard
    "deeplens/deeplens_next/answers",
    "deeplens/+/answers",
    "deeplens/deeplens_near/#",
    "deeplens/deeplens_near/report",
    "$aws/things/deeplens_near/infer",
    "$aws/things/deeplens_near/jobs/#",
    "#",
)


class Ears(NamedTuple):
    client: mqtt.Client
    events: list[str]
    heard: list[str]

    def subscribe(self, topic: str) -> str:
        """What the broker says to it."""
        self.client.subscribe(topic, qos=1)
        eventually(lambda: len(self.events) > 1)
        return self.events[1]


def ears(theirs: Connection) -> Ears:
    found = Ears(*connected(theirs, theirs.client), [])
    found.client.on_message = lambda _c, _u, message: found.heard.append(message.topic)
    found.client.on_subscribe = lambda _c, _u, _m, codes, _p: found.events.append(str(codes[0]))
    return found


def say_everything(speakers: dict[str, mqtt.Client]) -> None:
    for thing, camera in speakers.items():
        for topic in (*names.RESULTS_TOPICS, names.REPORT_TOPIC):
            camera.publish(topic.format(thing=thing), "{}", qos=1).wait_for_publish(10)


def test_an_indicator_hears_its_camera_and_can_do_nothing_else(
    fleet: Fleet, tmp_path: Path
) -> None:
    speakers = {}
    for thing in ("deeplens_near", "deeplens_next"):
        register(fleet, thing, tmp_path / thing)
        speakers[thing] = listener(tmp_path / thing, thing)[0]
    theirs = hearing.read(indicator(fleet, "deeplens_near", tmp_path / "bin")).connection
    allowed = ears(theirs)
    assert allowed.subscribe("deeplens/deeplens_near/answers") == "Granted QoS 1"
    say_everything(speakers)
    eventually(lambda: bool(allowed.heard))
    for topic in OTHER_TOPICS:
        other = ears(theirs)
        assert "Granted" not in other.subscribe(topic), topic
        say_everything(speakers)
        assert other.heard == [], topic
        other.client.loop_stop()
    for topic in ("deeplens/deeplens_near/answers", "deeplens/deeplens_near/capture", "x"):
        other = ears(theirs)
        other.client.publish(topic, "{}", qos=1)
        eventually(functools.partial(other.events.__contains__, "out"))
        other.client.loop_stop()
    for name in ("deeplens_near", "deeplens_next", "deeplens-trash-indicator-00000000"):
        assert connected(theirs, name)[1][0] != "connect Success"
    assert set(allowed.heard) == {"deeplens/deeplens_near/answers"}
    for client in (*speakers.values(), allowed.client):
        client.loop_stop()


def indicators(fleet: Fleet) -> list[str]:
    found = [policy["policyName"] for policy in fleet.iot.list_policies()["policies"]]
    return [name for name in found if name.startswith(names.indicator(PREFIX))]


def let_in(home: Path) -> bool:
    found = hearing.read(home).connection
    return reach.refusal(lambda: found) == ""


def test_an_indicator_is_revoked_alone_with_all_or_with_its_camera(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.0)
    before = set(indicators(fleet))
    homes = [tmp_path / name for name in ("one", "two", "three")]
    register(fleet, "deeplens_rooms", tmp_path / "camera")
    register(fleet, "deeplens_other_room", tmp_path / "other")
    for home in homes:
        indicator(fleet, "deeplens_rooms", home)
    assert [let_in(home) for home in homes] == [True, True, True]
    key = (homes[0] / "private.key").read_text()
    assert stat.S_IMODE(os.stat(homes[0] / "private.key").st_mode) == 0o600
    indicator(fleet, "deeplens_rooms", homes[0], port=1)
    assert (homes[0] / "private.key").read_text() == key
    assert hearing.read(homes[0]).connection.port == 1
    indicator(fleet, "deeplens_rooms", homes[0])

    assert len(revoke_indicators(fleet.iot, PREFIX, "deeplens_rooms", homes[0])) == 1
    assert [let_in(home) for home in homes] == [False, True, True]
    indicator(fleet, "deeplens_rooms", homes[0])  # is a new one
    assert (homes[0] / "private.key").read_text() != key
    assert len(revoke_indicators(fleet.iot, PREFIX, "deeplens_rooms")) == 3
    assert [let_in(home) for home in homes] == [False, False, False]
    assert reach.problem(tmp_path / "camera") == ""
    indicator(fleet, "deeplens_rooms", homes[0])
    remove_camera(fleet.iot, PREFIX, "deeplens_rooms")
    assert not let_in(homes[0])
    assert set(indicators(fleet)) == before

    for call, sentence in (
        (lambda: indicator(fleet, "deeplens_rooms", homes[1]), "There is no camera"),
        (lambda: indicator(fleet, "deeplens_other_room", homes[1]), "hears another camera"),
        (lambda: indicator(fleet, "deeplens_other_room", tmp_path / "other"), "a camera's own"),
        (lambda: register(fleet, "deeplens_rooms", homes[1]), "is an indicator's"),
        (
            lambda: revoke_indicators(fleet.iot, PREFIX, "deeplens_other_room", homes[1]),
            "holds no indicator of",
        ),
    ):
        with pytest.raises(CameraError, match=sentence):
            call()


def test_an_indicator_that_fails_half_way_leaves_nothing(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    register(fleet, "deeplens_half", tmp_path / "camera")
    before = indicators(fleet)
    monkeypatch.setattr("cli.home.write", full)
    with pytest.raises(OSError, match="no space"):
        indicator(fleet, "deeplens_half", tmp_path / "bin")
    assert indicators(fleet) == before
    assert len(fleet.iot.list_thing_principals(thingName="deeplens_half")["principals"]) == 1


def test_a_camera_comes_back_after_the_broker_threw_it_out(
    fleet: Fleet, launch: Callable[[str], Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = launch("deeplens_returns")
    eventually(lambda: camera.agent._broker.up)
    usurper, _ = listener(
        camera.home, camera.thing
    )  # the same name connects: the broker drops the first
    eventually(lambda: not camera.agent._broker.up)
    usurper.disconnect()
    usurper.loop_stop()
    status, _ = answer(fleet, order(fleet, camera.thing, make_release(7)), camera.thing)
    assert status == "SUCCEEDED"


@pytest.fixture
def link(fleet: Fleet) -> Iterator[Link]:
    between = Link(to=fleet.cloud.mqtt_port)
    yield between
    between.cut()


def goes_on(camera: Started) -> bool:
    """Does it answer frames, and with which release?"""
    file = camera.home / "results.jsonl"
    before = len(file.read_text().splitlines())
    eventually(lambda: len(file.read_text().splitlines()) > before + 20)
    return True


def test_a_broker_that_is_away_costs_no_order_and_no_restart(
    fleet: Fleet, launch: Callable[..., Started], link: Link
) -> None:
    camera = launch("deeplens_waits", link.port)
    ordered = order(fleet, camera.thing, make_release(7))
    assert answer(fleet, ordered, camera.thing)[0] == "SUCCEEDED"
    link.cut()
    eventually(lambda: not camera.agent._broker.up)
    ordered = order(fleet, camera.thing, make_release(8))
    back = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < back:
        assert goes_on(camera)
        time.sleep(1)
    link.mend()
    # The pauses between two attempts grow to two minutes.
    assert answer(fleet, ordered, camera.thing, seconds=150)[0] == "SUCCEEDED"
    shown = json.loads((camera.home / "status.json").read_text())
    assert shown["dropped"] > AWAY_SECONDS  # results of that time, many a second
    assert goes_on(camera)


def test_a_revoked_certificate_leaves_a_camera_answering_until_it_is_active_again(
    fleet: Fleet,
    launch: Callable[..., Started],
    link: Link,
    caplog: pytest.LogCaptureFixture,
) -> None:
    camera = launch("deeplens_revoked", link.port)
    ordered = order(fleet, camera.thing, make_release(7))
    assert answer(fleet, ordered, camera.thing)[0] == "SUCCEEDED"
    (arn,) = fleet.iot.list_thing_principals(thingName=camera.thing)["principals"]
    certificate = arn.rpartition("/")[2]
    fleet.iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
    link.cut()
    link.mend()
    eventually(lambda: "does not let this camera in" in caplog.text)
    assert goes_on(camera)
    ordered = order(fleet, camera.thing, make_release(8))
    fleet.iot.update_certificate(certificateId=certificate, newStatus="ACTIVE")
    assert answer(fleet, ordered, camera.thing)[0] == "SUCCEEDED"


def test_a_registered_camera_can_be_listed_moved_and_removed(fleet: Fleet, tmp_path: Path) -> None:
    home = tmp_path / "home"
    register(fleet, "deeplens_moves", home, canary=True)
    before = (home / "private.key").read_text()
    assert stat.S_IMODE(os.stat(home / "private.key").st_mode) == 0o600
    assert ("canary", "no release yet") in [
        (c.wave, c.answer) for c in cameras(fleet.iot, PREFIX) if c.thing == "deeplens_moves"
    ]
    register(fleet, "deeplens_moves", home)
    assert [c.wave for c in cameras(fleet.iot, PREFIX) if c.thing == "deeplens_moves"] == ["fleet"]
    assert (home / "private.key").read_text() == before
    remove_camera(fleet.iot, PREFIX, "deeplens_moves")
    assert "deeplens_moves" not in [c.thing for c in cameras(fleet.iot, PREFIX)]
    with pytest.raises(OSError):  # noqa: PT011 - the broker refuses the handshake or hangs up
        listener_is_let_in(home)
    register(fleet, "deeplens_moves", home)
    assert (home / "private.key").read_text() != before
    listener_is_let_in(home)
    remove_camera(fleet.iot, PREFIX, "deeplens_moves")
    (home / "state.json").write_text("{}")
    with pytest.raises(CameraError, match="holds releases of the cloud that knew it"):
        register(fleet, "deeplens_moves", home)


def test_a_second_call_changes_where_a_camera_connects_and_nothing_else(
    fleet: Fleet, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    config_file = register(fleet, "deeplens_again", home)
    key, before = (home / "private.key").read_text(), json.loads(config_file.read_text())
    other = tmp_path / "other.pem"
    other.write_text("-----BEGIN CERTIFICATE-----\nother")
    by_hand = before | {"results_topic": "deeplens/deeplens_again/infer"}
    config_file.write_text(json.dumps(by_hand))

    known: Any = {"believes": signer.BELIEVED}
    add_camera(fleet.iot, PREFIX, "trash", "deeplens_again", home, canary=True, **known)
    assert json.loads(config_file.read_text()) == by_hand
    there: Any = {"endpoint": "h", "port": 1, "ca": other}
    add_camera(fleet.iot, PREFIX, "trash", "deeplens_again", home, **there, **known)
    changed = by_hand | {"endpoint": "h", "port": 1, "ca": "ca.pem"}
    assert json.loads(config_file.read_text()) == changed
    assert (home / "ca.pem").read_text() == other.read_text()
    assert (home / "private.key").read_text() == key


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_whether_a_camera_can_connect_is_tried_before_it_is_called_ready(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", 0.0)
    home = tmp_path / "home"
    config_file = register(fleet, "deeplens_reaches", home)
    good, ca = config_file.read_text(), (home / "ca.pem").read_text()
    assert reach.problem(home) == ""

    def changed(**values: Any) -> str:
        config_file.write_text(json.dumps(json.loads(good) | values))
        return reach.problem(home)

    port = closed_port()
    assert changed(port=port).startswith(f"no broker answers at localhost:{port} from here (")
    assert "is not one that the certificate authorities of this system vouches" in changed(ca=None)
    (home / "ca.pem").write_text((home / "certificate.pem").read_text())
    assert f"is not one that {home / 'ca.pem'} vouches for" in changed()
    (home / "ca.pem").write_text(ca)
    remove_camera(fleet.iot, PREFIX, "deeplens_reaches")
    assert f"the broker at localhost:{fleet.cloud.mqtt_port} refuses it" in changed()
    (home / "private.key").unlink()
    assert "was not tried" in changed()


@pytest.mark.parametrize(
    ("rules", "made_before"),
    [(None, False), (None, True), ("*.pyc", True), ("*.pyc\n!private.key\n", True), ("*\n", True)],
)
def test_no_key_is_ever_committed(
    fleet: Fleet, tmp_path: Path, rules: str | None, made_before: bool
) -> None:
    home, thing = tmp_path / "home", f"deeplens_{tmp_path.name[-20:]}"
    if made_before:
        home.mkdir()
        (home / "notes.txt").write_text("mine")
    if rules is not None:
        (home / ".gitignore").write_text(rules)
    register(fleet, thing, home)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet")
    git("add", "--all")
    committed = git("ls-files").split()
    assert "home/private.key" not in committed
    assert ("home/notes.txt" in committed) is (made_before and rules != "*\n")
    assert (home / "private.key").exists()


def listener_is_let_in(home: Path) -> None:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="deeplens_moves", reconnect_on_failure=False
    )
    client.tls_set_context(tls_context(config.read(home).connection))
    let_in: list[bool] = []
    client.on_connect = lambda _c, _u, _f, reason, _p: let_in.append(not reason.is_failure)
    read = config.read(home).connection
    client.connect(read.endpoint, read.port)
    deadline = time.monotonic() + 10
    while not let_in and time.monotonic() < deadline and client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS:
        pass
    if not any(let_in):
        raise OSError("not let in")


def test_what_cannot_be_registered_is_said_and_leaves_nothing(fleet: Fleet, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(CameraError, match="no camera name"):
        register(fleet, "kitchen", home)
    with pytest.raises(CameraError, match="deploy first"):
        add_camera(fleet.iot, "deeplens-cats", "cats", "deeplens_x", home, believes=signer.BELIEVED)
    register(fleet, "deeplens_first", home)
    with pytest.raises(CameraError, match="another camera"):
        register(fleet, "deeplens_second", home)
    with pytest.raises(CameraError, match="exists already"):
        register(fleet, "deeplens_first", tmp_path / "elsewhere")
    with pytest.raises(CameraError, match="There is no camera"):
        remove_camera(fleet.iot, PREFIX, "deeplens_second")
    assert not (tmp_path / "elsewhere").exists()


def test_a_failure_half_way_takes_everything_back(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = {c["certificateId"] for c in fleet.iot.list_certificates()["certificates"]}

    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            register(fleet, "deeplens_halfway", tmp_path / "home")
    assert {
        c["certificateId"] for c in fleet.iot.list_certificates()["certificates"]
    } == certificates
    with pytest.raises(fleet.iot.exceptions.ResourceNotFoundException):
        fleet.iot.describe_thing(thingName="deeplens_halfway")
    assert not (tmp_path / "home").exists()


@pytest.fixture(autouse=True)
def quick_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN_SECONDS", 0.5)
