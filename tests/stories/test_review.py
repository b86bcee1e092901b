"""Do the frames that a camera is unsure of come back, below its own folder of review/, can the
addresses it is given write anything else, and do people's labels come in by themselves?
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from camera import config
from camera.broker import Broker
from camera.frames import Frame, of_image
from camera.review import Review, put
from camera.uncertain import Files, Waiting
from cli.main import app
from cli.place import choose
from demo.album import Picture
from demo.gap import short_days
from demo.gap.labeller import Labeller
from lensloop.wire import names, review
from lensloop.wire.prediction import Prediction
from lensloop.wire.review import PICTURE
from local.state import StateDir
from review.server import desk_for, serving
from tests.local.account import until
from tests.stacks import permissions
from tests.stacks.permissions import Permission
from tests.stacks.synthesized import Synthesized
from tests.stories.conftest import Person, arrived, settle

pytestmark = pytest.mark.slow
THING = "deeplens_hall"
UNSURE = Prediction({"can": 0.5, "glass": 0.4, "paper": 0.1}, True, False, None)


@pytest.fixture(scope="module")
def curious(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Somebody who wants to see what their cameras are unsure of, and has others label it."""
    folder = tmp_path_factory.mktemp("review")
    with arrived(folder, review_frames_a_day="500", labeling_jobs="true") as somebody:
        yield somebody


class Camera:
    """Its connection and its uncertain frames; no model."""

    def __init__(self, person: Person, home: Path) -> None:
        person.registers(THING, home, review_frames_a_day=500)
        asked = config.read(home)
        self.waiting, self.broker = Waiting(home), Broker(asked.connection)
        self.review = Review(
            self.waiting,
            THING,
            asked.review_frames_a_day,
            publish=self.broker.publish_now,
            connected=lambda: self.broker.up,
        )
        self.broker.listen(self.review.topics(), self.review.received, lambda: None)

    def sees(self, name: str, image: Image.Image) -> None:
        self.review.saw(Frame(name, lambda model: UNSURE, lambda: image), UNSURE, 7)


@pytest.fixture(scope="module")
def camera(curious: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    made = Camera(curious, tmp_path_factory.mktemp("hall") / "home")
    made.sees("hall#1", Image.effect_noise((320, 240), 80))  # before the network is there
    assert made.review.send_one() is False
    made.broker.start()
    assert until(lambda: made.broker.up, bool, 20)
    yield made
    made.broker.stop()


def test_a_frame_of_an_outage_comes_back_with_its_answer(curious: Person, camera: Camera) -> None:
    assert camera.review.send_one() is True
    s3 = curious.cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=curious.bucket, Prefix=names.REVIEW_PREFIX)["Contents"]
    keys = sorted(each["Key"] for each in listed)
    assert [key.rpartition("/")[0] for key in keys] == [f"review/{THING}"] * 2
    answer, picture = (
        s3.get_object(Bucket=curious.bucket, Key=key)["Body"].read()
        for key in sorted(keys, key=lambda key: key.endswith(PICTURE))
    )
    told = json.loads(answer)
    assert (told["frame"], told["epoch"], told["predicted"]) == ("hall#1", 7, "can")
    assert told["reason"] == "unsure"
    assert picture.startswith(b"\xff\xd8")
    assert camera.review.send_one() is False, "nothing waits any more"


def test_an_address_writes_one_file_once_and_nothing_else(curious: Person, camera: Camera) -> None:
    s3 = curious.cloud.client("s3")
    before = s3.list_objects_v2(Bucket=curious.bucket)["KeyCount"]
    body = b"\xff\xd8 what was announced"
    files = Files(body, b"{}")
    wish = files.wish("1-unsure-abc")
    links = camera.review.ask(files, wish.name)
    headers = review.headers(wish.picture, PICTURE)

    for elsewhere in (
        links.picture.replace(THING, "deeplens_other"),
        links.picture.replace("review/", "images/can/"),
        links.picture.replace(".jpg", ".png"),
    ):
        assert elsewhere != links.picture
        assert refused(elsewhere, body, headers) == 403
    longer = body + b" and more"
    assert refused(links.picture, longer, {**headers, "Content-Length": str(len(longer))}) == 403
    swapped = b"\xff\xd8 what was annOunced"
    assert refused(links.picture, swapped, headers) == 400
    assert refused(links.picture, body, {**headers, "If-None-Match": '"x"'}) == 403
    assert s3.list_objects_v2(Bucket=curious.bucket)["KeyCount"] == before

    put(links.picture, body, headers)
    put(links.picture, body, headers)  # its answer was lost: there already
    assert s3.list_objects_v2(Bucket=curious.bucket)["KeyCount"] == before + 1


