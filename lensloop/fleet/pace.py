"""Is a release fast enough on the cameras themselves? They time it where they prove it; the
training job's own budget (lensloop/model/budgets.py) knows only the job's machine.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from lensloop.rollout import Answer


def within_budget(answers: Sequence[Answer], most: int) -> list[Answer]:
    """Who proved it and takes more than `most` milliseconds for a picture has failed; 0 is no
    limit. A camera whose agent is too old to say how long it takes is believed.
    """
    found = []
    for answer in answers:
        took = _milliseconds(answer)
        if most and took is not None and took > most:
            why = f"it takes {took:g} ms for a picture, more than the {most} ms that it may"
            reason = f"{why} (`max_camera_milliseconds`)"
            answer = replace(answer, status="FAILED", details={"reason": reason})
        found.append(answer)
    return found


def _milliseconds(answer: Answer) -> float | None:
    """None where it has not proved the release, or does not say."""
    said = answer.details.get("latency_ms")
    if answer.status != "SUCCEEDED" or said is None:
        return None
    try:
        took = float(said)
    except ValueError:
        return None
    return took if math.isfinite(took) else None
