"""Who says what this camera runs? Whoever holds a key that it knows: of a release by signing the
manifest, and of a step back, or of other keys, by a signed statement.
"""

from __future__ import annotations

from typing import Optional, Tuple

from camera.store import Store
from lensloop.wire import signature
from lensloop.wire.errors import LensloopError
from lensloop.wire.order import Order
from lensloop.wire.statement import Statement, parse, refusal


class Unsigned(LensloopError):
    """Nobody whom this camera believes has signed this."""


def said(order: Order, store: Store, project: str) -> Optional[Statement]:
    """What the order's statement says, where it has one. Raises for one that is not to be followed:
    Unsigned, StatementError or BadKey.
    """
    if order.signed is None:
        return None
    text, followed = order.signed.statement, store.state.followed
    again = followed.same(text)  # it was verified then, maybe by a key that it replaced
    if not again:
        _require(_known(store), "statement", text.encode(), order.signed.signature)
    statement = parse(text)
    reason = refusal(statement, project, 0 if again else followed.serial)
    if not reason and _named(statement) != (order.epoch, order.manifest_sha256):
        reason = "the job's statement speaks of another release than the job"
    if reason:
        raise Unsigned(reason)
    for key in statement.keys:
        signature.public_key(key)  # one that cannot be read would lock this camera for ever
    return statement


def require_release(
    order: Order, manifest: bytes, store: Store, statement: Optional[Statement]
) -> None:
    """Raises Unsigned unless one signed the manifest whom this camera will believe afterwards."""
    replaced = statement.keys if statement else ()
    _require(replaced or _known(store), "release manifest", manifest, order.signature)


def _named(statement: Statement) -> Tuple[int, str]:
    return statement.epoch, statement.manifest_sha256


def _known(store: Store) -> Tuple[str, ...]:
    keys = store.state.followed.keys or store.keys
    if not keys:
        raise Unsigned(
            "this camera knows no release key; run `lensloop camera add` again for its folder and"
            " copy release-key.pem and camera.json to it"
        )
    return keys


def _require(keys: Tuple[str, ...], what: str, content: bytes, signed: bytes) -> None:
    if not signed:
        raise Unsigned(f"the {what} is not signed")
    if not signature.verify(keys, content, signed):
        raise Unsigned(f"the {what} was not signed by a key that this camera knows")
