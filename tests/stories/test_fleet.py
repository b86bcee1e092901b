"""Does a camera whose model file has rotted get its release ordered again by itself, does a person
get a release back with one command, and have another key sign without touching cameras?
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from lensloop.fleet.terms import Camera
from lensloop.record import CANARY_FAILED
from lensloop.wire import names, signature, succession
from local import leftovers
from local.tools import PROJECT
from tests.stacks.permissions import (
    WHEN_A_CAMERA_DEVIATES,
    WHEN_A_PERSON_STEERS,
    WHEN_A_RELEASE_IS_TAKEN_BACK,
    WHEN_THE_KEY_IS_CHANGED,
)
from tests.stories.conftest import PREFIX, Person, arrived

pytestmark = pytest.mark.slow
THING, ATTIC, PORCH = "deeplens_kitchen", "deeplens_attic", "deeplens_porch"
# The onnxruntime of a camera whose processor computes wrongly, in programs that begin when the file
# `wrong` is there: a release is tried in one of its own.
ILL = """
import importlib, os, sys
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.remove(here)
del sys.modules["onnxruntime"]
real = importlib.import_module("onnxruntime")
sys.path.insert(0, here)
ILL = os.path.exists(os.path.join(here, "wrong"))
class InferenceSession(real.InferenceSession):
    def run(self, *given, **more):
        answers = super().run(*given, **more)
        return [each[..., ::-1] if ILL and each.ndim > 1 else each for each in answers]
real.InferenceSession = InferenceSession
"""


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Who has deployed a second key, which signs nothing yet."""
    with arrived(tmp_path_factory.mktemp("story"), release_key="2") as somebody:
        yield somebody


