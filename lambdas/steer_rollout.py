"""What does a person want of a rollout? `lensloop retry`, `pause`, `resume` and `go-on` ask here,
and so does the retraining where nothing is new ("unfinished").

Event: {"decision", "by", "note"}; the answer is {"did", "sentence"}.
"""

import json
import os
import time
from datetime import UTC, datetime
from typing import Any

from lambdas.aws import fleet, handover, signing, standing, stating
from lambdas.aws.state import Paused, StateTable, state_table
from lensloop.settings import Settings
from lensloop.steering import GO_ON, PAUSE, RESUME, UNFINISHED, Stand, Step, steer
from lensloop.wire import names


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings, table = Settings.from_json(os.environ["SETTINGS"]), state_table()
    decision, by = str(event["decision"]), str(event.get("by") or "")
    paused = table.paused()
    prefix = names.prefix(settings.project, settings.stage)
    running = handover.is_running(os.environ["ROLLOUT_ARN"])
    stand = standing.stand(table, prefix, running=running)
    step = steer(decision, stand, paused.interrupted if paused else 0)
    if not step.did:
        return {"did": False, "sentence": step.sentence}
    if decision == PAUSE:
        _pause(table, stand, Paused(_running(stand), by, str(event.get("note") or "")))
    elif decision == RESUME:
        table.resume()
    elif decision == GO_ON:
        table.decide_now(stand.candidate, int(time.time()))
    if step.roll_out:
        _roll_out(table, step, stand.live, settings.project)
    if decision != UNFINISHED:
        _note(decision, by, str(event.get("note") or ""), _of(decision, step, stand, paused))
    print(json.dumps({"level": "INFO", "decision": decision, "by": by, "sentence": step.sentence}))
    return {"did": True, "sentence": step.sentence}


def _of(decision: str, step: Step, stand: Stand, paused: Paused | None) -> int:
    """The release whose rollout it is about; 0 where none runs, or waits."""
    if decision in (PAUSE, GO_ON):
        return _running(stand)
    return step.roll_out or (paused.interrupted if paused else 0)


def _note(decision: str, by: str, note: str, epoch: int) -> None:
    """In the release's record, and on its page."""
    if not epoch:
        return
    at = datetime.now(UTC).isoformat(timespec="seconds")
    said = {"decision": decision, "by": by, "note": note, "at": at}
    handover.tell({"workflow": "steering", "epoch": epoch, **said})


def _running(stand: Stand) -> int:
    return stand.candidate if stand.running else 0


def _pause(table: StateTable, stand: Stand, paused: Paused) -> None:
    """First it is written down: no step orders anything from then on."""
    table.pause(paused, int(time.time()))
    if stand.running:
        fleet.withdraw_all(stand.candidate, "PAUSED")


def _roll_out(table: StateTable, step: Step, live: int, project: str) -> None:
    """Under a name of its own, as are its orders: those before are over. Cameras that were led back
    from it take it only by a statement.
    """
    epoch, back = step.roll_out, table.rollback()
    signing.renew(table, epoch)
    if live != epoch:
        table.try_candidate(epoch)
        if back and back.away >= epoch:
            stating.state(table, epoch, epoch, project)
    again = table.try_again(epoch)
    handover.start(os.environ["ROLLOUT_ARN"], epoch, again)
