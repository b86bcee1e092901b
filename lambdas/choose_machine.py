"""What follows when a training job did not train? Another machine of the ladder, a delay until AWS
has one, or an end.

Event: {machine, failure}, where `machine` is what this answered before (at first
`lensloop.machines.choose.first`). Answers the next one, with the failure that the run ends of.
"""

import os
from typing import Any

from lensloop.failure import Failure
from lensloop.machines.choose import after
from lensloop.machines.ladder import ladder
from lensloop.settings import Settings


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings = Settings.from_json(os.environ["SETTINGS"])
    caught = event["failure"]
    failure = Failure(error=caught["Error"], cause=caught["Cause"])
    choice = after(event["machine"], failure, ladder(settings, event["machine"]["job"]))
    ending = {"Error": choice.failure["error"], "Cause": choice.failure["cause"]}
    return {"machine": choice.machine, "failure": ending}
