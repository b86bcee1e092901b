"""What does every Lambda function of ours have? Its own role, its own log, its settings, and only
what it is given.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from lensloop.settings import Settings
from stacks.assets.code import functions_code
from stacks.storage import StorageStack

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Function(lambda_.Function):
    """`lambdas/<step>.py`, given as its `handler`, as `<prefix>-<step>`. It may do what `may` says.

    Besides its settings its environment holds addresses: the bucket's, the table's and those given.

    No function reserves concurrency: an account's first quota is 10, of which AWS lets nobody
    reserve any, so that the deployment would fail; two ticks at once are harmless because every
    write of theirs is conditional.
    """

    def __init__(
        self,
        scope: Construct,
        handler: Handler,
        *,
        prefix: str,
        settings: Settings,
        storage: StorageStack,
        may: Sequence[iam.PolicyStatement],
        timeout_seconds: int = 60,
        memory_mb: int = 256,
        with_pillow: bool = False,
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        step = handler.__module__.rpartition(".")[2]
        name = f"{prefix}-{step.replace('_', '-')}"
        construct_id = step.title().replace("_", "")
        log_group = _log_group(scope, f"{construct_id}Logs", name, settings.log_retention_days)
        role = iam.Role(
            scope,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {name} may do",
        )
        for statement in (_may_log(log_group), *may):
            role.add_to_policy(statement)
        super().__init__(
            scope,
            construct_id,
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.X86_64,  # in every region; Pillow's wheel is for it
            handler=f"{handler.__module__}.{handler.__name__}",
            code=functions_code(scope, with_pillow=with_pillow),
            role=role,
            log_group=log_group,
            timeout=cdk.Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            environment={
                "SETTINGS": settings.to_json(),
                "BUCKET": storage.bucket.bucket_name,
                "TABLE": storage.table.table_name,
                **(addresses or {}),
            },
        )


def _may_log(group: logs.ILogGroup) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[group.log_group_arn]
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
