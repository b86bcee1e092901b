"""Who hears that a person wants a rollout tried again, paused, resumed, or decided now? One
function, called by the command, and by the retraining where nothing is new.
"""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import steer_rollout
from lambdas.aws import items
from lensloop.settings import Settings
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.steps.orders import Orders
from stacks.storage import StorageStack


def steering(
    scope: Construct,
    *,
    prefix: str,
    settings: Settings,
    storage: StorageStack,
    rollout: sfn.IStateMachine,
    orders: Orders,
    tell: lambda_.IFunction,
) -> Function:
    access, machine = Access(storage), rollout.state_machine_arn
    return Function(
        scope,
        steer_rollout.handler,
        prefix=prefix,
        settings=settings,
        storage=storage,
        may=[
            access.state("GetItem"),
            access.updates(
                *(items.CANDIDATE, items.ROLLOUT, items.ROLLBACK, items.PAUSED, items.SIGNATURE)
            ),
            access.sign(),
            allow("states:StartExecution", "states:ListExecutions", on=machine),
            allow("iot:CancelJob", on=orders.jobs),
            allow("lambda:InvokeFunction", on=tell.function_arn),
        ],
        addresses={
            "ROLLOUT_ARN": machine,
            "RELEASE_KEY": storage.first_key,
            "TELL_FUNCTION": tell.function_name,
        },
    )
