"""How do frames that cameras are unsure of come back? A topic rule hands a camera's wish to the
function that hands out addresses. Only where `review_frames_a_day` is set: else nothing of it is.

Presigned addresses and not AWS IoT's credential provider: a camera then never holds credentials of
AWS, an address is for one file of one size, and it needs nothing but https.
"""

import aws_cdk as cdk

from lambdas import hand_out_review_links
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.storage import StorageStack
from stacks.topic_rule import hand_over

SQL = (
    "SELECT encode(*, 'base64') AS wish, topic(2) AS thing"  # noqa: S608 - AWS IoT's
    f" FROM '{names.REVIEW_GET_TOPIC.format(thing='+')}'"
)


def review(stack: cdk.Stack, *, prefix: str, settings: Settings, storage: StorageStack) -> None:
    if not settings.review_frames_a_day:
        return
    things = stack.format_arn(service="iot", resource="thing", resource_name="deeplens_*")
    answers = names.REVIEW_PUT_TOPIC.format(thing="deeplens_*")
    function = Function(
        stack,
        hand_out_review_links.handler,
        prefix=prefix,
        settings=settings,
        storage=storage,
        may=[
            Access(storage).write(names.REVIEW_PREFIX),
            allow("iot:ListThingGroupsForThing", on=things),
            allow(
                "iot:Publish",
                on=stack.format_arn(service="iot", resource="topic", resource_name=answers),
            ),
        ],
        addresses=storage.group_addresses,
    )
    hand_over(
        stack,
        "ReviewRule",
        name=names.topic_rule(prefix, "review"),
        description="Frames that cameras hand to a person",
        sql=SQL,
        to=function,
        permission="Wished",
    )
