"""Did anything under images/ change?
Raises the trigger's mark, and only then lets SQS forget the events.
"""

import json
import os
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws import handover
from lambdas.aws.state import state_table


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """One mark for the whole batch is enough, and no event is passed over: the data set's digest
    decides what matters.

    If the mark cannot be raised this raises, and SQS delivers the whole batch again.
    """
    if event["Records"]:
        state_table().record_change(int(time.time()))
        _wake_tick()
    return {"batchItemFailures": []}


def _wake_tick() -> None:
    """A courtesy: the minute tick comes anyway, so a failure here must not bring the batch back."""
    try:
        handover.call(os.environ["TICK_FUNCTION"], {})
    except (BotoCoreError, ClientError) as error:
        print(
            json.dumps(
                {
                    "level": "WARNING",
                    "message": "The tick was not woken; the next minute does it.",
                    "error": str(error),
                }
            )
        )
