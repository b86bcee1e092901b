"""What people take and label here has a record as every import has, and reports stay readable."""

import pytest

from lensloop.importing import provenance, takings
from lensloop.importing.provenance import Record

DAY = takings.day("deeplens_hall", "alice", "2026-11-27", "2026-11-27T08:00")


def day(date: str, labels: dict[str, int], thing: str = "deeplens_hall") -> Record:
    begun = takings.day(thing, "alice", date, f"{date}T08:00")
    return takings.counted(begun, labels, f"{date}T09:00")


def test_a_session_of_a_camera_is_one_record() -> None:
    told = takings.session("deeplens_hall", "0123abcd", ["a.jpg", "b.jpg"], "can", 3, "2026-11-27")
    assert provenance.read(provenance.written(told)) == told
    assert (told["pictures"], told["left_out"]) == ({"can": 2}, {"It was not kept.": 3})
    assert provenance.sentence(told) == (
        "2 from camera:deeplens_hall, version session 0123abcd, licence own, 2026-11-27."
    )
    whole = takings.session("deeplens_hall", "0123abcd", ["a.jpg"], "can", 0, "2026-11-27")
    assert whole["left_out"] == {}


def test_the_page_says_whose_pictures_and_whose_camera() -> None:
    assert takings.on_the_page("alice") == "page:alice"
    assert takings.on_the_page("alice", own_camera=True) == "page:alice with the computer’s camera"


def test_a_day_has_one_record_whatever_comes_to_it() -> None:
    told = takings.counted(DAY, {"can": 2, "": 1}, "2026-11-27T09:00")
    assert told["id"] == DAY["id"]
    new = takings.day("deeplens_hall", "alice", "2026-11-27", "")
    assert (new["version"], new["licence"], new["url"]) == ("2026-11-27", "own", "")
    assert (told["pictures"], told["left_out"]) == ({"can": 2}, {takings.NO_LABEL: 1})
    assert (told["begun"], told["finished"]) == ("2026-11-27T08:00", "2026-11-27T09:00")
    others = {day("2026-11-28", {})["id"], day("2026-11-27", {}, "deeplens_kitchen")["id"]}
    others.add(takings.day("deeplens_hall", "bob", "2026-11-27", "")["id"])
    assert len(others | {DAY["id"]}) == 4


@pytest.mark.parametrize(
    ("changes", "pictures", "left_out"),
    [
        ({"can": -1}, {"can": 1, "glass": 1}, {takings.NO_LABEL: 1}),
        ({"can": -2, "": -1}, {"glass": 1}, {}),
        ({"can": -3, "paper": 1}, {"glass": 1, "paper": 1}, {takings.NO_LABEL: 1}),
    ],
)
def test_what_was_taken_back_is_not_counted(
    changes: dict[str, int], pictures: dict[str, int], left_out: dict[str, int]
) -> None:
    before = takings.counted(DAY, {"can": 2, "glass": 1, "": 1}, "")
    told = takings.counted(before, changes, "")
    assert (told["pictures"], told["left_out"]) == (pictures, left_out)


def test_the_days_of_one_source_are_shown_together() -> None:
    archive = provenance.record(
        {"source": "set.zip", "version": "1f", "licence": "", "url": ""}, (), {}, {}, "2026-11-27"
    )
    again: Record = {**archive, "id": "another", "begun": "2026-11-28"}
    kitchen = day("2026-11-26", {"can": 1}, "deeplens_kitchen")
    one, other = (
        day("2026-11-28", {"can": 2, "glass": 1, "": 1}),
        day("2026-11-27", {"can": 1, "paper": 1, "": 1}),
    )
    one["labels"], other["labels"] = {"Tin": "can"}, {"Glas": "glass"}
    told = takings.together([one, again, archive, kitchen, other])
    assert [record["source"] for record in told] == [
        "camera:deeplens_kitchen by page:alice",
        "set.zip",
        "camera:deeplens_hall by page:alice",
        "set.zip",
    ]
    assert told[0] == kitchen
    assert told[2]["pictures"] == {"can": 3, "glass": 1, "paper": 1}
    assert told[2]["left_out"] == {"No label fits it.": 2}
    assert told[2]["labels"] == {"Tin": "can", "Glas": "glass"}
    assert provenance.sentence(told[2]) == (
        "5 from camera:deeplens_hall by page:alice, licence own, 2026-11-27 to 2026-11-28."
    )


def test_one_that_has_not_ended_and_another_licence_are_not_hidden() -> None:
    one = day("2026-11-27", {"can": 1})
    unfinished: Record = {**day("2026-11-28", {"can": 1}), "finished": None}
    (told,) = takings.together([one, unfinished])
    assert told["finished"] is None
    assert len(takings.together([one, {**unfinished, "licence": "CC BY 4.0"}])) == 2
