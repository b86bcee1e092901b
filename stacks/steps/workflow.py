"""How does every workflow of the project call, retry, tell and end? The two workflows are written
in these words.

The definitions are JSONata: `$states.input` is what a state was given, `$name` what an earlier step
kept. A step that calls something keeps its answer under a name, so that no state depends on the
shape of the one before it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

# The run's own number is in its input, so that a failure before the first answer can still be told.
EPOCH = "$states.context.Execution.Input.epoch"

_BUSY = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
# A new account may run 10 functions at once, and an inspection in a burst of uploads takes all of
# them: patience.
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
_SNS_FAULTS = ("SNS.AmazonSNSException", "SNS.ThrottledException", "SNS.InternalErrorException")


def why(failure: str = "$states.input") -> str:
    """The sentence inside a failure: what a handler raised, or why a training job ended; else the
    cause as it is.
    """
    return (
        f'($said := $match({failure}.Cause, /"(?:FailureReason|errorMessage)":'
        ' ?("(?:[^\\\\"]|\\\\.)*")/)[0].groups[0]; $exists($said) ? $parse($said) :'
        f" {failure}.Cause)"
    )


_EXECUTION_PAGE = (
    "('https://' & $split($states.context.Execution.Id, ':')[3] &"
    " '.console.aws.amazon.com/states/home?region=' & $split($states.context.Execution.Id, ':')[3]"
    " & '#/v2/executions/details/' & $states.context.Execution.Id)"
)


def jsonata(expression: str) -> str:
    return "{% " + expression + " %}"


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


class Steps:
    """Makes the states of one workflow. `about` is its JSONata words for itself, as in "retraining
    run 7".
    """

    def __init__(
        self, scope: Construct, *, topic: sns.ITopic, subject: str, about: str, failed: str
    ) -> None:
        self._scope, self._topic, self._subject = scope, topic, subject
        self._fail = sfn.Fail.jsonata(
            scope,
            failed,
            error=jsonata("$states.input.Error"),
            cause=jsonata("$states.input.Cause"),
        )
        self.failure = self.accident(
            "Notify failure", f"{about} & ' failed (' & $states.input.Error & '): ' & {why()}"
        )

    def call(
        self, name: str, function: lambda_.IFunction, payload: Mapping[str, str], *, keep: str
    ) -> tasks.LambdaInvoke:
        """Runs a function and keeps its answer as `$<keep>`; the values of `payload` are
        JSONata.
        """
        step = self.part(name, function, payload, keep=keep)
        step.add_catch(self.failure, errors=["States.ALL"])
        return step

    def part(
        self, name: str, function: lambda_.IFunction, payload: Mapping[str, str], *, keep: str = ""
    ) -> tasks.LambdaInvoke:
        """A call whose failures are caught elsewhere: by its Map, or by who asks for it."""
        step = tasks.LambdaInvoke.jsonata(
            self._scope,
            name,
            lambda_function=function,
            payload=sfn.TaskInput.from_object(
                {key: jsonata(value) for key, value in payload.items()}
            ),
            payload_response_only=True,
            retry_on_service_exceptions=False,
            assign={keep: jsonata("$states.result")} if keep else None,
        )
        retry(step, _THROTTLED, attempts=15)
        retry(step, _BUSY)
        retry(step, AWS_FAULTS, attempts=2)
        return step

    def ask(
        self, question: str, *answers: tuple[str, sfn.IChainable], otherwise: sfn.IChainable
    ) -> sfn.Choice:
        choice = sfn.Choice(self._scope, question)
        for condition, then in answers:
            choice.when(sfn.Condition.jsonata(jsonata(condition)), then)
        return choice.otherwise(otherwise)

    def end(
        self,
        name: str,
        outcome: str,
        *,
        digest: str = "",
        reasons: str,
        subject: str = "",
        news: str = "",
    ) -> sfn.Chain:
        """A good end: its output says the outcome and why; with `news` people hear of it on the
        way.

        News that cannot be sent must not turn a finished run into a failed one.
        """
        output = {"outcome": outcome, "epoch": jsonata(EPOCH), "reasons": jsonata(reasons)}
        if digest:
            output["digest"] = jsonata(digest)
        end = sfn.Succeed(self._scope, name)
        if not news:
            return sfn.Pass.jsonata(self._scope, f"Sum up: {name.lower()}", outputs=output).next(
                end
            )
        tell = self._publish(f"Tell: {name.lower()}", subject or name.lower(), news, output)
        tell.add_catch(end, errors=["States.ALL"], outputs=output)
        return tell.next(end)

    def failing_end(self, name: str, error: str, *, cause: str, news: str) -> sfn.Chain:
        """An end that is a failure by verdict (not by accident): told with its reasons, and shown
        as failed.
        """
        output = {"Error": error, "Cause": jsonata(cause)}
        end = sfn.Fail.jsonata(
            self._scope,
            name,
            error=jsonata("$states.input.Error"),
            cause=jsonata("$states.input.Cause"),
        )
        tell = self._publish(f"Tell: {name.lower()}", name.lower(), news, output)
        tell.add_catch(end, errors=["States.ALL"], outputs=output)
        return tell.next(end)

    def accident(self, name: str, news: str) -> sfn.Chain:
        """Where accidents go: told, with error and cause kept for the one Fail state of the
        workflow.
        """
        # Some errors, such as a timeout, come without a cause.
        keep = {
            "Error": jsonata("$states.input.Error"),
            "Cause": jsonata("$exists($states.input.Cause) ? $states.input.Cause : ''"),
        }
        tell = self._publish(name, self._fail.id.lower(), news, keep)
        tell.add_catch(self._fail, errors=["States.ALL"], outputs=keep)
        return tell.next(self._fail)

    def _publish(
        self, name: str, subject: str, news: str, output: Mapping[str, Any]
    ) -> tasks.SnsPublish:
        step = tasks.SnsPublish.jsonata(
            self._scope,
            name,
            topic=self._topic,
            subject=f"{self._subject}: {subject}",
            message=sfn.TaskInput.from_text(
                jsonata(f"{news} & '\\nEvery step: ' & {_EXECUTION_PAGE}")
            ),
            outputs=dict(output),
        )
        retry(step, _SNS_FAULTS)
        return step


def state_machine(
    scope: Construct,
    name: str,
    definition: sfn.IChainable,
    *,
    timeout: Duration,
    log_days: int,
    grants: Sequence[iam.PolicyStatement],
) -> sfn.StateMachine:
    """A STANDARD workflow that runs with exactly `grants`, plus writing its own log of errors."""
    stack = Stack.of(scope)
    arn = stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal(
            "states.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": arn},
            },
        ),
        description=f"What the workflow {name} may do.",
    )
    for statement in (*grants, _log_delivery()):
        role.add_to_policy(statement)
    machine = sfn.StateMachine(
        scope,
        "Workflow",
        state_machine_name=name,
        definition_body=sfn.DefinitionBody.from_chainable(definition),
        query_language=sfn.QueryLanguage.JSONATA,
        # CDK's own grants would add every version of each function, and could not know what a
        # training job needs.
        role=role.without_policy_updates(),
        timeout=timeout,
        logs=sfn.LogOptions(
            destination=_log(scope, name, log_days),
            level=sfn.LogLevel.ERROR,
            include_execution_data=True,
        ),
    )
    machine.node.add_dependency(role)
    return machine


def grant_calls(*functions: lambda_.IFunction) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["lambda:InvokeFunction"],
        resources=[function.function_arn for function in functions],
    )


def grant_news(topic: sns.ITopic) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])


def _log(scope: Construct, name: str, days: int) -> logs.LogGroup:
    # Names under /aws/vendedlogs/ keep the log resource policy of the account from growing past its
    # limit.
    group = logs.LogGroup(
        scope,
        "Log",
        log_group_name=f"/aws/vendedlogs/states/{name}",
        removal_policy=RemovalPolicy.DESTROY,
    )
    # The construct takes names of numbers of days; the resource takes the number, which Settings
    # has checked.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = days
    return group


def _log_delivery() -> iam.PolicyStatement:
    """Log delivery of AWS cannot be limited to a resource; AWS asks for exactly these on all."""
    return iam.PolicyStatement(
        actions=[
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
        ],
        resources=["*"],
    )
