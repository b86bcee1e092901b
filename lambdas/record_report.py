"""What does a camera say of itself? Keeps each report in the state table, and has the camera looked
at where it does not run the live release.

Called by the topic rule for every message on a report topic, whoever's cameras these are: several
projects may share an account. What is no report, or is not of a camera of ours, is passed over with
a line in the log. Event: {report: the message in base64, thing, received_at: milliseconds}.
"""

import base64
import json
import os
from typing import Any

from lambdas.aws import fleet, handover
from lambdas.aws.state import state_table
from lensloop.fleet.terms import RIGHT, Camera, after, runs
from lensloop.wire import report
from lensloop.wire.report import MOST_BYTES, Report, ReportError


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    thing, received_ms = str(event["thing"]), int(event["received_at"])
    wave = fleet.wave_of(thing)
    if not wave:
        return _passed_over(thing, "it is not among this project's cameras")
    try:
        said = _read(base64.b64decode(event["report"]))
    except ReportError as error:
        return _passed_over(thing, str(error))
    table = state_table()
    new = Camera(thing, wave, said, received_ms, since=received_ms // 1000)
    camera = after(table.camera(thing), new)
    if not table.record_report(camera):
        return _passed_over(thing, "a newer report of it is known")
    live = table.live_on_cameras()
    if live and runs(camera, live) != RIGHT:
        handover.call(os.environ["RECONCILE_FUNCTION"], {"thing": thing})
    return {"thing": thing, "recorded": True}


def _read(message: bytes) -> Report:
    if len(message) > MOST_BYTES:
        raise ReportError(f"A report has at most {MOST_BYTES:,} bytes, and this has more.")
    try:
        content = json.loads(message)
    # Deep nesting ends in a RecursionError; bytes that are no text in a ValueError, as no JSON.
    except (ValueError, RecursionError) as error:
        raise ReportError(f"The camera's report is not JSON: {type(error).__name__}.") from None
    return report.parse(content)


def _passed_over(thing: str, why: str) -> dict[str, Any]:
    line = f"A report of {thing} is passed over: {why}"
    print(json.dumps({"level": "WARNING", "message": line}))
    return {"thing": thing, "recorded": False}
