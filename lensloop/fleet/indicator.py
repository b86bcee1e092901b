"""What may a program do that shows one camera's answers? Hear them, and nothing else."""

from typing import Any

from lensloop.wire import names


def indicator_policy(thing_arn: str, client: str) -> dict[str, Any]:
    """AWS IoT's, for the one certificate that connects as `client` and hears this camera."""
    here, _, thing = thing_arn.rpartition(":thing/")
    topic = names.ANSWERS_TOPIC.format(thing=thing)

    def allow(action: str, kind: str, name: str) -> dict[str, str]:
        return {"Effect": "Allow", "Action": action, "Resource": f"{here}:{kind}/{name}"}

    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("iot:Connect", "client", client),
            allow("iot:Subscribe", "topicfilter", topic),
            allow("iot:Receive", "topic", topic),
        ],
    }
