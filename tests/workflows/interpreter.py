"""Runs the definition that is synthesized, on ministack's interpreter, with the world's answers
taken from a table.

The answers stand for functions, training jobs and the nested start; everything between
them – choices, catches, retries, JSONata – is the definition's own. Waiting takes no time.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from ministack.services import stepfunctions as engine

_RUNS = count(1)


@dataclass(frozen=True)
class Failure:
    error: str
    cause: str = ""


@dataclass(frozen=True)
class Request:
    resource: str
    arguments: Mapping[str, Any]


@dataclass
class Run:
    status: str
    path: list[str]
    output: Any
    error: str
    cause: str
    requests: list[Request] = field(default_factory=list)

    def of(self, what: str) -> list[Mapping[str, Any]]:
        """The arguments of every request to something, by the end of its resource."""
        return [request.arguments for request in self.requests if request.resource.endswith(what)]


def definition_of(template: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The definition of the workflow with this name, with references lowered to text."""
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::StepFunctions::StateMachine" and properties[
            "StateMachineName"
        ].endswith(name):
            definition: dict[str, Any] = json.loads(
                _lower(properties["DefinitionString"], template["Resources"])
            )
            return definition
    raise LookupError(name)


_ARNS = {
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/",
    "AWS::Lambda::Function": "arn:aws:lambda:eu-central-1:111122223333:function:",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:eu-central-1:111122223333:stateMachine:",
}


def _lower(value: Any, resources: Mapping[str, Any]) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [str() as joint, list() as parts]}:
            return joint.join(_lower(part, resources) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Fn::ImportValue": str() as export}:  # of the storage stack: its bucket, its topic
            return "kept-" + export.rpartition(":")[2]
        case {"Ref": str() as name} | {"Fn::GetAtt": [str() as name, "Arn"]}:
            properties = resources[name].get("Properties", {})
            return f"{_ARNS[resources[name]['Type']]}{properties.get('FunctionName', name)}"
    raise ValueError(f"nothing lowers {value}")


class Interpreter:
    """`answers` gives for each resource, by the end of its name, one answer or a list of them in
    turn; or what answers.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("SETTINGS", "{}")
        monkeypatch.setattr(engine, "_SFN_WAIT_SCALE", 0)
        monkeypatch.setattr(engine, "_emit_execution_status_event", lambda execution: None)

    def run(self, definition: Mapping[str, Any], answers: Mapping[str, Any], epoch: int = 7) -> Run:
        requests: list[Request] = []
        self._monkeypatch.setattr(engine, "_invoke_resource", _world(answers, requests))
        number = next(_RUNS)
        machine = _call(
            engine._create_state_machine,
            name=f"test-{number}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::000000000000:role/test",
        )
        started = _call(
            engine._start_execution,
            stateMachineArn=machine["stateMachineArn"],
            name=f"r{epoch:08d}",
            input=json.dumps({"epoch": epoch}),
        )
        execution = engine._executions[started["executionArn"]]
        deadline = time.monotonic() + 20
        while not _is_told(execution) and time.monotonic() < deadline:
            time.sleep(0.005)
        return Run(
            status=execution["status"],
            path=[
                event["stateEnteredEventDetails"]["name"]
                for event in execution["events"]
                if event["type"].endswith("StateEntered")
            ],
            output=json.loads(execution["output"] or "null"),
            error=execution.get("error", ""),
            cause=execution.get("cause", ""),
            requests=requests,
        )


def _is_told(execution: Mapping[str, Any]) -> bool:
    """Its last event tells the end, after status, output and cause are written, one by one."""
    last = execution["events"][-1]["type"] if execution["events"] else ""
    return last in ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut")


def _world(answers: Mapping[str, Any], requests: list[Request]) -> Callable[[str, Any], Any]:
    turns: dict[str, int] = {}

    def invoke(resource: str, arguments: Any) -> Any:
        requests.append(Request(resource, arguments))
        known = next(
            (name for name in answers if re.search(rf"[:-]{re.escape(name)}$", resource)), None
        )
        if known is None:
            raise engine._ExecutionError("Test.NoAnswer", f"no answer for {resource}")
        answer = answers[known]
        if isinstance(answer, list):
            turns[known] = turns.get(known, -1) + 1
            answer = answer[min(turns[known], len(answer) - 1)]
        if callable(answer):  # a handler that only decides is the shipped one
            answer = answer(arguments, None)
        if isinstance(answer, Failure):
            raise engine._ExecutionError(answer.error, answer.cause)
        return answer

    return invoke


def _call(operation: Callable[[dict[str, Any]], Any], **request: Any) -> dict[str, Any]:
    status, _, body = operation(request)
    answer: dict[str, Any] = json.loads(body)
    if status != 200:
        raise ValueError(answer)
    return answer
