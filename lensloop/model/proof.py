"""Did the cloud, as the first camera, prove these very files? What the training job notes of a
camera's own proof, and what stands in the way of publishing without it.
"""

import re
from typing import Any

from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

FIELD = "proof"  # of evaluation.json
_PASSED, _REFUSED = "passed", "refused"
_VERDICT = re.compile(f"{_PASSED}|{_REFUSED}")


class Unproved(BadArtifact):
    """The cloud has not proved the release, so no camera is asked to."""


def noted(model_sha256: str, golden_sha256: str, reason: str = "") -> dict[str, Any]:
    """`reason`: why a camera would not take it; empty when it would."""
    return {
        "model_sha256": model_sha256,
        "golden_sha256": golden_sha256,
        "verdict": _REFUSED if reason else _PASSED,
        "reason": reason,
    }


def was_run(evaluation: Any) -> bool:
    return Reader(evaluation).has_object(FIELD)


def require(evaluation: Any, model_sha256: str, golden_sha256: str) -> None:
    """Raises Unproved unless the proof passed on exactly these two files."""
    if not was_run(evaluation):
        raise Unproved(
            "The cloud did not run a camera's own proof on it, as the model was made by an older"
            " Lensloop. The next training does so; a model from elsewhere has to be imported again."
        )
    top = Reader(evaluation)
    part = top.part(FIELD)
    of = (part.sha256("model_sha256"), part.sha256("golden_sha256"))
    passed = part.matching("verdict", _VERDICT, "passed or refused") == _PASSED
    reason = "" if passed else part.text("reason")
    top.check(BadArtifact, "evaluation.json")
    if of != (model_sha256, golden_sha256):
        raise Unproved("The cloud ran a camera's own proof on other files than these.")
    if reason:
        raise Unproved(
            f"It does not pass a camera's own proof, which the cloud ran first: {reason}."
        )
