"""Who has cameras believe another release key? One function, called by the command."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import change_key
from lambdas.aws import items
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.steps.orders import Orders
from stacks.storage import StorageStack


def keys(
    scope: Construct,
    *,
    prefix: str,
    settings: Settings,
    storage: StorageStack,
    rollout: sfn.IStateMachine,
    tell: lambda_.IFunction,
    orders: Orders,
) -> Function:
    access = Access(storage)
    return Function(
        scope,
        change_key.handler,
        prefix=prefix,
        settings=settings,
        storage=storage,
        may=[
            access.state("GetItem", "Scan"),
            access.updates(items.KEYS, items.SIGNATURE, items.ROLLBACK, items.ROLLOUT),
            access.read(names.RELEASES_PREFIX),
            access.sign(),
            access.read_public_keys(),
            allow("states:ListExecutions", on=rollout.state_machine_arn),
            allow("iot:CreateJob", on=[*orders.jobs, *orders.groups.values()]),
            allow("iot:CancelJob", on=orders.jobs),
            orders.list_groups(),
            orders.presign(),
            allow("lambda:InvokeFunction", on=tell.function_arn),
        ],
        addresses={
            "ROLLOUT_ARN": rollout.state_machine_arn,
            "RELEASE_KEYS": ",".join(key.key_arn for key in storage.release_keys),
            "TELL_FUNCTION": tell.function_name,
            **orders.addresses,
        },
    )
