"""How does a function hand work on? To a workflow, once for each run; and to another function, such
as the one that tells people.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lambdas.aws.executions import error_code
from lensloop.wire import names


def start(workflow: str, epoch: int, again: int = 1) -> None:
    """That an execution of that name exists already is as good as started. `workflow`: its ARN."""
    try:
        clients.stepfunctions().start_execution(
            stateMachineArn=workflow,
            name=names.execution(epoch, again),
            input=json.dumps({"epoch": epoch}),
        )
    except ClientError as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise


def is_running(workflow: str) -> bool:
    running = clients.stepfunctions().list_executions(
        stateMachineArn=workflow, statusFilter="RUNNING", maxResults=1
    )
    return bool(running["executions"])


def tell(event: Mapping[str, Any]) -> None:
    call(os.environ["TELL_FUNCTION"], event)


def call(function: str, event: Mapping[str, Any]) -> None:
    """Lambda keeps an event that it has accepted and tries it again: it is as good as sent."""
    clients.functions().invoke(
        FunctionName=function,
        InvocationType="Event",
        Payload=json.dumps(event, ensure_ascii=False).encode(),
    )
