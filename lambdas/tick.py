"""What should the trigger do now? Asks `decide`, does the one step that it answers with, and asks
again until it waits.

Runs each minute, after every batch of changes and whenever an execution changes its status; any
number may run at once. Events: {} or anything for a tick, {"sweep": true} daily, {"clear_blocked":
true}, {"approve": true} and {"import": "<digest>"} from a person.
"""

import json
import os
import time
from typing import Any

from botocore.exceptions import ClientError

from lambdas.aws import clients, handover
from lambdas.aws.executions import error_code, gather
from lambdas.aws.state import StateTable, state_table
from lensloop.settings import Settings
from lensloop.trigger.decide import decide
from lensloop.trigger.terms import Pacing, Start, Step, StopTraining, Tell, Wait
from lensloop.wire import names

MAX_STEPS = 50  # far above any honest sequence; what is left is for the next minute


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings = Settings.from_json(os.environ["SETTINGS"])
    prefix = names.prefix(settings.project, settings.stage)
    table = state_table()
    if event.get("clear_blocked"):
        table.clear_blocked(int(time.time()))
    elif event.get("approve"):
        table.approve(int(time.time()))
    elif event.get("import"):
        table.try_import(str(event["import"]), int(time.time()))
    elif event.get("sweep"):
        # Events can be lost; the next run lists the bucket and compares digests.
        table.record_change(int(time.time()))
    done = tick(table, Pacing.from_settings(settings), prefix)
    alarms = done[-1].alarms if isinstance(done[-1], Wait) else ()
    if alarms:
        print(json.dumps(_metrics(prefix, alarms)))
    report = {"steps": [{"step": type(step).__name__, "reason": step.reason} for step in done]}
    if len(done) > 1:
        print(json.dumps({"level": "INFO", **report}))
    return report


def tick(table: StateTable, pacing: Pacing, prefix: str) -> list[Step]:
    """The steps that were taken. A step decided twice in a row did not help: AWS may show its
    effect a little later.
    """
    done: list[Step] = []
    while len(done) < MAX_STEPS:
        state = table.trigger()
        step = decide(state, gather(state, prefix), int(time.time()), pacing)
        if done and step == done[-1]:
            break
        done.append(step)
        if isinstance(step, Wait):
            break
        act(step, table, state.epoch)
    return done


def act(step: Step, table: StateTable, epoch: int) -> None:
    match step:
        case Start():
            # If it exists already, the next look at it says whose it is.
            handover.start(os.environ["RETRAINING_ARN"], step.epoch)
        case StopTraining():
            for job in step.jobs:
                _stop_training(job)
        case Tell():
            handover.tell({"workflow": "trigger", "epoch": epoch, "text": step.text})
            table.apply(step)
        case _:
            table.apply(step)


def _stop_training(job: str) -> None:
    """A job that has ended by itself meanwhile cannot be stopped, which is just as well."""
    try:
        clients.sagemaker().stop_training_job(TrainingJobName=job)
    except ClientError as error:
        if error_code(error) not in ("ValidationException", "ResourceNotFound"):
            raise


def _metrics(prefix: str, alarms: tuple[str, ...]) -> dict[str, Any]:
    """CloudWatch's embedded metric format: the line becomes metrics that the alarms watch."""
    directive = {
        "Namespace": "Lensloop",
        "Dimensions": [["Trigger"]],
        "Metrics": [{"Name": alarm, "Unit": "Count"} for alarm in alarms],
    }
    meta = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": meta, "Trigger": prefix, **dict.fromkeys(alarms, 1)}
