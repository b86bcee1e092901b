"""How is it written down which releases cameras have proved, and which signed statement leads back?

`proved#<epoch>` keeps what makes a release live again that cameras have proved, and which one was
live before it. `rollback` is the newest signed statement: its serial only rises, so that no camera
is ever shown two under one number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.aws.change import Change
from lambdas.aws.items import PROVED, ROLLBACK
from lensloop.wire.order import Signed


@dataclass(frozen=True)
class Rollback:
    """`away`: the highest release that it leads back from, or the one itself."""

    serial: int
    epoch: int
    away: int
    signed: Signed


def to_rollback(item: Mapping[str, Any]) -> Rollback | None:
    if not item:
        return None
    signed = Signed(item["statement"], bytes(item["signature"].value))
    return Rollback(int(item["serial"]), int(item["epoch"]), int(item["away"]), signed)


def stated(new: Rollback, now: int) -> Change:
    """Only as the next one: who was slower must sign anew."""
    return Change(
        ROLLBACK,
        "SET #serial = :serial, #epoch = :epoch, #away = :away, #statement = :statement,"
        " #signature = :signature, #at = :now",
        "attribute_not_exists(#serial) OR #serial = :before",
        {
            "serial": new.serial,
            "before": new.serial - 1,
            "epoch": new.epoch,
            "away": new.away,
            "statement": new.signed.statement,
            "signature": new.signed.signature,
            "now": now,
        },
    )


def signed_anew(same: Rollback) -> Change:
    """By another key; what it says stays."""
    return Change(
        ROLLBACK,
        "SET #signature = :signature",
        "#serial = :serial",
        {"signature": same.signed.signature, "serial": same.serial},
    )


def proved(
    epoch: int, assignments: str, values: Mapping[str, Any], labels: Sequence[str], before: int
) -> Change:
    """`assignments` and `values`: the release, as `live` keeps it."""
    return Change(
        f"{PROVED}{epoch}",
        f"SET {assignments}, #labels = :labels, #before = :before",
        values={**values, "labels": list(labels), "before": before},
    )
