"""What may a camera say and hear? Its own jobs, its own results and how it is, with its own
certificate, under its own name.
"""

from typing import Any

import aws_cdk as cdk

from lensloop.wire import names

ME = "${iot:Connection.Thing.ThingName}"


def camera_policy(stack: cdk.Stack) -> dict[str, Any]:
    """One policy for all cameras: AWS IoT puts in the name
    of the thing that the certificate is attached to.

    It may always ask to hand over a frame, although somebody listens only where
    `review_frames_a_day` is set: a message that is not allowed would cost it the connection.
    """

    def arn(kind: str, name: str) -> str:
        return stack.format_arn(service="iot", resource=kind, resource_name=name)

    topics = (*names.RESULTS_TOPICS, names.REPORT_TOPIC, names.REVIEW_GET_TOPIC)
    heard = (
        f"$aws/things/{ME}/jobs/*",
        names.REVIEW_PUT_TOPIC.format(thing=ME),
        names.CAPTURE_TOPIC.format(thing=ME),
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": arn("client", ME),
                "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
            },
            {
                "Effect": "Allow",
                "Action": "iot:Publish",
                "Resource": [
                    arn("topic", heard[0]),
                    *(arn("topic", topic.format(thing=ME)) for topic in topics),
                ],
            },
            {
                "Effect": "Allow",
                "Action": "iot:Subscribe",
                "Resource": [arn("topicfilter", topic) for topic in heard],
            },
            {
                "Effect": "Allow",
                "Action": "iot:Receive",
                "Resource": [arn("topic", topic) for topic in heard],
            },
        ],
    }
