"""Which release keys do cameras believe from now on? A succession names them: a text with a number,
one above the one before, and two signatures, by the key that signed before and by its own first.

All there ever were are the chain. Every order carries it, so that a camera that was away for
several follows one after the other (lensloop/wire/key_chain.py).

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import base64
import hashlib
import json
import textwrap
from typing import NamedTuple, Tuple

from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import of_json

FORMAT = 1
KIND = "lensloop-keys"  # so that nothing else that a key signed can be taken for one
MOST_KEYS = 2  # the one that signs, and the one before it
# In an order: AWS IoT takes 32 KB, and one has less than 1 KB. For a camera that is further behind
# there is `lensloop camera add`.
MOST_CARRIED = 16
_FINGERPRINT = 16  # hexadecimal digits that people compare


class SuccessionError(LensloopError):
    """The text names no keys that a camera can believe."""


class Succession(NamedTuple):
    project: str
    number: int  # 0 is what a camera was registered with
    keys: Tuple[str, ...]  # PEM; the first signs, and alone names the next; the others still count


class SignedSuccession(NamedTuple):
    text: str
    by_the_one_before: bytes
    by_itself: bytes  # so that no camera is led to a key that nobody holds


def text(succession: Succession) -> str:
    """What is signed: the same bytes for the same keys."""
    content = {"format": FORMAT, "kind": KIND, **succession._asdict()}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def parse(said: str) -> Succession:
    """Raises SuccessionError naming every mistake."""
    top = of_json(said, SuccessionError, "the order's change of keys")
    top.expect_format(FORMAT)
    top.value("kind", lambda kind: kind == KIND, repr(KIND))
    keys = top.texts("keys", "a list of public keys in PEM")
    if len(keys) > MOST_KEYS:
        top.mistake(f"`keys` names {len(keys)} keys; there may be {MOST_KEYS}")
    found = Succession(top.text("project"), top.whole("number", low=1), keys)
    top.check(SuccessionError, "the order's change of keys is wrong")
    return found


def pem(der: bytes) -> str:
    """A public key as AWS KMS gives it, in the form in which cameras keep it."""
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))


def fingerprint(key: str) -> str:
    """By which people, reports and commands name a key in PEM: the same however its lines end."""
    body = "".join(line.strip() for line in key.splitlines() if not line.startswith("-----"))
    return hashlib.sha256(body.encode()).hexdigest()[:_FINGERPRINT]
