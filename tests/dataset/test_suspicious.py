"""What the training doubts is read with care, reported, and kept until it is settled."""

from typing import Any

import pytest

from lensloop.dataset.suspicious import (
    COLUMNS,
    Place,
    doubted,
    read_doubts,
    read_right,
    right_content,
    sentences,
    still_doubted,
    without,
)
from lensloop.wire.errors import BadArtifact
from tests.dataset.made import row


def doubt(number: int = 1, **more: Any) -> dict[str, Any]:
    picture = row(number)
    return {
        "key": picture.key,
        "sha256": picture.sha256,
        "label": "glass",
        "predicted": "paper",
        "probability": 0.97,
        "label_probability": 0.02,
        **more,
    }


def test_the_doubts_of_a_training_are_read_as_they_are() -> None:
    assert read_doubts({"format": 1, "pictures": []}) == []
    doubts = [
        doubt(1, thumbnail="QUJD"),
        doubt(2, probability=1, label_probability=0),
        doubt(3, probability=0, label_probability=1),
    ]
    assert read_doubts({"format": 1, "pictures": doubts}) == doubts


@pytest.mark.parametrize(
    "change",
    [
        {"key": 7},
        {"sha256": None},
        {"label": []},
        {"predicted": {}},
        {"probability": 1.01},
        {"probability": -0.01},
        {"probability": "high"},
        {"label_probability": 1.01},
        {"label_probability": -0.01},
        {"thumbnail": 7},
    ],
)
def test_a_doubt_that_is_none_is_named(change: dict[str, Any]) -> None:
    (name,) = change
    content = {"format": 1, "pictures": [doubt(), {**doubt(), **change}]}
    with pytest.raises(BadArtifact, match=rf"^suspicious\.json.*pictures.*{name}"):
        read_doubts(content)
    lacking = {key: value for key, value in doubt().items() if key != name}
    if name != "thumbnail":
        with pytest.raises(BadArtifact, match=name):
            read_doubts({"format": 1, "pictures": [lacking]})


@pytest.mark.parametrize(
    "content", [{"format": 2, "pictures": []}, {"format": 1}, {"pictures": []}, [], None]
)
def test_another_file_is_named(content: Any) -> None:
    with pytest.raises(BadArtifact, match=r"^suspicious\.json"):
        read_doubts(content)


def test_the_file_of_all_doubts_has_these_columns() -> None:
    names = "key sha256 label predicted probability label_probability"
    assert " ".join(COLUMNS) == names


def one(key: str, predicted: str = "paper", others: str = "") -> str:
    return (
        f"These labels may be wrong: {key} looks like `{predicted}`{others} (in the report: labels"
        " to check)."
    )


KEY = row(1).key


@pytest.mark.parametrize(
    ("suspicious", "expected"),
    [
        (None, []),
        ({"count": 0, "pictures": []}, []),
        ({"count": 1, "pictures": [doubt()]}, [one(KEY)]),
        ({"count": 2, "pictures": [doubt()]}, [one(KEY, others=", and 1 more")]),
        ({"count": 1235, "pictures": [doubt()]}, [one(KEY, others=", and 1,234 more")]),
    ],
)
def test_one_sentence_says_what_to_look_at(
    suspicious: dict[str, Any] | None, expected: list[str]
) -> None:
    assert sentences(suspicious) == expected


def test_new_doubts_take_the_place_of_earlier_ones_in_the_report() -> None:
    earlier = {"epoch": 1, "count": 1, "pictures": [doubt()]}
    report = {
        "epoch": 7,
        "images": 24,
        "suspicious": earlier,
        "warnings": ["Few.", *sentences(earlier), "Odd."],
    }
    new = [doubt(number, predicted="tin") for number in range(201)]
    assert doubted(report, new) == {
        "epoch": 7,
        "images": 24,
        "suspicious": {"epoch": 7, "count": 201, "pictures": new[:200]},
        "warnings": ["Few.", "Odd.", one(row(0).key, "tin", ", and 200 more")],
    }
    assert doubted(report, []) == {
        "epoch": 7,
        "images": 24,
        "suspicious": {"epoch": 7, "count": 0, "pictures": []},
        "warnings": ["Few.", "Odd."],
    }


def last(*doubts: dict[str, Any], count: int = 300) -> dict[str, Any]:
    return {"digest": "d", "suspicious": {"epoch": 3, "count": count, "pictures": list(doubts)}}


def test_no_report_and_no_doubts_leave_none() -> None:
    assert still_doubted({}, "d", []) is None
    assert still_doubted({"digest": "d", "suspicious": None}, "d", []) is None


def test_doubts_stay_about_what_is_still_there_under_the_same_label() -> None:
    accepted = [row(1), row(2, key="images/glass/new.jpg"), row(3, "paper"), row(9)]
    before = last(doubt(1), doubt(2), doubt(3), doubt(4))
    kept = [doubt(1), doubt(2, key="images/glass/new.jpg")]
    expected = {"epoch": 3, "count": 2, "pictures": kept}
    assert still_doubted(before, "other", accepted) == expected
    assert still_doubted(last(count=0), "other", accepted) == {
        "epoch": 3,
        "count": 0,
        "pictures": [],
    }


def test_those_that_were_only_counted_count_while_the_data_set_is_the_same() -> None:
    found = still_doubted(last(doubt(1)), "d", [row(1)])
    assert found == {"epoch": 3, "count": 300, "pictures": [doubt(1)]}


def place(number: int) -> Place:
    return Place(doubt(number)["sha256"], doubt(number)["label"])


def test_what_a_person_called_right_is_asked_no_more() -> None:
    doubts = [doubt(1), doubt(2)]
    assert without(doubts, frozenset({place(1)})) == [doubt(2)]
    assert without(doubts, frozenset({place(1)._replace(label="tin")})) == doubts
    kept = still_doubted(last(*doubts), "d", [row(1), row(2)], frozenset({place(1)}))
    assert kept == {"epoch": 3, "count": 299, "pictures": [doubt(2)]}


@pytest.mark.parametrize("right", [frozenset(), frozenset({place(1), place(2)})])
def test_right_labels_are_read_as_they_were_written(right: frozenset[Place]) -> None:
    assert read_right(right_content(right)) == right


@pytest.mark.parametrize(
    "content", [None, [], {"format": 2, "pictures": []}, {"format": 1, "pictures": [{"label": 1}]}]
)
def test_another_file_holds_no_right_labels(content: Any) -> None:
    with pytest.raises(BadArtifact, match=r"^datasets/right-labels\.json"):
        read_right(content)
