"""What does every Lambda function of ours have? Its own role, its own log, its settings, and only
what it is given.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from lensloop.settings import Settings


class Function(lambda_.Function):
    """`lambdas/<step>.py` as `<prefix>-<step>`. Keyword arguments in capitals become environment
    variables (addresses).

    No function reserves concurrency: an account's first quota is 10, of which AWS lets nobody
    reserve any, so that the deployment would fail; two ticks at once are harmless because every
    write of theirs is conditional.
    """

    def __init__(
        self,
        scope: Construct,
        step: str,
        *,
        prefix: str,
        settings: Settings,
        code: lambda_.Code,
        timeout_seconds: int = 60,
        memory_mb: int = 256,
        **addresses: str,
    ) -> None:
        name = f"{prefix}-{step.replace('_', '-')}"
        construct_id = step.title().replace("_", "")
        log_group = _log_group(scope, f"{construct_id}Logs", name, settings.log_retention_days)
        role = iam.Role(
            scope,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {name} may do",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            )
        )
        super().__init__(
            scope,
            construct_id,
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.X86_64,  # in every region; Pillow's wheel is for it
            handler=f"lambdas.{step}.handler",
            code=code,
            role=role,
            log_group=log_group,
            timeout=cdk.Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            environment={"SETTINGS": settings.to_json(), **addresses},
        )

    def allow(
        self, *actions: str, on: str | list[str], when: dict[str, dict[str, object]] | None = None
    ) -> None:
        resources = [on] if isinstance(on, str) else on
        self.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=resources, conditions=when)
        )


def _log_group(scope: Construct, construct_id: str, function_name: str, days: int) -> logs.LogGroup:
    group = logs.LogGroup(
        scope,
        construct_id,
        log_group_name=f"/aws/lambda/{function_name}",
        # A kept group would stop the next deployment: its name is taken.
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    cfn_group = group.node.default_child
    assert isinstance(cfn_group, logs.CfnLogGroup)
    cfn_group.retention_in_days = days
    return group
