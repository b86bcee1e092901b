"""A person has said yes or no to a release that waits: what follows?

`approval: manual` publishes a release and waits. The word comes from `lensloop approve` or from the
model registry, perhaps twice, perhaps late: what was decided once is not decided again.
"""

from dataclasses import dataclass

AUTOMATIC, MANUAL = "automatic", "manual"  # what the setting `approval` may be
WAITING, APPROVED, REJECTED, SUPERSEDED = "waiting", "approved", "rejected", "superseded"


@dataclass(frozen=True)
class Decision:
    epoch: int
    approved: bool
    by: str = ""  # who, as AWS names them; empty where nothing says so
    note: str = ""


@dataclass(frozen=True)
class Follows:
    ship: bool
    drop: bool
    sentence: str


def what_follows(decision: Decision, epoch: int, state: str, live_epoch: int) -> Follows:
    """`epoch` and `state` are those of the newest release that waits or waited; 0 for none."""
    release = f"Release {decision.epoch}"
    if epoch > decision.epoch:
        return _nothing(f"{release} was superseded by release {epoch}: decide about that one.")
    if epoch < decision.epoch:
        return _nothing(f"{release} does not wait for approval.")
    if live_epoch > epoch:
        return _nothing(f"Release {live_epoch} is live, which is newer: {release} stays unused.")
    if decision.approved:
        return Follows(True, False, f"{release} is approved, and its rollout starts.")
    if state == APPROVED:
        return _nothing(f"{release} was approved before; rejecting it now takes nothing back.")
    return Follows(False, True, f"{release} is rejected. The cameras keep theirs.")


def _nothing(sentence: str) -> Follows:
    return Follows(False, False, sentence)
