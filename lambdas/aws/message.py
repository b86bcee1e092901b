"""What did a camera say, in a message that a topic rule hands over as it came?

Whoever's camera it is may publish anything there: nonsense is passed over, with a line in the log.
"""

import base64
import json
from typing import Any

from lensloop.wire.errors import LensloopError


class MessageError(LensloopError):
    """It cannot be read; what it says is not even looked at."""


def content(encoded: str, what: str, most_bytes: int) -> Any:
    """Of a message in base64. Raises MessageError, with `what` as the name of such a message."""
    message = base64.b64decode(encoded)
    if len(message) > most_bytes:
        raise MessageError(f"A {what} has at most {most_bytes:,} bytes, and this has more.")
    try:
        return json.loads(message)
    # Deep nesting ends in a RecursionError; bytes that are no text in a ValueError, as no JSON.
    except (ValueError, RecursionError) as error:
        raise MessageError(f"The camera's {what} is not JSON: {type(error).__name__}.") from None


def passed_over(thing: str, what: str, why: object) -> None:
    line = f"A {what} of {thing} is passed over: {why}"
    print(json.dumps({"level": "WARNING", "message": line}))
