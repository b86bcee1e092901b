"""How does every workflow of the project call, ask, tell and end? The two workflows are written in
these words.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lensloop.settings import Settings
from stacks.steps.access import Access, allow
from stacks.steps.function import Handler
from stacks.steps.jsonata import EPOCH, jsonata
from stacks.steps.step import Call, Step, retry
from stacks.storage import StorageStack

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


class Workflow(Construct):
    """Makes the states of one workflow. `about` is its JSONata words for itself, as in "retraining
    run 7".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        prefix: str,
        settings: Settings,
        storage: StorageStack,
        about: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = f"{prefix}-{name}"
        self._prefix, self._settings, self._storage = prefix, settings, storage
        self.access = Access(storage)
        self._functions: list[lambda_.IFunction] = []
        self._fail = sfn.Fail.jsonata(
            self,
            f"{name.capitalize()} failed",
            error=jsonata("$states.input.Error"),
            cause=jsonata("$states.input.Cause"),
        )
        self.failure = self.accident(
            "Notify failure", f"{about} & ' failed (' & $states.input.Error & '): ' & {why()}"
        )

    def step(self, name: str, handler: Handler, *, caught: bool = True, **spec: Any) -> Step:
        """A step with a function of its own. Its failures are the workflow's, unless they are
        `caught` elsewhere: by its Map, or by who asks for it.
        """
        step = Step(
            self,
            name,
            handler,
            prefix=self._prefix,
            settings=self._settings,
            storage=self._storage,
            **spec,
        )
        self._functions.append(step.function)
        if caught:
            step.add_catch(self.failure, errors=["States.ALL"])
        return step

    def again(self, name: str, step: Step, *, payload: Mapping[str, str], keep: str) -> Call:
        """The same function, for something else."""
        call = Call(self, name, step.function, payload=payload, keep=keep)
        call.add_catch(self.failure, errors=["States.ALL"])
        return call

    def ask(
        self, question: str, *answers: tuple[str, sfn.IChainable], otherwise: sfn.IChainable
    ) -> sfn.Choice:
        choice = sfn.Choice(self, question)
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
        end = sfn.Succeed(self, name)
        if not news:
            return sfn.Pass.jsonata(self, f"Sum up: {name.lower()}", outputs=output).next(end)
        tell = self._publish(f"Tell: {name.lower()}", subject or name.lower(), news, output)
        tell.add_catch(end, errors=["States.ALL"], outputs=output)
        return tell.next(end)

    def failing_end(self, name: str, error: str, *, cause: str, news: str) -> sfn.Chain:
        """An end that is a failure by verdict (not by accident): told with its reasons, and shown
        as failed.
        """
        output = {"Error": error, "Cause": jsonata(cause)}
        end = sfn.Fail.jsonata(
            self,
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
            self,
            name,
            topic=self._storage.topic,
            subject=f"{self._prefix}: {subject}",
            message=sfn.TaskInput.from_text(
                jsonata(f"{news} & '\\nEvery step: ' & {_EXECUTION_PAGE}")
            ),
            outputs=dict(output),
        )
        retry(step, _SNS_FAULTS)
        return step

    def state_machine(
        self,
        definition: sfn.IChainable,
        *,
        timeout: Duration,
        grants: Sequence[iam.PolicyStatement],
    ) -> sfn.StateMachine:
        """A STANDARD workflow that may call its steps and publish its news, and do what `grants`
        say.
        """
        role = self._role()
        for statement in (
            allow("lambda:InvokeFunction", on=[f.function_arn for f in self._functions]),
            allow("sns:Publish", on=self._storage.topic.topic_arn),
            *grants,
            _log_delivery(),
        ):
            role.add_to_policy(statement)
        machine = sfn.StateMachine(
            self,
            "Workflow",
            state_machine_name=self._name,
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            query_language=sfn.QueryLanguage.JSONATA,
            # CDK's own grants would add every version of each function, and could not know what a
            # training job needs.
            role=role.without_policy_updates(),
            timeout=timeout,
            logs=sfn.LogOptions(
                destination=_log(self, self._name, self._settings.log_retention_days),
                level=sfn.LogLevel.ERROR,
                include_execution_data=True,
            ),
        )
        machine.node.add_dependency(role)
        return machine

    def _role(self) -> iam.Role:
        stack = Stack.of(self)
        arn = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=self._name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": arn},
                },
            ),
            description=f"What the workflow {self._name} may do.",
        )


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