@contextmanager
def awake(person: Person, home: Path, first_on_path: str = "") -> Iterator[None]:
    """The real agent, in a process of its own, without credentials of AWS."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ}
    kept |= {"PYTHONPATH": first_on_path} if first_on_path else {}
    frames = ["--frames", str(person.folder / "compost"), "--loop", "--fps", "1"]
    with (home / "agent.log").open("ab") as log:
        agent = subprocess.Popen(
            [sys.executable, "-m", "camera", "--home", str(home), *frames],
            cwd=PROJECT,
            env=kept | {leftovers.MARK: str(person.cloud.ca_pem.parent)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            agent.terminate()
            agent.wait(40)


def rot(home: Path, epoch: int) -> None:
    """A sector of the memory card, as it goes."""
    model = home / "releases" / str(epoch) / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    model.write_bytes(content)


def orders_again(person: Person) -> list[str]:
    jobs = person.cloud.client("iot").list_jobs()["jobs"]
    return sorted(job["jobId"] for job in jobs if "-again-" in job["jobId"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cameras") / "kitchen"


def test_a_camera_with_a_rotten_model_is_ordered_its_release_again(
    person: Person, home: Path
) -> None:
    person.registers(THING, home)
    person.upload("first", 20)
    with awake(person, home):
        epoch = person.waits_for(person.table.live_on_cameras, 240).epoch
        person.waits_for(lambda: rolled_out(person, epoch), 120)
        before = person.waits_for(lambda: reported(person, epoch), 60)
    assert orders_again(person) == []

    rot(home, epoch)
    with awake(person, home):
        again = person.waits_for(lambda: orders_again(person), 60)
        back = person.waits_for(lambda: reported(person, epoch, before.seen_ms), 60)
    assert again == [names.again_job(PREFIX, epoch, 1)]
    assert back.ordered is not None
    assert (back.ordered.epoch, back.ordered.times) == (epoch, 1)
    assert answer(person, again[0])["status"] == "SUCCEEDED"
    assert person.used() >= WHEN_A_CAMERA_DEVIATES


def test_a_person_takes_a_release_back_and_rolls_it_out_again_and_the_camera_goes(
    person: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(person.cloud.ca_pem.parent))
    before = person.table.live_on_cameras()
    assert before is not None
    person.upload("second", 6)
    with awake(person, home):
        bad = person.waits_for(lambda: newer_than(person, before.epoch), 240)
        person.waits_for(lambda: rolled_out(person, bad), 120)
        seen = person.waits_for(lambda: reported(person, bad), 60)

        asked = CliRunner().invoke(app, ["rollback", "--yes", "--note", "blind at dusk"])
        assert asked.exit_code == 0, asked.stderr
        back = person.waits_for(lambda: reported(person, before.epoch, seen.seen_ms), 60)
        live, found = person.table.live_on_cameras(), person.waits_for(lambda: taken(person, bad))
        assert live is not None
        assert (live.epoch, live.back_from, found["to"]) == (before.epoch, bad, before.epoch)
        commands = (["pause"], ["retry"], ["resume"], ["retry"])
        codes = [CliRunner().invoke(app, command).exit_code for command in commands]
        assert codes == [0, 2, 0, 0], "while rollouts are paused none is tried again"
        person.waits_for(lambda: reported(person, bad, back.seen_ms), 60)
        forward = person.waits_for(lambda: newer_than(person, before.epoch), 60)
    assert (forward, f"Release {bad} is taken back." in asked.stdout) == (bad, True)
    job = names.back_job(PREFIX, before.epoch, 1, "fleet")
    assert answer(person, job)["status"] == "SUCCEEDED"
    record = person.record(bad)
    assert record is not None
    told = " ".join(message["body"] for message in record["messages"])
    assert f"ordered to release {before.epoch}, which is live now (statement 1)" in told
    assert "blind at dusk" in told
    assert person.used() >= WHEN_A_RELEASE_IS_TAKEN_BACK | WHEN_A_PERSON_STEERS


def test_a_person_has_another_key_sign_and_a_camera_that_was_away_follows(
    person: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(person.cloud.ca_pem.parent))
    attic = home.with_name("attic")
    person.registers(ATTIC, attic)
    before = person.table.live_on_cameras()
    assert before is not None
    old, new = public_half(person, 1), public_half(person, 2)
    with awake(person, home):
        person.waits_for(lambda: said("key", "rotate", "--dry-run")[0] == 0, 120)
        assert (stands()["signs"], stands()["deployed"]) == (1, 2)
        code, sentence = said("key", "rotate", "--yes", "--note", "as each year")
        assert (code, "Key 2 signs from now on." in sentence) == (0, True)
        both = person.waits_for(lambda: believes(person, THING, 1), 60)
        assert both.report.keys == tuple(map(succession.fingerprint, (new, old)))
        assert said("key", "retire", "--yes")[0] == 2, "the attic has not reported"
        assert said("key", "retire", "--anyway", "--yes")[0] == 0
        alone = person.waits_for(lambda: believes(person, THING, 2), 60)
        assert alone.report.keys == (succession.fingerprint(new),)
        assert stands()["cameras"][0]["words"] == "never reported"
        person.upload("third", 6)
        newest = person.waits_for(lambda: tried_after(person, before.epoch), 240)
        person.waits_for(lambda: reported(person, newest), 60)
        refused = person.waits_for(lambda: order_signed_by_the_old_key(person, newest), 60)
        assert "was not signed by a key that this camera knows" in refused["reason"]
    manifest = read(person, newest, "manifest.json")
    signed = read(person, newest, "manifest.sig")
    verified = [signature.verify([key], manifest, signed) for key in (old, new)]
    assert verified == [False, True]

    with awake(person, attic):
        caught_up = person.waits_for(lambda: believes(person, ATTIC, 2), 90)
        person.waits_for(lambda: reported(person, newest, thing=ATTIC), 90)
        person.waits_for(lambda: newer_than(person, before.epoch), 60)
    assert caught_up.report.keys == (succession.fingerprint(new),)
    assert {one["words"] for one in stands()["cameras"]} == {"believes key 2"}
    assert person.used() >= WHEN_THE_KEY_IS_CHANGED


def test_a_canary_that_fails_ends_the_release_and_no_other_camera_ever_runs_it(
    person: Person, home: Path
) -> None:
    porch, ill = home.with_name("porch"), home.with_name("ill")
    (ill / "onnxruntime").mkdir(parents=True)
    (ill / "onnxruntime" / "__init__.py").write_text(ILL)
    person.registers(PORCH, porch, canary=True)
    before = person.table.live_on_cameras()
    assert before is not None
    with awake(person, home), awake(person, porch, str(ill)):
        person.waits_for(lambda: reported(person, before.epoch, thing=PORCH), 90)
        person.waits_for(lambda: reported(person, before.epoch), 90)
        (ill / "wrong").touch()
        person.upload("fourth", 6)
        refused = person.waits_for(lambda: failed_on_canaries(person, before.epoch), 240)
        back = person.waits_for(lambda: reported(person, before.epoch, thing=PORCH), 60)
    live = person.table.live_on_cameras()
    assert live is not None
    assert (live.epoch, live.back_from) == (before.epoch, refused["epoch"])
    assert "golden" in " ".join(message["body"] for message in refused["messages"])
    assert back.report.epoch == before.epoch
    orders = [job["jobId"] for job in person.cloud.client("iot").list_jobs()["jobs"]]
    asked = names.rollout_job(PREFIX, refused["epoch"], "canary")
    assert answer(person, asked, PORCH)["status"] == "FAILED"
    assert names.rollout_job(PREFIX, refused["epoch"], "fleet") not in orders
    assert not (home / "releases" / str(refused["epoch"])).exists()


def failed_on_canaries(person: Person, after: int) -> Any:
    for epoch in range(after + 1, after + 4):
        record = person.record(epoch)
        rollout = record and record["rollout"]
        if rollout and rollout["outcome"] == CANARY_FAILED:
            return record
    return None


def said(*words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, [*words])
    return ran.exit_code, ran.stdout


def tried_after(person: Person, epoch: int) -> int:
    """It is not live before the attic has proved it too."""
    candidate = person.table.candidate()
    return candidate.release.epoch if candidate and candidate.release.epoch > epoch else 0


def stands() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said("key", "show", "--json")[1])
    return found


def public_half(person: Person, number: int) -> str:
    asked = {"KeyId": names.release_key(PREFIX, number)}
    return succession.pem(person.cloud.client("kms").get_public_key(**asked)["PublicKey"])


def believes(person: Person, thing: str, number: int) -> Camera | None:
    found = person.table.camera(thing)
    return found if found and found.report.key_number == number else None


def read(person: Person, epoch: int, file: str) -> bytes:
    asked = {"Bucket": person.bucket, "Key": names.release(epoch, file)}
    return bytes(person.cloud.client("s3").get_object(**asked)["Body"].read())


def order_signed_by_the_old_key(person: Person, epoch: int) -> Any:
    """By somebody who may order jobs and has the key that was retired: what the camera answers."""
    iot, job = person.cloud.client("iot"), f"{PREFIX}-r{epoch}-forged"
    try:
        return ended(person, job)
    except iot.exceptions.ResourceNotFoundException:
        forge(person, epoch, job)
        return None


def ended(person: Person, job: str) -> Any:
    found = answer(person, job)
    return found["statusDetails"]["detailsMap"] if found["status"] == "REJECTED" else None


def forge(person: Person, epoch: int, job: str) -> None:
    iot, good = person.cloud.client("iot"), names.rollout_job(PREFIX, epoch, "fleet")
    document = json.loads(iot.get_job_document(jobId=good)["document"])
    signed = person.cloud.client("kms").sign(
        KeyId=names.release_key(PREFIX),
        Message=hashlib.sha256(read(person, epoch, "manifest.json")).digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )
    document["manifest"]["signature"] = base64.b64encode(signed["Signature"]).decode()
    iot.create_job(
        jobId=job,
        targets=[iot.describe_thing(thingName=THING)["thingArn"]],
        document=json.dumps(document),
        presignedUrlConfig=iot.describe_job(jobId=good)["job"]["presignedUrlConfig"],
    )


def newer_than(person: Person, epoch: int) -> int:
    live = person.table.live_on_cameras()
    return live.epoch if live and live.epoch > epoch else 0


def taken(person: Person, epoch: int) -> Any:
    record = person.record(epoch)
    return record and record["taken_back"]


def rolled_out(person: Person, epoch: int) -> bool:
    record = person.record(epoch)
    return record is not None and record["rollout"] is not None


def reported(person: Person, epoch: int, after_ms: int = 0, thing: str = THING) -> Camera | None:
    """Once it says that it runs this."""
    found = person.table.camera(thing)
    newer = found is not None and found.seen_ms > after_ms
    return found if found and newer and found.report.epoch == epoch else None


def answer(person: Person, job: str, thing: str = THING) -> Any:
    iot = person.cloud.client("iot")
    return iot.describe_job_execution(jobId=job, thingName=thing)["execution"]
