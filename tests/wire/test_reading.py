"""Does a document come out as values, and is each of its mistakes named with its place?"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

Ask = Callable[[Reader], Any]
GOOD = {
    "name": "kitchen",
    "epoch": 7,
    "sha256": "0f" * 32,
    "share": 0.5,
    "labels": ["can", "glass"],
    "metrics": {"accuracy": 1},
    "model": {"size": 3},
    "pictures": [{"label": "can"}, {"label": "glass"}],
    "nothing": None,
    "most": 1e9,
    "most_whole": 2**53,
}


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        (lambda top: top.text("name"), "kitchen"),
        (lambda top: top.matching("name", re.compile("[a-z]+"), "letters"), "kitchen"),
        (lambda top: top.sha256("sha256"), "0f" * 32),
        (lambda top: top.whole("epoch", 7, 7), 7),
        (lambda top: top.number("epoch"), 7.0),
        (lambda top: top.number("share", 0.5, 0.5), 0.5),
        (lambda top: top.number("share"), 0.5),
        (lambda top: top.number("most"), 1e9),
        (lambda top: top.whole("most_whole"), 2**53),
        (lambda top: top.texts("labels", "labels"), ("can", "glass")),
        (lambda top: top.object("metrics"), {"accuracy": 1}),
        (lambda top: top.part("model").whole("size"), 3),
        (lambda top: top.maybe("model").whole("size"), 3),
        (lambda top: top.maybe("nothing"), None),
        (lambda top: top.maybe("absent"), None),
        (lambda top: [part.text("label") for part in top.parts("pictures")], ["can", "glass"]),
        (lambda top: top.part("model").names(), ["size"]),
        (lambda top: (top.has("name"), top.has("nothing"), top.has("absent")), (1, 0, 0)),
    ],
)
def test_what_fits_is_read(ask: Ask, value: Any) -> None:
    top = Reader(GOOD)
    assert ask(top) == value
    top.check(BadArtifact, "It is wrong")


@pytest.mark.parametrize(
    ("content", "ask", "sentence"),
    [
        ({}, lambda top: top.text("name"), "`name` is missing; it must be text"),
        ({"name": ""}, lambda top: top.text("name"), "`name` is ''; it must be text"),
        ({"name": 7}, lambda top: top.text("name"), "`name` is 7; it must be text"),
        (
            {"name": "Kitchen"},
            lambda top: top.matching("name", re.compile("[a-z]+"), "small letters"),
            "`name` is 'Kitchen'; it must be small letters",
        ),
        (
            {"name": "kitchen\n"},
            lambda top: top.matching("name", re.compile("[a-z]+"), "small letters"),
            "`name` is 'kitchen\\n'; it must be small letters",
        ),
        (
            {"epoch": 0},
            lambda top: top.whole("epoch", 1, 9),
            "`epoch` is 0; it must be a whole number from 1 to 9",
        ),
        (
            {"sha256": "A" * 64},
            lambda top: top.sha256("sha256"),
            f"`sha256` is '{'A' * 56}...; it must be a sha256 in lower-case hexadecimal",
        ),
        ({"sha256": "a" * 63}, lambda top: top.sha256("sha256"), "`sha256` is"),
        ({"epoch": 10}, lambda top: top.whole("epoch", 1, 9), "`epoch` is 10"),
        ({"epoch": 7.0}, lambda top: top.whole("epoch"), "`epoch` is 7.0"),
        ({"epoch": True}, lambda top: top.whole("epoch"), "`epoch` is True"),
        ({"epoch": float("inf")}, lambda top: top.whole("epoch"), "`epoch` is inf"),
        (
            {"share": 1.5},
            lambda top: top.number("share", 0, 1),
            "`share` is 1.5; it must be a number from 0 to 1",
        ),
        ({"share": -0.1}, lambda top: top.number("share", 0, 1), "`share` is -0.1"),
        ({"share": float("nan")}, lambda top: top.number("share"), "`share` is nan"),
        ({"share": True}, lambda top: top.number("share"), "`share` is True"),
        ({"share": "1"}, lambda top: top.number("share"), "`share` is '1'"),
        (
            {"share": 1e9 + 1},
            lambda top: top.number("share"),
            "`share` is 1000000001.0; it must be a number from 0 to 1000000000",
        ),
        (
            {"epoch": 2**53 + 1},
            lambda top: top.whole("epoch"),
            "`epoch` is 9007199254740993; it must be a whole number from 0 to 9007199254740992",
        ),
        (
            {"labels": []},
            lambda top: top.texts("labels", "a list of labels"),
            "`labels` is []; it must be a list of labels",
        ),
        ({"labels": ["can", 5]}, lambda top: top.texts("labels", "labels"), "`labels` is"),
        ({"labels": ["can", ""]}, lambda top: top.texts("labels", "labels"), "`labels` is"),
        ({"labels": "can"}, lambda top: top.texts("labels", "labels"), "`labels` is 'can'"),
        (
            {"metrics": []},
            lambda top: top.object("metrics"),
            "`metrics` is []; it must be an object",
        ),
        (
            {"pictures": {}},
            lambda top: top.parts("pictures"),
            "`pictures` is {}; it must be a list",
        ),
        (
            {"pictures": [{}, "x"]},
            lambda top: top.parts("pictures"),
            "`pictures[1]` is 'x'; it must be an object",
        ),
        (
            {"model": {"file": {"size": -1}}},
            lambda top: top.part("model").part("file").whole("size"),
            "`model.file.size` is -1",
        ),
        (
            {"pictures": [{"label": 5}]},
            lambda top: top.parts("pictures")[0].text("label"),
            "`pictures[0].label` is 5",
        ),
        (None, lambda top: top.text("name"), "the whole is missing; it must be an object"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(content: Any, ask: Ask, sentence: str) -> None:
    top = Reader(content)
    ask(top)
    assert len(top.mistakes) == 1
    assert top.mistakes[0].startswith(sentence)
    with pytest.raises(BadArtifact, match=r"^It is wrong: .*\.$"):
        top.check(BadArtifact, "It is wrong")


def test_all_mistakes_are_found_in_one_reading() -> None:
    top = Reader({"epoch": 0, "model": {"size": -1}})
    assert (top.whole("epoch", 1), top.part("model").whole("size"), top.text("name")) == (1, 0, "")
    assert [mistake.split("`")[1] for mistake in top.mistakes] == ["epoch", "model.size", "name"]


@pytest.mark.parametrize("content", [{}, {"model": "x"}, {"model": {"file": []}}])
def test_a_part_that_is_none_is_one_mistake_and_not_one_for_each_field(content: Any) -> None:
    top = Reader(content)
    file = top.part("model").part("file")
    file.whole("size")
    file.text("name")
    file.mistake("it is the wrong file")
    assert len(top.mistakes) == 1


@pytest.mark.parametrize("found", [None, 2, "1"])
def test_of_another_format_nothing_else_is_found_wrong(found: Any) -> None:
    top = Reader({"format": found})
    top.expect_format(1)
    top.text("name")
    top.part("model").whole("size")
    shown = "missing" if found is None else repr(found)
    assert top.mistakes == [f"`format` is {shown}; this version reads 1"]


def test_the_expected_format_is_read_on() -> None:
    top = Reader({"format": 1})
    top.expect_format(1)
    assert top.mistakes == []
    top.text("name")
    assert top.mistakes == ["`name` is missing; it must be text"]


def test_a_caller_adds_what_only_it_can_see() -> None:
    top = Reader(GOOD)
    top.part("model").mistake("the sizes do not add up")
    with pytest.raises(BadArtifact, match="It is wrong: the sizes do not add up"):
        top.check(BadArtifact, "It is wrong")


@pytest.mark.parametrize(("count", "ending"), [(8, "; h."), (9, "; h; and 1 more.")])
def test_more_mistakes_than_a_person_reads_are_counted(count: int, ending: str) -> None:
    top = Reader({})
    for letter in "abcdefghi"[:count]:
        top.mistake(letter)
    with pytest.raises(BadArtifact) as refused:
        top.check(BadArtifact, "It is wrong")
    assert str(refused.value).endswith(ending)


@pytest.mark.parametrize(
    ("ask", "harmless"),
    [
        (lambda top: top.text("name"), ""),
        (lambda top: top.sha256("sha256"), ""),
        (lambda top: top.texts("labels", "labels"), ()),
        (lambda top: top.number("share", 0.5), 0.5),
        (lambda top: top.whole("epoch", 1), 1),
        (lambda top: top.object("metrics"), {}),
        (lambda top: top.parts("pictures"), []),
    ],
)
def test_a_harmless_value_stands_in_for_what_is_wrong(ask: Ask, harmless: Any) -> None:
    assert ask(Reader({})) == harmless


@pytest.mark.parametrize(
    ("letters", "read"),
    [(58, "'" + "x" * 58 + "'"), (59, "'" + "x" * 56 + "...")],  # the quotes count too
)
def test_a_value_of_more_than_sixty_characters_is_shortened(letters: int, read: str) -> None:
    top = Reader({"epoch": "x" * letters})
    top.whole("epoch", 1, 9)
    assert top.mistakes == [f"`epoch` is {read}; it must be a whole number from 1 to 9"]
