"""Who says what this camera runs? Whoever holds a key that it knows: of a release by signing the
manifest, of a step back by a signed statement, and of other keys by a signed change of them.
"""

from __future__ import annotations

import logging
from typing import Optional, Tuple

from camera.store import Store
from lensloop.wire import key_chain, signature
from lensloop.wire.errors import LensloopError
from lensloop.wire.order import Order
from lensloop.wire.statement import Statement, parse, refusal

log = logging.getLogger(__name__)


class Unsigned(LensloopError):
    """Nobody whom this camera believes has signed this."""


def follow_keys(order: Order, store: Store, project: str) -> None:
    """From then on, whatever becomes of the order's release. Raises BrokenChain, SuccessionError or
    BadKey, and then nothing has changed.
    """
    before = store.believed
    now = key_chain.after(order.keys, project, before)
    if now != before:
        store.believe(now)
        log.info("this camera believes the release keys of change %d", now.number)


def said(order: Order, store: Store, project: str) -> Optional[Statement]:
    """What the order's statement says, where it has one. Raises for one that is not to be followed:
    Unsigned or StatementError.
    """
    if order.signed is None:
        return None
    text, followed = order.signed.statement, store.state.followed
    again = followed.same(text)  # it was verified then, maybe by a key that was replaced since
    if not again:
        _require(_known(store), "statement", text.encode(), order.signed.signature)
    statement = parse(text)
    reason = refusal(statement, project, 0 if again else followed.serial)
    if not reason and _named(statement) != (order.epoch, order.manifest_sha256):
        reason = "the job's statement speaks of another release than the job"
    if reason:
        raise Unsigned(reason)
    return statement


def require_release(order: Order, manifest: bytes, store: Store) -> None:
    """Raises Unsigned unless one signed the manifest whom this camera believes."""
    _require(_known(store), "release manifest", manifest, order.signature)


def _named(statement: Statement) -> Tuple[int, str]:
    return statement.epoch, statement.manifest_sha256


def _known(store: Store) -> Tuple[str, ...]:
    keys = store.believed.keys
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
