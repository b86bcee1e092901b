"""How does every workflow of the project begin, call, ask, report and end? The two workflows are
written in these words.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lensloop.settings import Settings
from stacks.steps.access import Access, allow, service
from stacks.steps.function import Handler
from stacks.steps.jsonata import EPOCH, jsonata
from stacks.steps.step import Call, Step
from stacks.storage import StorageStack

ANY_ERROR = ["States.ALL"]
# Some errors, such as a timeout, come without a cause.
FAILURE = jsonata("$merge([{'Cause': ''}, $states.errorOutput])")


class Workflow(Construct):
    """Makes the states of one workflow. What its steps keep under the names `keeps` is null at
    first, and is handed to `tell` at each end.
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
        tell: lambda_.IFunction,
        keeps: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._name, self._prefix, self._settings, self._storage = name, prefix, settings, storage
        self._tell, self._kept = tell, (*keeps, "failure")
        self._called = [tell]
        self.access = Access(storage)
        # Where accidents go.
        self.failure = self.failing_end(
            f"{name.capitalize()} failed",
            "failed",
            error=jsonata("$failure.Error"),
            cause="$failure.Cause",
        )

    def step(
        self, name: str, handler: Handler, *, keep: str = "", caught: bool = True, **spec: Any
    ) -> Step:
        """A step with a function of its own. Its failures are the workflow's, unless they are
        `caught` elsewhere: by its Map, or by who asks for it.

        Raises ValueError if the workflow does not keep what this is to `keep`.
        """
        for kept in (keep, *spec.get("keep_parts", ())):
            self._check_keeps(name, kept)
        step = Step(
            self,
            name,
            handler,
            keep=keep,
            prefix=self._prefix,
            settings=self._settings,
            storage=self._storage,
            **spec,
        )
        self._called.append(step.function)
        if caught:
            self.catch(step)
        return step

    def again(self, name: str, step: Step, *, payload: Mapping[str, str], keep: str) -> Call:
        """The same function, for something else. Raises ValueError as `step` does."""
        self._check_keeps(name, keep)
        call = Call(self, name, step.function, payload=payload, keep=keep)
        self.catch(call)
        return call

    def _check_keeps(self, name: str, keep: str) -> None:
        """An end before the step would read a variable that nobody assigned, and no end would hand
        it to `tell`.
        """
        if keep and keep not in self._kept:
            raise ValueError(f"“{name}” keeps “{keep}”: name it among the workflow's `keeps`.")

    def catch(self, state: sfn.TaskStateBase | sfn.CustomState | sfn.Map) -> None:
        state.add_catch(self.failure, errors=ANY_ERROR, assign={"failure": FAILURE})

    def ask(
        self, question: str, *answers: tuple[str, sfn.IChainable], otherwise: sfn.IChainable
    ) -> sfn.Choice:
        choice = sfn.Choice(self, question)
        for condition, then in answers:
            choice.when(sfn.Condition.jsonata(jsonata(condition)), then)
        return choice.otherwise(otherwise)

    def end(self, name: str, outcome: str, *, reasons: str, **more: str) -> sfn.Chain:
        """A good end: its output says the outcome, the reasons, and what `more` names."""
        output = {"outcome": outcome, "epoch": jsonata(EPOCH), "reasons": jsonata(reasons)}
        output |= {name: jsonata(value) for name, value in more.items()}
        return self._reported(outcome, sfn.Succeed(self, name), output)

    def failing_end(self, name: str, outcome: str, *, error: str, cause: str) -> sfn.Chain:
        """A bad end, by accident or by verdict: shown as failed, with its reasons."""
        fail = sfn.Fail.jsonata(self, name, error=error, cause=jsonata(cause))
        return self._reported(outcome, fail)

    def _reported(
        self, outcome: str, end: sfn.State, output: Mapping[str, Any] | None = None
    ) -> sfn.Chain:
        """An accident while it is reported changes no end; the function's alarm says so."""
        outputs = dict(output) if output else None
        context = "$states.context.Execution"
        payload = {
            "workflow": f"'{self._name}'",
            "epoch": EPOCH,
            "execution": f"{context}.Id",
            "started_at": f"{context}.StartTime",
            "outcome": f"'{outcome}'",
            **{name: f"${name}" for name in self._kept},
        }
        tell = Call(self, f"Tell: {end.id.lower()}", self._tell, payload=payload, outputs=outputs)
        tell.add_catch(end, errors=ANY_ERROR, outputs=outputs)
        return tell.next(end)

    def _begin(self) -> sfn.Pass:
        """What no step has kept yet is null, so that every end can hand over the same."""
        return sfn.Pass.jsonata(
            self, "Begin", assign={name: jsonata("null") for name in self._kept}
        )

    def state_machine(
        self,
        definition: sfn.IChainable,
        *,
        timeout: Duration,
        grants: Sequence[iam.PolicyStatement],
    ) -> sfn.StateMachine:
        """A STANDARD workflow that may call its steps
        and do what `grants` say, and nothing else.
        """
        name = f"{self._prefix}-{self._name}"
        role = self._role(name)
        for statement in (
            allow("lambda:InvokeFunction", on=[f.function_arn for f in self._called]),
            *grants,
            _log_delivery(),
        ):
            role.add_to_policy(statement)
        machine = sfn.StateMachine(
            self,
            "Workflow",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(self._begin().next(definition)),
            query_language=sfn.QueryLanguage.JSONATA,
            # CDK's own grants would add every version of each function, and could not know what a
            # training job needs.
            role=role.without_policy_updates(),
            timeout=timeout,
            logs=sfn.LogOptions(
                destination=_log(self, name, self._settings.log_retention_days),
                level=sfn.LogLevel.ERROR,
                include_execution_data=True,
            ),
        )
        machine.node.add_dependency(role)
        return machine

    def _role(self, name: str) -> iam.Role:
        stack = Stack.of(self)
        arn = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.Role(
            self,
            "Role",
            assumed_by=service("states", stack, acting_for=arn),
            description=f"What the workflow {name} may do.",
        )


def _log(scope: Construct, name: str, days: int) -> logs.LogGroup:
    # Names under /aws/vendedlogs/ keep the log resource policy
    # of the account from growing past its limit.
    group = logs.LogGroup(
        scope,
        "Log",
        log_group_name=f"/aws/vendedlogs/states/{name}",
        removal_policy=RemovalPolicy.DESTROY,
    )
    # The construct takes names of numbers of days;
    # the resource takes the number, which Settings has checked.
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
