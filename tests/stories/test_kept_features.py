"""Does a run fetch new pictures only, and is nothing lost when what was kept is damaged?"""

from typing import Any

import pytest

from lensloop.record import Record
from lensloop.wire import names
from tests.stories.conftest import LABELS, Person

pytestmark = pytest.mark.slow
FIRST, MORE = 40, 3  # pictures of each label
ALL = len(LABELS) * FIRST
CHECKED = 3


def dataset(told: Record) -> dict[str, Any]:
    assert told["dataset"]
    return told["dataset"]


def kept(person: Person) -> dict[str, int]:
    listed = person.cloud.client("s3").list_objects_v2(
        Bucket=person.bucket, Prefix=names.FEATURES_PREFIX
    )
    return {entry["Key"]: entry["Size"] for entry in listed.get("Contents", [])}


def test_the_first_run_looks_at_every_picture_and_keeps_what_it_saw(person: Person) -> None:
    person.upload("first", FIRST)
    told = person.waits_for_end(1)
    assert told["outcome"] == "released"
    assert dataset(told)["fetched"]["images"] == dataset(told)["images"] == ALL
    assert told["features"] == {"kept": 0, "embedded": ALL}
    suffixes = {key.rpartition(".")[2] for key, size in kept(person).items() if size}
    assert {"npz", "index", "jpg", "json"} <= suffixes


def test_the_next_run_fetches_and_looks_at_what_is_new(person: Person) -> None:
    person.upload("more", MORE)
    told = person.waits_for_end(2)
    new = dataset(told)["images"] - ALL
    assert 0 < new <= MORE * len(LABELS)
    assert dataset(told)["fetched"]["images"] <= new + CHECKED
    assert told["features"] == {"kept": ALL, "embedded": new}
    assert told["outcome"] in ("released", "refused")  # of few pictures nobody learns much
    assert told["scores"]
    assert told["scores"]["live"]["epoch"] == 1


def test_what_was_kept_and_is_damaged_costs_one_more_job_with_every_picture(
    person: Person,
) -> None:
    s3 = person.cloud.client("s3")
    shards = [key for key, size in kept(person).items() if key.endswith(".npz") and size]
    for key in shards:
        s3.put_object(Bucket=person.bucket, Key=key, Body=b"no shard" * 9999)
    person.upload("yet more", MORE)
    told = person.waits_for_end(3)
    statuses = [job["status"] for job in (told["training"] or {})["jobs"]]
    assert statuses == ["Failed", "Completed"]
    assert dataset(told)["fetched"]["images"] < dataset(told)["images"]
    assert told["features"] == {"kept": 0, "embedded": dataset(told)["images"]}
    person.upload("at last", MORE)
    told = person.waits_for_end(4)
    assert [job["status"] for job in (told["training"] or {})["jobs"]] == ["Completed"]
    assert told["features"]
    assert told["features"]["kept"] >= ALL
    person.used()  # all of it was allowed
