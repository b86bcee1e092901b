"""What is a step of a workflow? A handler with its own function, what that may do, what it is given
and what it keeps.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lensloop.settings import Settings
from stacks.steps.function import Function, Handler
from stacks.steps.jsonata import jsonata
from stacks.storage import StorageStack

_BUSY = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
# A new account may run 10 functions at once,
# and an inspection in a burst of uploads takes all of them: patience.
_THROTTLED = ("Lambda.TooManyRequestsException",)
# What botocore raises inside a function when AWS, not the function, is at fault. Every handler may
# be run again.
AWS_FAULTS = (
    "ClientError",
    "ConnectionClosedError",
    "ConnectTimeoutError",
    "EndpointConnectionError",
    "ReadTimeoutError",
    "ResponseStreamingError",
    # An error that the service's model names has a class of that name.
    "InternalFailureException",
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailableException",
    "ThrottlingException",
    # by another write to the same item; a lost lease is told as StaleEpoch
    "TransactionCanceledException",
    "TransactionConflictException",
    "TransactionInProgressException",
)


def retry(
    state: sfn.TaskStateBase | sfn.CustomState,
    errors: Sequence[str],
    *,
    attempts: int = 5,
    seconds: int = 2,
) -> None:
    state.add_retry(
        errors=list(errors),
        interval=Duration.seconds(seconds),
        backoff_rate=2,
        max_attempts=attempts,
        max_delay=Duration.seconds(60),
        jitter_strategy=sfn.JitterType.FULL,
    )


class Call(tasks.LambdaInvoke):
    """Runs a function and keeps its answer as `$<keep>`, or each of its `keep_parts` under the name
    that it has there; the values of `payload` are JSONata.

    No state depends on the shape of the one before it: each takes what it needs from what was kept.
    """

    def __init__(
        self,
        workflow: Construct,
        name: str,
        function: lambda_.IFunction,
        *,
        payload: Mapping[str, str],
        keep: str = "",
        keep_parts: Sequence[str] = (),
        outputs: dict[str, str] | None = None,
    ) -> None:
        kept = {part: jsonata(f"$states.result.{part}") for part in keep_parts}
        if keep:
            kept[keep] = jsonata("$states.result")
        given = {key: jsonata(value) for key, value in payload.items()}
        super().__init__(
            workflow,
            name,
            query_language=sfn.QueryLanguage.JSONATA,
            lambda_function=function,
            payload=sfn.TaskInput.from_object(given),
            payload_response_only=True,
            retry_on_service_exceptions=False,
            assign=kept or None,
            outputs=outputs,
        )
        retry(self, _THROTTLED, attempts=15)
        retry(self, _BUSY)
        retry(self, AWS_FAULTS, attempts=2)


class Step(Call):
    """A call that owns its function, which may do exactly `may`."""

    def __init__(
        self,
        workflow: Construct,
        name: str,
        handler: Handler,
        *,
        prefix: str,
        settings: Settings,
        storage: StorageStack,
        may: Sequence[iam.PolicyStatement],
        payload: Mapping[str, str],
        keep: str = "",
        keep_parts: Sequence[str] = (),
        timeout_seconds: int = 900,
        memory_mb: int = 256,
        with_pillow: bool = False,
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        self.function = Function(
            # Beside the workflow, where a deployed function is found under its logical id.
            Stack.of(workflow),
            handler,
            prefix=prefix,
            settings=settings,
            storage=storage,
            may=may,
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
            with_pillow=with_pillow,
            addresses=addresses,
        )
        super().__init__(
            workflow, name, self.function, payload=payload, keep=keep, keep_parts=keep_parts
        )
