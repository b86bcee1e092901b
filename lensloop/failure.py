"""What broke, in a sentence? A failure as Step Functions catches it: a handler's exception, or a
training job's end.
"""

import json
import re
from typing import TypedDict


class Failure(TypedDict):
    error: str
    cause: str


def sentence(failure: Failure) -> str:
    """The sentence inside a failure: what a handler raised, or why a training job ended; else the
    cause as it is.
    """
    cause = failure["cause"]
    found = re.search(r'"(?:FailureReason|errorMessage)": ?("(?:[^"\\]|\\.)*")', cause)
    if found:
        return str(json.loads(found[1]))
    return cause or failure["error"]
