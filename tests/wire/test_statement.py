"""Does a camera read a statement as it was made, and is every other text refused?"""

import json
from typing import Any

import pytest

from lensloop.wire.statement import MOST_KEYS, Statement, StatementError, parse, text

BACK = Statement("trash", 4, 7, "a" * 64)


@pytest.mark.parametrize("said", [BACK, BACK._replace(keys=("one", "two"))])
def test_what_is_said_is_what_is_read(said: Statement) -> None:
    assert parse(text(said)) == said


def test_the_same_statement_is_the_same_text() -> None:
    assert text(BACK) == (
        '{"epoch":7,"format":1,"keys":null,"kind":"lensloop-statement","manifest_sha256":"'
        + "a" * 64
        + '","project":"trash","serial":4}'
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("format", 2, "`format` is 2"),
        ("kind", "manifest", "`kind` is 'manifest'"),
        ("kind", None, "`kind` is missing"),
        ("project", "", "`project` is ''"),
        ("serial", 0, "`serial` is 0"),
        ("serial", 2**53 + 1, "`serial` is 9007199254740993"),
        ("serial", True, "`serial` is True"),
        ("epoch", 1.5, "`epoch` is 1.5"),
        ("manifest_sha256", "a", "`manifest_sha256` is 'a'"),
        ("keys", [], r"`keys` is \[\]"),
        ("keys", "pem", "`keys` is 'pem'"),
        ("keys", ["pem"] * (MOST_KEYS + 1), "`keys` names 5 keys; there may be 4"),
    ],
)
def test_each_mistake_gets_a_sentence(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(StatementError, match=sentence):
        parse(json.dumps({**json.loads(text(BACK)), field: value}))


@pytest.mark.parametrize("said", ["", "nothing", "[" * 100_000, "[]", "NaN"])
def test_a_text_that_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(StatementError, match="the job's statement"):
        parse(said)
