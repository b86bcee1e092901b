"""Where do workflows of the emulator behave unlike AWS Step Functions?"""

import contextvars
import json
import threading
from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response, now_iso
from ministack.services import stepfunctions as sfn

LARGEST_STATE = 262_144


def throttled_functions_have_their_error_name() -> None:
    """Upstream reports a throttled function as "Lambda.Unknown" (stepfunctions.py:2272).

    AWS says "Lambda.TooManyRequestsException", which the usual Retry lists.
    """
    call = sfn._call_lambda

    def call_and_name(function: str, event: Any) -> Any:
        try:
            return call(function, event)
        except sfn._ExecutionError as error:
            if error.error == "Lambda.Unknown" and "TooManyRequestsException" in str(error.cause):
                raise sfn._ExecutionError("Lambda.TooManyRequestsException", error.cause) from error
            raise

    sfn._call_lambda = call_and_name


def nested_executions_have_their_error_names() -> None:
    """Upstream gives the bare code of StartExecution
    (stepfunctions.py:3818); AWS "StepFunctions.<code>Exception".
    """
    start = sfn._invoke_nested_start_execution

    def start_and_name(resource: str, request: Any) -> Any:
        try:
            return start(resource, request)
        except sfn._ExecutionError as error:
            raise sfn._ExecutionError(
                f"StepFunctions.{error.error}Exception", error.cause
            ) from error

    sfn._invoke_nested_start_execution = start_and_name


def starting_the_same_execution_again_is_no_error() -> None:
    """Upstream refuses every name it knows (stepfunctions.py:864).

    AWS answers 200 with the running execution when name and input are the same; ended or with other
    input it refuses.
    """
    start = sfn._start_execution

    def start_once(request: dict[str, Any]) -> Any:
        machine = sfn._state_machines.get(
            sfn._resolve_state_machine_arn(request.get("stateMachineArn", ""))
        )
        if machine and request.get("name"):
            here = f"{get_region()}:{get_account_id()}"
            arn = f"arn:aws:states:{here}:execution:{machine['name']}:{request['name']}"
            known = sfn._executions.get(arn)
            if (
                known
                and known["status"] == "RUNNING"
                and known["input"] == request.get("input", "{}")
            ):
                return json_response({"executionArn": arn, "startDate": known["startDate"]})
        return start(request)

    sfn._start_execution = start_once


def state_machines_time_out() -> None:
    """Upstream ignores TimeoutSeconds of state machines (stepfunctions.py:1759);
    AWS ends those as TIMED_OUT.
    """
    run = sfn._run_execution

    def run_within_time(arn: str) -> None:
        seconds = _timeout_of(arn)
        if seconds is None:
            run(arn)
            return
        clock = threading.Timer(seconds, contextvars.copy_context().run, (_time_out, arn))
        clock.daemon = True
        clock.start()
        try:
            run(arn)
        finally:
            clock.cancel()

    sfn._run_execution = run_within_time


def _timeout_of(arn: str) -> float | None:
    machine = sfn._state_machines.get((sfn._executions.get(arn) or {}).get("stateMachineArn", ""))
    seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    return None if seconds is None else float(seconds)


def _time_out(arn: str) -> None:
    execution = sfn._executions[arn]
    if execution["status"] == "RUNNING":
        execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout")
        sfn._add_event(
            execution,
            "ExecutionTimedOut",
            {"executionTimedOutEventDetails": {"error": "States.Timeout"}},
        )
        sfn._emit_execution_status_event(execution)


def ended_executions_stay_as_they_ended() -> None:
    """Upstream turns a stopped execution into FAILED
    when its running task fails later (stepfunctions.py:1882).

    On AWS ABORTED and TIMED_OUT are final.
    """
    fail = sfn._fail_execution

    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    sfn._fail_execution = fail_if_running


def states_hold_no_more_than_256_kib() -> None:
    """Upstream passes on outputs of any size (stepfunctions.py:1864);
    AWS fails with States.DataLimitExceeded.
    """
    add = sfn._add_event

    def add_if_small(execution: dict[str, Any], kind: str, details: Any = None) -> None:
        output = (details or {}).get("stateExitedEventDetails", {}).get("output", "")
        if len(output.encode()) > LARGEST_STATE:
            raise sfn._ExecutionError(
                "States.DataLimitExceeded",
                "The state/task returned a result with a size exceeding the maximum number of bytes"
                " service limit.",
            )
        add(execution, kind, details)

    sfn._add_event = add_if_small
