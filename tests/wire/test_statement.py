"""Does a camera read a statement as it was made, and is every other text refused?"""

import json
from typing import Any

import pytest

from lensloop.wire.statement import (
    Statement,
    StatementError,
    parse,
    refusal,
    text,
)

BACK = Statement("trash", 4, 7, "a" * 64)


@pytest.mark.parametrize(
    "said",
    [
        BACK,
        BACK._replace(serial=1, epoch=1),
    ],
)
def test_what_is_said_is_what_is_read(said: Statement) -> None:
    assert parse(text(said)) == said


def test_the_same_statement_is_the_same_text() -> None:
    assert text(BACK) == (
        '{"epoch":7,"format":1,"kind":"lensloop-statement","manifest_sha256":"'
        + "a" * 64
        + '","project":"trash","serial":4}'
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("format", 2, "`format` is 2"),
        ("kind", "manifest", "`kind` is 'manifest'; it must be 'lensloop-statement'"),
        ("kind", None, "`kind` is missing"),
        ("project", "", "`project` is ''"),
        ("serial", 0, "`serial` is 0"),
        ("serial", 2**53 + 1, "`serial` is 9007199254740993"),
        ("serial", True, "`serial` is True"),
        ("epoch", 0, "`epoch` is 0"),
        ("epoch", 1.5, "`epoch` is 1.5"),
        ("manifest_sha256", "a", "`manifest_sha256` is 'a'"),
    ],
)
def test_each_mistake_gets_a_sentence(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(StatementError, match=f"^the job's statement is wrong: {sentence}"):
        parse(json.dumps({**json.loads(text(BACK)), field: value}))


def test_one_from_before_is_read_that_named_no_keys() -> None:
    assert parse(text(BACK).replace('"kind"', '"keys":null,"kind"')) == BACK


@pytest.mark.parametrize("said", ["", "nothing", "[" * 100_000, "[]", "NaN"])
def test_a_text_that_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(StatementError, match=r"^the job's statement "):
        parse(said)


@pytest.mark.parametrize(
    ("project", "followed", "why"),
    [
        ("trash", 3, ""),
        ("trash", 4, "has serial 4, and this camera has followed serial 4 already"),
        ("trash", 5, "has serial 4, and this camera has followed serial 5 already"),
        ("paint", 3, "is for project 'trash' and this camera belongs to 'paint'"),
    ],
)
def test_a_camera_follows_each_statement_of_its_project_once(
    project: str, followed: int, why: str
) -> None:
    assert refusal(BACK, project, followed) == (why and f"the job's statement {why}")
