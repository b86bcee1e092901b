"""Which frame comes first?"""

import json
from typing import Any

import pytest

from lensloop.review.answers import Answer, read
from lensloop.review.naming import free_name
from lensloop.review.places import FrameId
from lensloop.review.queue import keys, order
from lensloop.wire.uncertain import DISAGREES, RANDOM, UNFAMILIAR, UNSURE
from tests.review.conftest import answer


def a(predicted: str, kind: str, score: float) -> Answer:
    return Answer(predicted, kind, score, "", {})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"sure": a("can", RANDOM, 9), "unsure": a("can", UNSURE, 0.1)}, "unsure sure"),
        ({"un": a("can", UNSURE, 0.9), "new": a("can", UNFAMILIAR, -3)}, "new un"),
        ({"un": a("can", UNSURE, 0.9), "two": a("can", DISAGREES, 0.1)}, "two un"),
        ({"two": a("can", DISAGREES, 0.9), "new": a("can", UNFAMILIAR, -3)}, "new two"),
        ({"none": None, "sure": a("can", RANDOM, 0)}, "sure none"),
        ({"low": a("can", UNSURE, 0.2), "high": a("can", UNSURE, 0.9)}, "high low"),
        (
            {
                "can1": a("can", UNSURE, 0.9),
                "can2": a("can", UNSURE, 0.8),
                "glass": a("glass", UNSURE, 0.1),
            },
            "can1 glass can2",
        ),
        ({"b": a("can", UNSURE, 0.5), "a": a("can", UNSURE, 0.5)}, "a b"),
        ({}, ""),
    ],
)
def test_the_most_useful_comes_first_and_labels_take_turns(
    answers: dict[str, Answer | None], expected: str
) -> None:
    named = {FrameId("deeplens_a", name): each for name, each in answers.items()}
    assert [frame.name for frame in order(named)] == expected.split()


def test_each_label_has_a_key_as_far_as_there_are_any() -> None:
    many = keys([f"label {number:03}" for number in range(40)])
    assert len(many) == len(set(many.values())) == 31
    assert not {"u", "s", "x", "n"} & set(many.values())
    assert keys(["glass", "can"]) == {"can": "1", "glass": "2"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (answer("glass", 0.5), (UNSURE, "perhaps glass (50%), but unsure")),
        (answer("can", 0.5, True), (UNFAMILIAR, "not like anything it was taught")),
        (b"{", None),
        (b"[]", None),
        (answer("can").replace(b"0.5", b"7"), None),
        (answer("can").replace(b"true", b"1"), None),
        (b'{"unsure": true, "unfamiliar": false, "probabilities": {}}', None),
    ],
)
def test_an_answer_is_read_or_there_is_none(body: bytes, expected: tuple[str, str] | None) -> None:
    found = read(body)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.kind, found.words[: len(expected[1])]) == expected


@pytest.mark.parametrize(
    ("before", "changes", "expected"),
    [
        (("can", 0.75), {}, (DISAGREES, 0.75, "glass (90%); release 6 answers can (75%)")),
        (("can", 0.95), {}, (DISAGREES, 0.9, "glass (90%); release 6 answers can (95%)")),
        (("can", 0.75), {"unfamiliar": True, "unfamiliarity": 3.5}, (UNFAMILIAR, 3.5, None)),
        (("can", 0.75), {"unsure": True}, (UNSURE, pytest.approx(0.2), None)),
        (None, {}, (RANDOM, pytest.approx(0.2), "glass (90%)")),
        (("", 0.75), {}, None),
        ((7, 0.75), {}, None),
        (("can", 1.5), {}, None),
    ],
)
def test_what_the_release_before_answers_is_said_beside_it(
    before: tuple[Any, float] | None,
    changes: dict[str, Any],
    expected: tuple[str, Any, str | None] | None,
) -> None:
    content = {"unsure": False, "unfamiliar": False, **changes}
    content["probabilities"] = {"can": 0.1, "glass": 0.9}
    if before:
        content["previous"] = {"epoch": 6, "predicted": before[0], "confidence": before[1]}
    found = read(json.dumps(content).encode())
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (found.kind, found.score, found.predicted) == (*expected[:2], "glass")
    assert expected[2] in (None, found.words)


@pytest.mark.parametrize(
    ("taken", "name"), [((), "a.jpg"), (("a.jpg",), "a-2.jpg"), (("a.jpg", "a-2.jpg"), "a-3.jpg")]
)
def test_no_picture_takes_anothers_place(taken: tuple[str, ...], name: str) -> None:
    assert free_name("a.jpg", taken.__contains__) == name