def test_a_person_takes_labelled_pictures_with_a_running_camera(
    curious: Person, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(curious.cloud.ca_pem.parent))
    monkeypatch.setattr("camera.review.LOOK_SECONDS", 0.1)
    done = threading.Event()

    def looks() -> None:
        while not done.wait(0.2):
            camera.review.saw(of_image("hall", Image.effect_noise((320, 240), 80)))

    looking = threading.Thread(target=looks)
    camera.review.start(done)
    looking.start()
    try:
        ran = CliRunner().invoke(
            app, ["camera", "capture", THING, "--label", "glass", "--count", "3", "--yes"]
        )
    finally:
        done.set()
        looking.join(10)
    assert ran.exit_code == 0, ran.output
    assert "3 of 3 pictures are in images/glass/ now." in ran.stdout
    assert "Still: `glass` has 3 pictures: 27 more make 30" in ran.stdout
    s3 = curious.cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=curious.bucket, Prefix="images/glass/")["Contents"]
    assert [each["Key"].startswith(f"images/glass/review.{THING}.") for each in listed] == [
        True
    ] * 3
    told = records(curious)[f"camera:{THING}"]
    assert (told["licence"], told["pictures"]) == ("own", {"glass": 3})


def test_a_camera_of_short_days_sends_and_somebody_answers_on_the_page(
    curious: Person, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `make demo-gap` does, with the same pieces."""
    monkeypatch.setenv("LENSLOOP_LOCAL", str(curious.cloud.ca_pem.parent))
    short_days.shorten(monkeypatch.setattr)
    for name in ("hall#8.jpg", "hall#9.jpg"):
        camera.sees(name, Image.effect_noise((320, 240), 80))
        settle(short_days.DAY_SECONDS / 500)
        assert camera.review.send_one() is True
    shows = Picture(Path("hall#9.jpg"), "bottle", "hall#9.jpg")
    s3 = curious.cloud.client("s3")

    def knows(frame: str) -> Picture | None:
        answer = next(iter(keys(curious, f"review/{frame}.json")), "")
        body = s3.get_object(Bucket=curious.bucket, Key=answer)["Body"].read() if answer else b"{}"
        return shows if json.loads(body).get("frame") == shows.name else None

    with serving(desk_for(choose(None, None, None, True)), 0) as address:
        labeller = Labeller(address, knows)
        (waiting,) = labeller.waiting()
        assert waiting.kind == "unsure"
        labeller.answer(waiting)
        assert labeller.waiting() == []
    name = waiting.frame.rpartition("/")[2]
    assert keys(curious, "images/bottle/") == [f"images/bottle/review.{THING}.{name}.jpg"]


def test_what_a_workforce_says_comes_in_by_the_rule_when_its_job_has_ended(
    curious: Person, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSLOOP_LOCAL", str(curious.cloud.ca_pem.parent))
    s3 = curious.cloud.client("s3")
    frame = next(key for key in keys(curious, f"review/{THING}/") if "-unsure-" in key)
    curious.is_told(workforce_says={"review/nothing/": "can"})  # so that there is a workforce
    assert "is started" in label("start", frame.rpartition(".")[0], "--labels", "tin,can", "--yes")
    (job,) = curious.cloud.client("sagemaker").list_labeling_jobs()["LabelingJobSummaryList"]
    assert job["LabelingJobStatus"] == "InProgress"
    assert keys(curious, "images/tin/") == []

    curious.is_told(workforce_says={"review/": "tin"})
    found = curious.waits_for(lambda: keys(curious, "images/tin/"), 60)
    name = frame.rpartition("/")[2].rpartition(".")[0]
    assert found == [f"images/tin/review.{THING}.{name}.jpg"]
    note = f"labeling/{job['LabelingJobName']}/taken.json"
    curious.waits_for(lambda: keys(curious, note), 20)
    assert json.load(s3.get_object(Bucket=curious.bucket, Key=note)["Body"])["taken"] == 1
    (told,) = [
        told for source, told in records(curious).items() if source.startswith("groundtruth:")
    ]
    assert told["pictures"] == {"tin": 1}
    assert "Completed" in label("list")


def records(person: Person) -> dict[str, Any]:
    """Of imports, by their source."""
    s3, found = person.cloud.client("s3"), {}
    for key in keys(person, "imports/pictures/"):
        told = json.load(s3.get_object(Bucket=person.bucket, Key=key)["Body"])
        found[told["source"]] = told
    return found


def keys(person: Person, prefix: str) -> list[str]:
    listed = person.cloud.client("s3").list_objects_v2(Bucket=person.bucket, Prefix=prefix)
    return [found["Key"] for found in listed.get("Contents", [])]


def label(*arguments: str) -> str:
    ran = CliRunner().invoke(app, ["label", *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_the_functions_use_what_they_may_and_may_not_write_elsewhere(
    curious: Person, camera: Camera
) -> None:
    state = StateDir(curious.cloud.ca_pem.parent)
    allowed: set[Permission] = set()
    denied: set[Permission] = set()
    for use in permissions.used(state.root, Synthesized(state.assembly)):
        (allowed if use.decision == "Allow" else denied).add(use.permission)
    assert allowed >= permissions.WHEN_A_FRAME_COMES_BACK | permissions.WHEN_PEOPLE_LABEL
    # An address that was turned to images/: its signer's role was asked, and refused.
    assert denied == {Permission("HandOutReviewLinks", "s3:PutObject")}


def refused(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of an upload that must not work."""
    request = urllib.request.Request(url, body, headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=20):
            return 200
    except urllib.error.HTTPError as error:
        return error.code
