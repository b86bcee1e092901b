"""Where does the emulator let through what AWS IAM would refuse?

With AUTH on it checks each HTTP request;
what services do for a role inside the emulator it does not check.
"""

import contextvars
import json
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, sqs
from ministack.services import stepfunctions as sfn

# Which request hands which role to which service:
# by the emulator's name of the service and the action.
PASSED_ROLES: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("states", "states:CreateStateMachine"): ("states.amazonaws.com", ("roleArn",)),
    ("states", "states:UpdateStateMachine"): ("states.amazonaws.com", ("roleArn",)),
    ("iot", "iot:CreateJob"): ("iot.amazonaws.com", ("presignedUrlConfig", "roleArn")),
    ("sagemaker", "sagemaker:CreateTrainingJob"): ("sagemaker.amazonaws.com", ("RoleArn",)),
    ("lambda", "lambda:CreateFunction"): ("lambda.amazonaws.com", ("Role",)),
    ("lambda", "lambda:UpdateFunctionConfiguration"): ("lambda.amazonaws.com", ("Role",)),
    ("scheduler", "scheduler:CreateSchedule"): ("scheduler.amazonaws.com", ("Target", "RoleArn")),
}

# What Step Functions calls the error of a service whose request was not allowed.
DENIED = {
    "lambda": "Lambda.AWSLambdaException",
    "sagemaker": "SageMaker.AmazonSageMakerException",
    "sns": "SNS.AmazonSNSException",
    "sqs": "SQS.AmazonSQSException",
    "dynamodb": "DynamoDB.AmazonDynamoDBException",
    "states": "StepFunctions.AWSStepFunctionsException",
    "events": "EventBridge.AmazonEventBridgeException",
    "iam": "SageMaker.AmazonSageMakerException",
}

_OF_SIGNING = {"kms:SigningAlgorithm": "SigningAlgorithm", "kms:MessageType": "MessageType"}

# The role of the execution on this thread.
_running_as = contextvars.ContextVar("running_as", default="")


def loopback_counts_as_tls() -> None:
    """Upstream says aws:SecureTransport is false over HTTP (app.py:3340), and so would AWS, where
    all of it is HTTPS.

    The bootstrap bucket and ours deny plain HTTP, and the emulator's HTTPS breaks functions in
    Node: so loopback counts as TLS.
    """
    app.pin_request_origin = lambda address, _secure: iam_evaluator.pin_request_origin(
        address, True
    )


def state_machines_act_as_their_role() -> None:
    """Upstream runs tasks whatever the role of the state machine allows (stepfunctions.py:2062);
    AWS acts as it.
    """
    task, call = sfn._execute_task, app.call_service_handler_sync

    def task_as_role(state: Any, data: Any, execution: Any, context: dict[str, Any]) -> Any:
        machine = sfn._state_machines.get(context.get("StateMachine", {}).get("Id", "")) or {}
        token = _running_as.set(machine.get("roleArn", ""))
        try:
            return task(state, data, execution, context)
        finally:
            _running_as.reset(token)

    def call_as_role(
        handler: Any,
        method: str,
        path: str,
        headers: dict[str, str],
        body: Any,
        query: Any,
        timeout: Any = None,
    ) -> Any:
        """Every aws-sdk integration goes through here, as an HTTP request."""
        service = headers.get("authorization", "").split("/aws4_request")[0].rsplit("/", 1)[-1]
        data = body if isinstance(body, bytes) else (body or "").encode()
        action = iam_actions.extract_iam_action(service, method, path, headers, data, query)
        if action and _running_as.get():
            arn = iam_actions.extract_resource_arn(
                service, method, path, headers, data, query, get_region(), get_account_id()
            )
            require(action, arn)
        return call(handler, method, path, headers, body, query, timeout)

    sfn._execute_task = task_as_role
    app.call_service_handler_sync = call_as_role
    sfn._invoke_resource = _checking(sfn._invoke_resource)
    sfn._invoke_with_callback = _checking(sfn._invoke_with_callback)


def _checking(invoke: Callable[..., Any]) -> Callable[..., Any]:
    def invoke_if_allowed(resource: str, data: Any, *rest: Any) -> Any:
        for action, arn, passed_to in _needs(resource, data):
            require(action, arn, passed_to)
        return invoke(resource, data, *rest)

    return invoke_if_allowed


