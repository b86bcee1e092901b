"""Does a camera read a change of keys as it was made, and is every other text refused?"""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lensloop.wire.succession import (
    Succession,
    SuccessionError,
    fingerprint,
    parse,
    pem,
    text,
)
from tests.camera import signer

CHANGE = Succession("trash", 3, ("new", "old"))


@pytest.mark.parametrize("said", [CHANGE, CHANGE._replace(number=1, keys=("new",))])
def test_what_is_said_is_what_is_read(said: Succession) -> None:
    assert parse(text(said)) == said


def test_the_same_change_is_the_same_text() -> None:
    assert text(CHANGE) == (
        '{"format":1,"keys":["new","old"],"kind":"lensloop-keys","number":3,"project":"trash"}'
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("format", 2, "`format` is 2"),
        ("kind", "lensloop-statement", "it must be 'lensloop-keys'"),
        ("kind", None, "`kind` is missing"),
        ("project", "", "`project` is ''"),
        ("number", 0, "`number` is 0"),
        ("number", 2**53 + 1, "`number` is 9007199254740993"),
        ("number", True, "`number` is True"),
        ("keys", [], r"`keys` is \[\]; it must be a list of public keys in PEM"),
        ("keys", "pem", "`keys` is 'pem'"),
        ("keys", ["pem"] * 3, "`keys` names 3 keys; there may be 2"),
    ],
)
def test_each_mistake_gets_a_sentence(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(
        SuccessionError, match=f"^the order's change of keys is wrong: .*{sentence}"
    ):
        parse(json.dumps({**json.loads(text(CHANGE)), field: value}))


@pytest.mark.parametrize("said", ["", "nothing", "[" * 100_000, "[]", "NaN"])
def test_a_text_that_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(SuccessionError, match=r"^the order's change of keys "):
        parse(said)


def test_a_key_of_aws_kms_is_the_same_key_in_pem() -> None:
    public = signer.key("release").public_key()
    assert pem(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)) == signer.pem()


def test_a_fingerprint_is_of_the_key_and_not_of_its_lines() -> None:
    key = signer.pem()
    assert fingerprint(key) == fingerprint(key.replace("\n", "\r\n")) == fingerprint(key.strip())
    assert fingerprint(key) != fingerprint(signer.pem("next"))
    assert len(bytes.fromhex(fingerprint(key))) == 8
    # As `shasum -a 256` prints it of the base64 in one line.
    long = b"a key of several lines" * 5
    assert fingerprint(pem(long)) == fingerprint(base64.b64encode(long).decode())
