"""The edge of the world of what follows from cameras' reports: whom a function calls, and whether a
rollout is running.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas import record_report
from lambdas.aws import clients
from lensloop.wire import report
from lensloop.wire.report import Report
from tests.lambdas.conftest import Aws

BARE = Report(at="2026-11-22T12:00:00Z", agent=1)


@dataclass
class Called:
    """Functions that were handed something, and what."""

    events: list[tuple[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:
        assert InvocationType == "Event"
        self.events.append((FunctionName, json.loads(Payload)))


@dataclass
class Rollouts:
    running: bool = False

    def list_executions(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"stateMachineArn": "rollout", "statusFilter": "RUNNING", "maxResults": 1}
        return {"executions": [{}] if self.running else []}


@dataclass
class Fleet:
    aws: Aws
    called: Called
    rollouts: Rollouts

    def add(self, thing: str, wave: str = "fleet") -> None:
        self.aws.iot.create_thing(thingName=thing)
        self.aws.iot.add_thing_to_thing_group(thingGroupArn=self.aws.groups[wave], thingName=thing)

    def says(self, thing: str, at: int, message: bytes | Report) -> dict[str, Any]:
        """As the topic rule hands it on; `at` in milliseconds."""
        if isinstance(message, Report):
            message = json.dumps(report.make(message)).encode()
        coded = base64.b64encode(message).decode()
        return record_report.handler({"report": coded, "thing": thing, "received_at": at}, None)


def of(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    fleet = Fleet(aws, Called(), Rollouts())
    monkeypatch.setattr(clients, "functions", lambda: fleet.called)
    monkeypatch.setattr(clients, "stepfunctions", lambda: fleet.rollouts)
    monkeypatch.setenv("RECONCILE_FUNCTION", "reconcile")
    monkeypatch.setenv("TELL_FUNCTION", "tell")
    monkeypatch.setenv("ROLL_BACK_FUNCTION", "roll-back")
    monkeypatch.setenv("ROLLOUT_ARN", "rollout")
    return fleet