def _needs(resource: str, data: Any) -> list[tuple[str, str, str]]:
    """(action, resource, service that a role is passed to) of an optimized integration."""
    if "aws-sdk:" in resource or ":activity:" in resource:
        return []
    name = resource.rsplit(":::", 1)[-1].split(".")[0]
    if name == "lambda:invoke" or ":function:" in resource:
        function = data.get("FunctionName", "") if name == "lambda:invoke" else resource
        return [
            (
                "lambda:InvokeFunction",
                function if ":" in function else _arn("lambda", f"function:{function}"),
                "",
            )
        ]
    if name == "sagemaker:createTrainingJob":
        job = _arn("sagemaker", f"training-job/{data.get('TrainingJobName', '')}")
        watching = [] if not resource.endswith(".sync") else _sync_needs(job)
        role = ("iam:PassRole", data.get("RoleArn", "*"), "sagemaker.amazonaws.com")
        tags = [("sagemaker:AddTags", job, "")] if data.get("Tags") else []
        return [("sagemaker:CreateTrainingJob", job, ""), role, *tags, *watching]
    service, _, operation = name.partition(":")
    arns: dict[str, Callable[[], str]] = {
        "sns": lambda: data.get("TopicArn", "*"),
        "sqs": lambda: _arn("sqs", data.get("QueueUrl", "").rsplit("/", 1)[-1]),
        "states": lambda: data.get("StateMachineArn", "*"),
        "dynamodb": lambda: _arn("dynamodb", f"table/{data.get('TableName', '')}"),
        "events": lambda: _arn("events", "event-bus/default"),
    }
    action = f"{service}:{operation[:1].upper()}{operation[1:]}"
    return [(action, arns[service](), "")] if service in arns else []


def _sync_needs(job: str) -> list[tuple[str, str, str]]:
    rule = _arn("events", "rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule")
    watching = [(f"events:{verb}", rule, "") for verb in ("PutTargets", "PutRule", "DescribeRule")]
    return [
        ("sagemaker:DescribeTrainingJob", job, ""),
        ("sagemaker:StopTrainingJob", job, ""),
        *watching,
    ]


def require(action: str, resource: str, passed_to: str = "") -> None:
    """Raises what Step Functions would, unless the running execution's role allows it."""
    role = _running_as.get()
    if not app.AUTH or not role or _role_allows(role, action, resource, passed_to):
        return
    who = f"arn:aws:sts::{get_account_id()}:assumed-role/{role.rsplit('/', 1)[-1]}/execution"
    raise sfn._ExecutionError(
        DENIED.get(action.split(":")[0], "States.Runtime"),
        f"User: {who} is not authorized to perform: {action} on resource: {resource} because no"
        f" identity-based policy allows the {action} action",
    )


def _role_allows(role: str, action: str, resource: str, passed_to: str = "") -> bool:
    account, name = get_account_id(), role.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/execution",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={"iam:passedtoservice": passed_to} if passed_to else {},
    )
    policies = iam_evaluator._gather_role_policies(name, account)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def roles_are_passed_only_by_those_who_may() -> None:
    """Upstream never asks for iam:PassRole (nowhere outside iam.py); AWS does where a request hands
    over a role.
    """
    for service in {service for service, _ in PASSED_ROLES}:
        app.SERVICE_HANDLERS[service] = _passing(service, app.SERVICE_HANDLERS[service])


def _passing(service: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Any:
        action = (
            iam_actions.extract_iam_action(service, method, path, headers, body or b"", query) or ""
        )
        passed_to, where = PASSED_ROLES.get((service, action), ("", ()))
        role = _inside(body, where) if passed_to else None
        caller = router.extract_access_key_id(headers, query)
        if role and app.AUTH and caller:
            denied = iam_evaluator.enforce(
                caller,
                "iam:PassRole",
                "iam",
                get_region(),
                role,
                {"iam:PassedToService": passed_to},
            )
            if isinstance(denied, iam_evaluator.EvalResult):
                return iam_actions.access_denied_response(
                    service,
                    "iam:PassRole",
                    denied.principal_arn,
                    "",
                    headers=headers,
                    resource_arn=role,
                )
        return await handler(method, path, headers, body, query)

    return handle


def _inside(body: bytes, path: tuple[str, ...]) -> str | None:
    try:
        value = json.loads(body or b"{}")
    except json.JSONDecodeError:
        return None
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def event_source_mappings_read_as_the_function() -> None:
    """Upstream reads queues for a function whose role may not (lambda_svc.py:7587);
    AWS reads as that role.
    """
    receive = sqs._receive_messages_for_esm

    def receive_if_allowed(queue_url: str, wanted: int) -> list[dict[str, Any]]:
        arn = ((sqs._queues.get(queue_url) or {}).get("attributes") or {}).get("QueueArn", "")
        for _, _, mapping in lambda_svc._iter_all_esms():
            if mapping.get("EventSourceArn") == arn and app.AUTH:
                function = lambda_svc._functions.get(mapping["FunctionName"]) or {}
                role = (function.get("config") or {}).get("Role", "")
                actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
                if not all(_role_allows(role, action, arn) for action in actions):
                    return []
        messages: list[dict[str, Any]] = receive(queue_url, wanted)
        return messages

    sqs._receive_messages_for_esm = receive_if_allowed


def requests_to_kms_say_how_they_sign() -> None:
    """Upstream knows no condition key of KMS (app.py:3048), so that a role that may sign only with
    one algorithm may not sign at all; AWS fills in kms:SigningAlgorithm and kms:MessageType.
    """
    tags = iam_actions.request_tag_context

    def with_signing(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        context: dict[str, Any] = tags(service, action, body, params)
        if action not in ("kms:Sign", "kms:Verify"):
            return context
        said = {key: _inside(body, (name,)) for key, name in _OF_SIGNING.items()}
        return context | {key: value for key, value in said.items() if value}

    iam_actions.request_tag_context = with_signing
