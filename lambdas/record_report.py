"""What does a camera say of itself? Keeps each report in the state table, and has the camera looked
at where it does not run the live release, or does not believe the newest release keys.

Called by the topic rule for every message on a report topic, whoever's cameras these are: several
projects may share an account. What is no report, or is not of a camera of ours, is passed over with
a line in the log. Event: {report: the message in base64, thing, received_at: milliseconds}.
"""

import os
from typing import Any

from lambdas.aws import fleet, handover, message
from lambdas.aws.message import MessageError
from lambdas.aws.state import state_table
from lensloop.fleet.terms import RIGHT, Camera, after, lacks_keys, runs
from lensloop.wire import report
from lensloop.wire.report import MOST_BYTES, ReportError


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    thing, received_ms = str(event["thing"]), int(event["received_at"])
    wave = fleet.wave_of(thing)
    if not wave:
        return _passed_over(thing, "it is not among this project's cameras")
    try:
        said = report.parse(message.content(event["report"], "report", MOST_BYTES))
    except (MessageError, ReportError) as error:
        return _passed_over(thing, str(error))
    table = state_table()
    new = Camera(thing, wave, said, received_ms, since=received_ms // 1000)
    camera = after(table.camera(thing), new)
    if not table.record_report(camera):
        return _passed_over(thing, "a newer report of it is known")
    live = table.live_on_cameras()
    if live and (runs(camera, live) != RIGHT or lacks_keys(camera, live)):
        handover.call(os.environ["RECONCILE_FUNCTION"], {"thing": thing})
    return {"thing": thing, "recorded": True}


def _passed_over(thing: str, why: str) -> dict[str, Any]:
    message.passed_over(thing, "report", why)
    return {"thing": thing, "recorded": False}
