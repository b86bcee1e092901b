"""Does an S3 answer the requests of the page as the folder that stands for it in other tests?"""

from collections.abc import Iterator

import pytest

from lensloop.dataset.suspicious import Place
from lensloop.importing import provenance
from lensloop.review.places import FrameId
from local.cloud import LocalCloud
from review.bucket import Bucket, Gone
from review.frames import Frames, NoFrame
from review.library import Library
from review.moving import Mover
from review.recording import Recorder
from review.right import RightLabels
from tests.review.conftest import NOW, WHO, answer, jpeg

pytestmark = pytest.mark.slow
NAME = "deeplens-trash-page"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with LocalCloud(tmp_path_factory.mktemp("page"), say=lambda _text: None) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=NAME)
        s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
        for label in ("can", "tetra pak é"):
            s3.put_object(Bucket=NAME, Key=f"images/{label}/a b+ü.jpg", Body=jpeg(len(label)))
        for number in range(3):
            key = f"review/deeplens_hall/frame-{number}"
            s3.put_object(Bucket=NAME, Key=f"{key}.jpg", Body=jpeg(number))
            s3.put_object(Bucket=NAME, Key=f"{key}.json", Body=answer("can"))
        yield Bucket(s3, NAME)


def test_frames_are_labelled_undone_and_labelled_by_one_person_only(bucket: Bucket) -> None:
    one, other = Frames(bucket, lambda: NOW), Frames(bucket, lambda: NOW)
    for each in (one, other):
        each.refresh()
    frame, picture, _ = one.waiting(1).frames[0]
    assert one.decide(frame, "tetra pak é") == "tetra pak é"
    with pytest.raises(NoFrame, match="tetra pak é"):
        other.decide(frame, "can")
    copies = [found.key for found in bucket.below("images/") if "/review." in found.key]
    assert copies == [f"images/tetra pak é/review.deeplens_hall.{frame.name}.jpg"]
    assert bucket.read(copies[0]) == bucket.read(picture.key)
    one.undo(frame)
    assert bucket.etag(copies[0]) == ""
    other.refresh()
    assert other.left() == 3


def test_two_people_count_in_one_record(bucket: Bucket) -> None:
    hall = FrameId("deeplens_hall", "frame-0"), FrameId("deeplens_hall", "frame-1")
    for frame in hall:
        recorder = Recorder(bucket, WHO, lambda: NOW)
        recorder.gave(frame, "can")
        recorder.write()
    (found,) = bucket.below(provenance.PREFIX)
    told = provenance.read(bucket.read(found.key))
    assert told
    assert told["pictures"] == {"can": 2}


def test_pictures_are_moved_and_come_back(bucket: Bucket) -> None:
    library = Library(bucket, lambda: "")
    mover = Mover(bucket, library)
    source = "images/tetra pak é/a b+ü.jpg"
    content = bucket.read(source)
    moved = mover.to_label("can", [source])
    assert [move.target for move in moved.done] == ["images/can/a b+ü-2.jpg"]
    assert bucket.read("images/can/a b+ü-2.jpg") == content
    assert mover.back(moved.done).failed == []
    assert bucket.read(source) == content
    assert list(bucket.below("review/moves/")) == []


def test_what_is_right_is_remembered(bucket: Bucket) -> None:
    right = RightLabels(bucket)
    first, second = Place("1" * 64, "can"), Place("2" * 64, "tetra pak é")
    right.say(first, True)
    right.say(second, True)
    assert right.read() == {first, second}
    assert bucket.write("datasets/right-labels.json", b"{}") is False
    assert bucket.write("datasets/right-labels.json", b"{}", etag="0" * 32) is False


def test_what_is_not_there_is_gone(bucket: Bucket) -> None:
    with pytest.raises(Gone):
        bucket.read("images/can/nothing.jpg")
    with pytest.raises(Gone):
        bucket.read("images/can/a b+ü.jpg", "0" * 32)
    with pytest.raises(Gone):
        bucket.copy("images/can/nothing.jpg", "0" * 32, "images/can/x.jpg")
    with pytest.raises(Gone):
        bucket.copy("images/can/a b+ü.jpg", "0" * 32, "images/can/x.jpg")
    assert bucket.folders("images/") == ["can", "tetra pak é"]
