"""Did the cloud, as the first camera, prove these very files? What the training job notes of a
camera's own proof, and what stands in the way of publishing without it.

Without the model and its golden pictures there is no release. Its further files, the model in eight
bits and the network for a DeepLens' chip, are left out where they are not proved.
"""

import re
from typing import Any

from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader

FIELD, _FURTHER = "proof", "files"  # of evaluation.json
_PASSED, _REFUSED = "passed", "refused"
_VERDICT = re.compile(f"{_PASSED}|{_REFUSED}")


class Unproved(BadArtifact):
    """The cloud has not proved the release, so no camera is asked to."""


def noted(
    model_sha256: str,
    golden_sha256: str,
    reason: str = "",
    further: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """`reason`: why a camera would not take it; empty when it would. `further`: of each other file,
    what `noted_of` makes.
    """
    return {
        "model_sha256": model_sha256,
        "golden_sha256": golden_sha256,
        "verdict": _REFUSED if reason else _PASSED,
        "reason": reason,
        _FURTHER: further or {},
    }


def noted_of(sha256: str, reason: str = "") -> dict[str, Any]:
    return {"sha256": sha256, "verdict": _REFUSED if reason else _PASSED, "reason": reason}


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
    reason = _reason(part)
    top.check(BadArtifact, "evaluation.json")
    if of != (model_sha256, golden_sha256):
        raise Unproved("The cloud ran a camera's own proof on other files than these.")
    if reason:
        raise Unproved(
            f"It does not pass a camera's own proof, which the cloud ran first: {reason}."
        )


def objection(evaluation: Any, file: str, sha256: str) -> str:
    """Why this further file is no part of a release; empty when it is. Raises nothing: a release is
    never lost for it.
    """
    top = Reader(evaluation)
    itself, part = top.maybe(FIELD), _further(top, file)
    if itself and _reason(itself):
        return "the model itself does not pass a camera's own proof"
    if part is None:
        return (
            "the cloud did not run a camera's own proof on it, as the model was made by an older"
            " Lensloop"
        )
    of, reason = part.sha256("sha256"), _reason(part)
    if top.mistakes:
        return f"what the cloud's own proof of it says is damaged: {top.mistakes[0]}"
    if of != sha256:
        return "the cloud ran a camera's own proof on another file than this"
    if reason:
        return f"it does not pass a camera's own proof, which the cloud ran first: {reason}"
    return ""


def _further(top: Reader, file: str) -> Reader | None:
    proof = top.maybe(FIELD)
    files = proof.maybe(_FURTHER) if proof else None
    return files.maybe(file) if files else None


def _reason(part: Reader) -> str:
    """Why it was refused; empty where it was not."""
    passed = part.matching("verdict", _VERDICT, "passed or refused") == _PASSED
    return "" if passed else part.text("reason")
