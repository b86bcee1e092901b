"""What do the shipped handlers see of AWS? A table, executions, training jobs, a topic and a clock,
all in memory.

Every call goes through one door, where a test can break it before or after it is done, or let
something else happen just before it. Fakes stand only here, at the edge: handlers, rules and
DynamoDB expressions are the shipped ones.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError, EndpointConnectionError

from lambdas import record_changes, tick
from lambdas.aws import clients, handover
from lambdas.aws import executions as trigger_facts
from lensloop.settings import Settings
from lensloop.trigger.terms import EXECUTION_ENDED, State
from proof.fake_table import FakeTable

BEGIN = 1_700_000_000
ENVIRONMENT = {
    "TABLE": "deeplens-trash-state",
    "RETRAINING_ARN": (
        "arn:aws:states:eu-west-1:111122223333:stateMachine:deeplens-trash-retraining"
    ),
    "TELL_FUNCTION": "deeplens-trash-tell",
    "TICK_FUNCTION": "deeplens-trash-tick",
}


@dataclass
class Execution:
    epoch: int
    started: int
    status: str = "RUNNING"
    phase: str = "snapshot"
    seen: int = -1
    stopped: int = 0
    outcome: str = ""


@dataclass
class FakeAws:
    """`bucket` counts the changes under images/;
    a run's data set is the count that its snapshot saw.
    """

    settings: Settings = field(default_factory=Settings)
    now: int = BEGIN
    bucket: int = 0
    queue: int = 0
    table: FakeTable = field(default_factory=FakeTable)
    executions: list[Execution] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    news: list[tuple[str, str]] = field(default_factory=list)
    tell_broken: bool = False
    shown_after: int = (
        0  # seconds until DescribeExecution, which is eventually consistent, shows an execution
    )
    printed: list[str] = field(default_factory=list)
    trained: int = 0  # the newest data set in a finished run
    fates: dict[int, str] = field(
        default_factory=dict
    )  # by epoch: refused, fails, aborted, no-machine; else released
    calls: int = 0
    before_call: dict[int, Callable[[], None]] = field(default_factory=dict)
    after_call: dict[int, Callable[[], None]] = field(default_factory=dict)

    # What people and S3 do

    def upload(self, *, lost: bool = False) -> None:
        self.bucket += 1
        self.queue += 0 if lost else 1

    def deliver(self) -> None:
        """SQS hands the events to record_changes, and forgets them only if it returns."""
        batch = self.queue
        with self._installed():
            record_changes.handler({"Records": [{"body": "{}"}] * batch}, None)
        self.queue -= batch

    def tick(self, event: dict[str, Any] | None = None) -> dict[str, Any]:
        with self._installed():
            return tick.handler(event or {}, None)

    # What the workflow does, one phase at a time

    def advance(self) -> None:
        for execution in self.executions:
            if execution.status == "RUNNING":
                self._advance(execution)
        self.jobs |= {job: "Stopped" for job, status in self.jobs.items() if status == "Stopping"}

    def _advance(self, execution: Execution) -> None:
        job, fate = (
            f"deeplens-trash-{execution.epoch}-1",
            self.fates.get(execution.epoch, "released"),
        )
        if execution.phase == "snapshot":
            execution.seen, execution.phase = self.bucket, "assemble"
        elif execution.phase == "assemble":
            self._assemble(execution)
        elif execution.phase == "train":
            _promise("InProgress" not in self.jobs.values(), "one training at a time")
            self.jobs[job], execution.phase = "InProgress", "training"
        elif fate == "aborted":  # the job goes on: cancelling it is best effort
            self.end(execution, "ABORTED")
        elif fate == "no-machine":
            self.jobs[job] = "Failed"
            self.end(execution, "SUCCEEDED", fate)
        else:
            self.jobs[job] = "Completed"
            self.end(execution, "FAILED" if fate == "fails" else "SUCCEEDED", fate)

    def _assemble(self, execution: Execution) -> None:
        run = self.table.item.get("run", {})
        if run.get("epoch") != execution.epoch:
            self.end(execution, "FAILED")
        elif self.table.item.get("digest") == str(execution.seen):
            self.end(execution, "SUCCEEDED", "nothing-new")
        elif self.table.item.get("blocked_digest") == str(execution.seen):
            self.end(execution, "SUCCEEDED", "blocked")
        else:
            self.table.item = {**self.table.item, "run": {**run, "digest": str(execution.seen)}}
            execution.phase = "train"

    def end(self, execution: Execution, status: str, outcome: str = "") -> None:
        execution.status, execution.stopped = status, self.now
        if status == "SUCCEEDED":
            execution.outcome = outcome
            if outcome != "no-machine":  # which settles nothing
                self.trained = max(self.trained, execution.seen)

    # What the tests ask

    @property
    def state(self) -> State:
        return self.table.state.trigger()

    @property
    def at_rest(self) -> bool:
        state = self.state
        return not (self.queue or state.run or state.news) and state.gen <= state.covered

    def drain(self, rounds: int = 400) -> None:
        """No more bad luck: time passes, events are delivered again, runs go on, until nothing is
        left to do.
        """
        for round_ in range(rounds):
            if self.queue:
                self.deliver()
            self.tick()
            self.advance()
            self.now += 60 if round_ < 30 else 3600
            if self.at_rest:
                return
        raise BrokenPromise(f"no rest after {rounds} rounds: {self.state}")

    # The door that every call goes through

    @contextmanager
    def _installed(self) -> Iterator[None]:
        clock = SimpleNamespace(time=lambda: float(self.now))
        system = SimpleNamespace(environ={**ENVIRONMENT, "SETTINGS": self.settings.to_json()})
        table, states, sagemaker = map(self._door, (self.table, self._states(), self._sagemaker()))
        functions = self._door(SimpleNamespace(invoke=self._invoke))
        stand_ins: list[tuple[object, str, object]] = [
            *((module, "os", system) for module in (tick, record_changes, trigger_facts, handover)),
            *((module, "time", clock) for module in (tick, record_changes)),
            (clients, "table", lambda: table),
            (clients, "stepfunctions", lambda: states),
            (clients, "sagemaker", lambda: sagemaker),
            (clients, "functions", lambda: functions),
        ]
        output = io.StringIO()
        with ExitStack() as stack:
            for module, name, value in stand_ins:
                stack.enter_context(patch.object(module, name, value))
            stack.enter_context(redirect_stdout(output))
            yield
        self.printed += output.getvalue().splitlines()

    def _door(self, client: Any) -> Any:
        def method(name: str) -> Callable[..., Any]:
            def call(**request: Any) -> Any:
                self.calls += 1
                number = self.calls
                self.before_call.get(number, _nothing)()
                answer = getattr(client, name)(**request)
                self.after_call.get(number, _nothing)()
                return answer

            return call

        return SimpleNamespace(
            **{name: method(name) for name in dir(client) if not name.startswith("_")}
        )

    def _invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> None:
        _promise(InvocationType == "Event", "nobody waits for another function")
        if FunctionName == ENVIRONMENT["TICK_FUNCTION"]:
            return
        _promise(FunctionName == ENVIRONMENT["TELL_FUNCTION"], "news goes to the tell function")
        if self.tell_broken:
            connection_lost()
        event = json.loads(Payload)
        _promise(event["workflow"] == "trigger", "the tick tells in its own name")
        _promise(event["epoch"] == self.state.epoch, "the news is of the last run")
        subject, _, body = event["text"].partition("\n\n")
        self.news.append((subject, body))

    def _states(self) -> Any:
        def start_execution(*, stateMachineArn: str, name: str, input: str) -> None:
            epoch = json.loads(input)["epoch"]
            _promise(
                name == f"r{epoch:08d}" and input == json.dumps({"epoch": epoch}),
                "name and input are the epoch",
            )
            _promise(
                stateMachineArn == ENVIRONMENT["RETRAINING_ARN"],
                "the retraining workflow is started",
            )
            if any(execution.epoch == epoch for execution in self.executions):
                raise _error("ExecutionAlreadyExists")
            _promise(
                all(execution.epoch < epoch for execution in self.executions), "epochs increase"
            )
            _promise(
                all(execution.status in EXECUTION_ENDED for execution in self.executions),
                "one run at a time",
            )
            _promise(
                "InProgress" not in self.jobs.values(), "a run starts when no training is left"
            )
            self.executions.append(Execution(epoch, self.now))

        def describe_execution(*, executionArn: str) -> dict[str, Any]:
            arn, _, name = executionArn.rpartition(":")
            _promise(
                arn == ENVIRONMENT["RETRAINING_ARN"].replace("stateMachine", "execution"),
                "its executions are asked for",
            )
            found = [
                execution for execution in self.executions if f"r{execution.epoch:08d}" == name
            ]
            if not found or self.now < found[0].started + self.shown_after:
                raise _error("ExecutionDoesNotExist")
            return _described(found[0])

        return SimpleNamespace(
            start_execution=start_execution, describe_execution=describe_execution
        )

    def _sagemaker(self) -> Any:
        def describe_training_job(*, TrainingJobName: str) -> dict[str, str]:
            if TrainingJobName not in self.jobs:
                raise _error("ValidationException", "Requested resource not found.")
            return {"TrainingJobStatus": self.jobs[TrainingJobName]}

        def stop_training_job(*, TrainingJobName: str) -> None:
            if self.jobs[TrainingJobName] != "InProgress":
                raise _error("ValidationException", "The job is not in progress.")
            self.jobs[TrainingJobName] = "Stopping"

        return SimpleNamespace(
            describe_training_job=describe_training_job, stop_training_job=stop_training_job
        )


def _described(execution: Execution) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "status": execution.status,
        "startDate": datetime.fromtimestamp(execution.started, UTC),
        "output": None,
    }
    if execution.status != "RUNNING":
        answer["stopDate"] = datetime.fromtimestamp(execution.stopped, UTC)
    if execution.status == "SUCCEEDED":
        outcome = {
            "outcome": execution.outcome,
            "digest": str(execution.seen),
            "reasons": ["because"],
        }
        answer["output"] = json.dumps(outcome)
    if execution.status == "FAILED":
        answer |= {"error": "States.TaskFailed", "cause": "AlgorithmError: no pictures"}
    return answer


class BrokenPromise(AssertionError):
    """Not an error of AWS, so that nothing which expects those can swallow it."""


def _promise(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(f"broken: {promise}")


def connection_lost() -> None:
    raise EndpointConnectionError(endpoint_url="https://aws.example")


def throttled() -> None:
    raise _error("ThrottlingException", "Rate exceeded")


def _nothing() -> None:
    pass


def _error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message or code}}, "Call")
