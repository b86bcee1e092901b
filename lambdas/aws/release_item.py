"""How is a release written down in the state table: as the candidate, as the live one, and as
the one that waits for approval?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lambdas.aws.change import Change
from lambdas.aws.items import CANDIDATE, LIVE
from lensloop.rollout import TRIED

IS_NEWER = "attribute_not_exists(#epoch) OR #epoch < :epoch"
RELEASE = (
    "#epoch = :epoch, #dataset = :dataset, #model_sha256 = :model_sha256,"
    " #training = :training, #slid = :slid"
)


@dataclass(frozen=True)
class LiveRelease:
    epoch: int
    model_sha256: str
    dataset: str
    training: str = ""  # of the standards that it was made by; empty where they were not noted
    slid: float = 0.0  # how far it is below the best release before it, on known test pictures


@dataclass(frozen=True)
class Candidate:
    """A release that cameras are to prove, or had to."""

    release: LiveRelease
    labels: tuple[str, ...]
    state: str  # lensloop.rollout's
    decide_at: int = 0  # when a person wanted no more waiting for who is offline
    again: int = 1  # which try of its rollout is the newest


@dataclass(frozen=True)
class Proved:
    """A release that was live once, and the epoch of the one that was live before it."""

    release: LiveRelease
    labels: tuple[str, ...]
    before: int


@dataclass(frozen=True)
class ForApproval:
    """A release that waits for approval, or about which a person has decided."""

    release: LiveRelease
    labels: tuple[str, ...]
    state: str  # lensloop.model.approval's
    decided_by: str = ""
    note: str = ""
    instead_of: int = 0  # the epoch of one that was still waiting when this was published


def values(release: LiveRelease) -> dict[str, Any]:
    return {
        "epoch": release.epoch,
        "dataset": release.dataset,
        "model_sha256": release.model_sha256,
        "training": release.training,
        "slid": Decimal(f"{release.slid:.4f}"),
    }


def release_in(item: Mapping[str, Any]) -> LiveRelease:
    return LiveRelease(
        int(item["epoch"]),
        item["model_sha256"],
        item["dataset"],
        item.get("training", ""),
        float(item.get("slid", 0)),
    )


def to_candidate(release: LiveRelease, labels: Sequence[str], now: int) -> Change:
    return Change(
        CANDIDATE,
        f"SET {RELEASE}, #labels = :labels, #published_at = :now, #state = :state"
        " REMOVE #ended_at, #decide_at, #again",
        IS_NEWER,
        {**values(release), "labels": list(labels), "now": now, "state": TRIED},
    )


def candidate_becomes(state: str, epoch: int, now: int) -> Change:
    return Change(
        CANDIDATE,
        "SET #state = :state, #ended_at = :now",
        "#epoch = :epoch AND #state = :tried",
        {"state": state, "epoch": epoch, "now": now, "tried": TRIED},
    )


def to_live(
    release: LiveRelease, labels: Sequence[str], now: int, *, by_shares: bool = False
) -> Change:
    """`by_shares`: the fleet gets it share by share, and no camera of it by itself."""
    shares = ", #shares_at = :now REMOVE" if by_shares else " REMOVE #shares_at,"
    return Change(
        LIVE,
        f"SET {RELEASE}, #labels = :labels, #released_at = :now{shares} #stopped_at",
        f"{IS_NEWER} OR (#epoch = :epoch AND #model_sha256 = :model_sha256)",
        {**values(release), "labels": list(labels), "now": now},
    )
