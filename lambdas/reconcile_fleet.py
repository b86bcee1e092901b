"""Does every camera run the live release? Orders it again for those that do not, tells of those
that gave it back or fell silent, and counts for the alarms.

Runs every quarter of an hour for all cameras (event {}), and for one ({"thing": …}) when it has
reported something else than live. While a rollout runs, or is paused, it orders nothing. What is
ordered is noted first: of two that run at once, one orders; and an order that could not be given is
tried again after the pause.
"""

import json
import os
import time
from collections.abc import Sequence
from typing import Any

from lambdas import deploy_release
from lambdas.aws import fleet, handover
from lambdas.aws.state import StateTable, state_table
from lensloop import news
from lensloop.fleet import look
from lensloop.fleet.desired import (
    OrderAgain,
    Step,
    steps,
    waves_to_lead_back,
    without_open_orders,
)
from lensloop.fleet.terms import Camera, Live
from lensloop.rollout import FAILED
from lensloop.settings import Settings
from lensloop.wire import names

# AWS IoT takes ten new jobs a second; what is left over has its turn a quarter of an hour later.
MOST_AT_ONCE = 200
SILENT, WRONG, CAMERAS = "SilentCameras", "CamerasOnTheWrongRelease", "Cameras"


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings, table, now = Settings.from_json(os.environ["SETTINGS"]), state_table(), _now()
    prefix, live = names.prefix(settings.project, settings.stage), table.live_on_cameras()
    rolling = handover.is_running(os.environ["ROLLOUT_ARN"])
    if "thing" in event:
        camera = table.camera(str(event["thing"]))
        cameras = [camera] if camera else []
    else:
        registered = [*fleet.cameras_in("canary"), *fleet.cameras_in("fleet")]
        ours = set(registered)
        cameras = [camera for camera in table.cameras() if camera.thing in ours]
        counted = look.counts(registered, cameras, live, now)
        print(json.dumps(_metrics(prefix, counted, rolling)))
    if live is None:
        return {"ordered": [], "told": []}
    _tell_silent(table, live, cameras, now)
    may_order = not (rolling or table.paused())
    found = steps(live, cameras, now, may_order=may_order)
    if may_order:
        _lead_back(table, live, cameras)
    return _reconcile(_Fleet(table, live, settings, prefix), cameras, found[:MOST_AT_ONCE])


def _tell_silent(table: StateTable, live: Live, cameras: Sequence[Camera], now: int) -> None:
    """The alarm is of all together: while one camera is silent, it says nothing of a second."""
    silent = look.newly_silent(cameras, now)
    told = [camera for camera in silent if table.note_silence_told(camera)]
    if told:
        message = news.fell_silent([(camera.thing, camera.seen_at) for camera in told])
        text = news.as_text(message)
        handover.tell({"workflow": "fleet", "epoch": live.epoch, "text": text})


def _lead_back(table: StateTable, live: Live, cameras: Sequence[Camera]) -> None:
    """By the function that may sign; the next look orders again what its order does not reach."""
    candidate = table.candidate()
    if candidate is None or candidate.state != FAILED:
        return
    epoch = candidate.release.epoch
    for wave in waves_to_lead_back(live, epoch, cameras):
        handover.call(os.environ["ROLL_BACK_FUNCTION"], {"epoch": epoch, "wave": wave})


class _Fleet:
    """What the orders of one look have in common."""

    def __init__(self, table: StateTable, live: Live, settings: Settings, prefix: str) -> None:
        self.table, self.live, self.settings, self.prefix = table, live, settings, prefix
        self.document = ""  # the same for all; read when it is first needed

    def order(self, camera: Camera, step: OrderAgain) -> bool:
        if not self.document:
            minutes = self.settings.fleet_timeout_minutes
            self.document = json.dumps(deploy_release.document(self.live.epoch, minutes))
        if not self.table.note_order(camera, step.ordered):
            return False
        job = names.again_job(self.prefix, self.live.epoch, self.table.next_order_number())
        deploy_release.order_again(job, self.document, step.thing, self.live.epoch, self.settings)
        return True

    def tell(self, camera: Camera, reason: str) -> bool:
        if not self.table.note_told(camera.thing, self.live.epoch):
            return False
        message = news.gave_back(camera.thing, self.live.epoch, camera.report.epoch, reason)
        text = news.as_text(message)
        handover.tell({"workflow": "fleet", "epoch": self.live.epoch, "text": text})
        return True


def _reconcile(found: _Fleet, cameras: Sequence[Camera], due: Sequence[Step]) -> dict[str, Any]:
    known = {camera.thing: camera for camera in cameras}
    ordered, told = [], []
    busy = _with_open_orders(due, found.prefix, found.live.epoch)
    for step in without_open_orders(due, busy):
        camera = known[step.thing]
        if isinstance(step, OrderAgain):
            if found.order(camera, step):
                ordered.append(step.thing)
        elif found.tell(camera, step.reason):
            told.append(step.thing)
    report = {"ordered": ordered, "told": told}
    if ordered or told:
        print(json.dumps({"level": "INFO", **report}))
    return report


def _with_open_orders(due: Sequence[Step], prefix: str, epoch: int) -> set[str]:
    things = [step.thing for step in due if isinstance(step, OrderAgain)]
    return {thing for thing in things if _has_open_order(thing, prefix, epoch)}


def _has_open_order(thing: str, prefix: str, epoch: int) -> bool:
    """One of its own for a release that is not live any more is withdrawn: the camera would fetch
    that first.
    """
    jobs = fleet.open_orders(thing, prefix)
    stale = [job for job in jobs if names.again_for_another(prefix, epoch, job)]
    for job in stale:
        fleet.cancel(job, "SUPERSEDED")
    return len(jobs) > len(stale)


def _metrics(prefix: str, counted: look.Counts, rolling: bool) -> dict[str, Any]:
    """CloudWatch's embedded metric format: the line becomes metrics that the alarms watch. While a
    release is rolled out, a camera that does not run it yet is none that is wrong.
    """
    values = {CAMERAS: counted.cameras, SILENT: counted.silent}
    if not rolling:
        values[WRONG] = counted.wrong
    directive = {
        "Namespace": "Lensloop",
        "Dimensions": [["Fleet"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
    }
    meta = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": meta, "Fleet": prefix, **values}


def _now() -> int:
    return int(time.time())
