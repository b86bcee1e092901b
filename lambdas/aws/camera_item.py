"""How is a camera written down in the state table, as `camera#<thing>`?

Its report is kept as the text that it was, and read as it was read first; beside it stands when it
came by the cloud's clock, and what the camera was ordered again.
"""

import json
from collections.abc import Mapping
from typing import Any

from lambdas.aws.change import Change
from lambdas.aws.items import CAMERA
from lensloop.fleet.terms import Camera, Ordered
from lensloop.wire import report


def key(thing: str) -> str:
    return f"{CAMERA}{thing}"


def to_camera(item: Mapping[str, Any]) -> Camera:
    return Camera(
        thing=str(item["id"]).removeprefix(CAMERA),
        wave=item["wave"],
        report=report.parse(json.loads(item["report"])),
        seen_ms=int(item["seen_ms"]),
        since=int(item["since"]),
        ordered=_ordered(item),
        told=int(item.get("told", 0)),
        silence_told=int(item.get("silence_told", 0)),
    )


def record(camera: Camera) -> Change:
    """Only newer than what is there: AWS IoT may deliver in another order, and twice."""
    return Change(
        key(camera.thing),
        "SET #wave = :wave, #report = :report, #seen_ms = :seen_ms, #since = :since",
        "attribute_not_exists(#seen_ms) OR #seen_ms < :seen_ms",
        {
            "wave": camera.wave,
            "report": json.dumps(report.make(camera.report), ensure_ascii=False),
            "seen_ms": camera.seen_ms,
            "since": camera.since,
        },
    )


def order(thing: str, ordered: Ordered, before: Ordered | None) -> Change:
    """Only if nobody else has ordered since this was decided."""
    values = {"epoch": ordered.epoch, "times": ordered.times, "at": ordered.at}
    condition = "attribute_not_exists(#ordered_at)"
    if before:
        condition = "#ordered_at = :before"
        values["before"] = before.at
    return Change(
        key(thing),
        "SET #ordered_epoch = :epoch, #ordered_times = :times, #ordered_at = :at",
        condition,
        values,
    )


def told(thing: str, epoch: int) -> Change:
    return Change(
        key(thing),
        "SET #told = :epoch",
        "attribute_not_exists(#told) OR #told <> :epoch",
        {"epoch": epoch},
    )


def silence_told(thing: str, seen_ms: int) -> Change:
    """Of the silence since that report."""
    return Change(
        key(thing),
        "SET #silence_told = :seen_ms",
        "#seen_ms = :seen_ms AND (attribute_not_exists(#silence_told)"
        " OR #silence_told <> :seen_ms)",
        {"seen_ms": seen_ms},
    )


def _ordered(item: Mapping[str, Any]) -> Ordered | None:
    if "ordered_at" not in item:
        return None
    return Ordered(int(item["ordered_epoch"]), int(item["ordered_times"]), int(item["ordered_at"]))
