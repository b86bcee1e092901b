"""Whose fault is it that a run failed, and what can a person do? Step Functions' error and cause,
as one of a few kinds.

Only a failure of the training itself says anything about the pictures, so only that counts towards
blocking. Everything else passes, or waits for somebody to put the account right.
"""

import re
from dataclasses import dataclass

from lensloop import quota
from lensloop.failure import sentence

TRAINING, QUOTA, MISSING, UNKNOWN = "training", "quota", "missing", "unknown"
CAPACITY, SERVICE, REQUEST, IN_USE = "capacity", "service", "request", "in use"
ROLLOUT = "rollout"  # the release is live; its rollout could not be started, and that is told
NOBODY_NEEDS_TO_ACT = "Nobody needs to act: it passes, and the next try comes by itself."


@dataclass(frozen=True)
class Fault:
    kind: str
    what: str  # half a sentence: "… failed: a permission is missing"
    advice: str
    detail: str = ""  # what tells two faults of a kind apart: the quota's name, the error's

    @property
    def counts(self) -> bool:
        """Towards blocking the data set."""
        return self.kind == TRAINING

    @property
    def key(self) -> str:
        """The same cause has the same key, whatever AWS says around it."""
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


def fault(error: str, cause: str) -> Fault:
    said = _said(error, cause)
    for kind, pattern in _SIGNS:
        if re.search(pattern, said):
            return _of_kind(kind, said)
    return Fault(
        UNKNOWN,
        "something unforeseen happened",
        "If it does not pass by itself, the run's page says where it broke.",
        error,
    )


def _of_kind(kind: str, said: str) -> Fault:
    if kind == QUOTA:
        name = quota.named_in(said)
        return Fault(kind, "a quota of the account is too small", quota.how_to_raise(name), name)
    return Fault(kind, *_WORDS[kind])


def _said(error: str, cause: str) -> str:
    """What names the fault. The rest of a job's description (its image, its role) is no part of
    it.
    """
    told = sentence({"error": error, "cause": cause})
    status = re.search(r'"SecondaryStatus": ?"(\w+)"', cause)
    parts = [error]
    if status is None or told != cause:
        parts.append(told)
    if status:
        parts.append(f"ended as {status[1]}")
    return " ".join(parts)


# The first that fits: words of AWS' own, of the API's errors and of a job's FailureReason. An end
# that .sync answers with is put into words by stacks/training/states.py.
_SIGNS = (
    (ROLLOUT, r"^StepFunctions\."),
    (TRAINING, r"^BadArtifact\b|AlgorithmError|MaxRuntimeExceeded"),
    (IN_USE, r"ResourceInUse"),
    ("stopped", r"(ended as|before it was done:) Stopped\b"),
    (QUOTA, r"ResourceLimitExceeded|service limit|service quota|Service Quotas"),
    (
        CAPACITY,
        r"CapacityError|[Ii]nsufficient ?[Cc]apacity|[Uu]nable to provision|MaxWaitTimeExceeded"
        r"|(ended as|before it was done:) Interrupted\b",
    ),
    ("image", r"\becr:|\bECR\b|\.ecr\.|CannotPullContainer|[Mm]anifest unknown|[Tt]raining image"),
    (
        "role",
        r"Access ?Denied|[Nn]ot authorized|[Aa]ssume role|Unauthorized|\bKMS\b|\(403\)",
    ),
    (MISSING, r"NoSuchKey|NoSuchBucket|\b404\b|[Nn]o S3 objects found"),
    ("throttling", r"Throttl|Rate exceeded|TooManyRequests|RequestLimitExceeded|SlowDown"),
    (
        SERVICE,
        r"^(Lambda\.|Sandbox\.|States\.\w*Timeout)|Service ?Unavailable"
        r"|Internal ?(Server)? ?(Error|Failure)"
        r"|(Timeout|Connection\w*|Streaming)Error\b",
    ),
    # What one of AWS's own algorithms says of what it was given, when it is none of the above.
    (TRAINING, r"\bClientError: "),
    (REQUEST, r"[Vv]alidation|[Nn]ot supported|[Ii]nvalid"),
)
# Half a sentence on what happened, and what to do.
_WORDS = {
    ROLLOUT: ("its rollout could not be started", "Its message has the command that starts it."),
    TRAINING: (
        "the training itself failed",
        "What you can do: look at the run's page, and at the log of its training job.",
    ),
    "stopped": ("somebody stopped its training job", NOBODY_NEEDS_TO_ACT),
    IN_USE: (
        "a training job of its name was there already",
        "Nobody needs to act: that job is stopped, and the next try comes by itself, under another"
        " name.",
    ),
    CAPACITY: (
        "AWS has no machine for it at the moment",
        f"{NOBODY_NEEDS_TO_ACT} If it lasts, name more types in `training_instance_type` in"
        " cdk.json and deploy.",
    ),
    "image": (
        "the training image could not be fetched",
        "What you can do: deploy again (`make deploy`), which names the image of your region anew."
        " If your organization forbids images of other accounts, have Amazon's registry allowed.",
    ),
    "role": (
        "a permission is missing",
        "What you can do: deploy again (`make deploy`), which puts the roles right. If they are"
        " right, a policy of your organization, a permissions boundary or a KMS key says no.",
    ),
    MISSING: (
        "a file that the training job needs is gone",
        "What you can do: deploy again (`make deploy`), which uploads code and libraries anew.",
    ),
    "throttling": ("AWS was asked too often", NOBODY_NEEDS_TO_ACT),
    SERVICE: (
        "AWS itself failed",
        f"{NOBODY_NEEDS_TO_ACT} If it lasts, see https://health.aws.amazon.com.",
    ),
    REQUEST: (
        "SageMaker does not take the job as it was asked for",
        "What you can do: check `region` and `training_instance_type` in cdk.json, and deploy.",
    ),
}
