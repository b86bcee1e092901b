"""Does a person's change of mind end where it should: other floors, another name for a label, other
pictures altogether?
"""

import json
from collections.abc import Iterator, Mapping

import pytest

from lensloop.record import Record
from tests.stories.conftest import CONTEXT, Person, arrived

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Whoever begins with a floor that no model of these pictures reaches."""
    with arrived(tmp_path_factory.mktemp("verdicts"), min_accuracy="1") as somebody:
        yield somebody


def put(person: Person, part: str, each: int, labels: Mapping[str, str]) -> None:
    """Pictures of what is named first, under the label that is named second."""
    wanted = [
        (drawn, f"{part}/{n}", person.folder / label / f"{part}-{drawn}-{n:03d}.jpg")
        for drawn, label in labels.items()
        for n in range(each)
    ]
    person.put(wanted)


def keys(person: Person, prefix: str = "images/") -> list[str]:
    listed = person.cloud.client("s3").list_objects_v2(Bucket=person.bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def next_end(person: Person, after: int, outcome: str) -> Record:
    """The first run after that one which ends so; what trains nothing may come before it."""

    def found() -> Record | None:
        for epoch in range(after + 1, person.table.trigger().epoch + 1):
            told = person.record(epoch)
            if told and told["outcome"] not in ("", "nothing-new"):
                assert told["outcome"] == outcome, told["reasons"]
                return person.waits_for_end(epoch)
        return None

    record: Record = person.waits_for(found)
    return record


def test_changed_floors_judge_the_same_model_again_and_train_nothing(strict: Person) -> None:
    strict.upload("first", 20)
    put(strict, "wrong", 8, {"compost": "landfill"})
    refused = next_end(strict, 0, "refused")
    assert "below its floor 1.00" in refused["reasons"][0]
    jobs = strict.jobs()

    strict.cloud.deploy(CONTEXT)
    released = next_end(strict, refused["epoch"], "released")
    trained = {"jobs": [], "tried": [], "model": (refused["training"] or {})["model"]}
    assert released["training"] == trained
    assert strict.jobs() == jobs
    assert len(jobs) == 1
    live = strict.table.live()
    assert live is not None
    assert live.epoch == released["epoch"]
    assert "Nothing was trained" in released["messages"][0]["body"]


def test_a_renamed_label_is_the_label_that_it_was(strict: Person) -> None:
    before = strict.table.trigger().epoch
    s3 = strict.cloud.client("s3")
    for key in keys(strict, "images/landfill/"):
        source = {"Bucket": strict.bucket, "Key": key}
        new = key.replace("/landfill/", "/rest/")
        s3.copy_object(Bucket=strict.bucket, CopySource=source, Key=new)
    strict.delete(*keys(strict, "images/landfill/"))
    told = next_end(strict, before, "released")
    assert "landfill is called rest now" in told["reasons"]
    scores = told["scores"] or {}
    assert scores["live"]["renamed"] == {"landfill": "rest"}
    assert scores["candidate"]["new"] is None


def test_other_pictures_of_other_labels_are_held_until_a_person_approves(strict: Person) -> None:
    before, live = strict.table.trigger().epoch, strict.table.live()
    old = keys(strict)
    put(strict, "other", 20, {"compost": "food", "recycling": "bottles"})
    strict.delete(*old)
    held = next_end(strict, before, "held")
    assert held["reasons"][0].startswith("none of the labels of the live model is left")
    assert strict.table.live() == live
    jobs = strict.jobs()

    tick = {"FunctionName": "deeplens-trash-tick", "Payload": json.dumps({"approve": True})}
    strict.cloud.client("lambda").invoke(**tick)
    released = next_end(strict, held["epoch"], "released")
    assert released["reasons"][-1].startswith("approved by a person, though")
    assert strict.jobs() == jobs
    trigger = strict.table.trigger()
    assert (trigger.held, trigger.approved) == ("", "")
