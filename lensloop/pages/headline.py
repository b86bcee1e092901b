"""What became of a run, in one line? The first thing on its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lensloop.failure import Failure
from lensloop.model.approval import APPROVED, REJECTED, SUPERSEDED
from lensloop.reasons import counted, listed
from lensloop.record import WAITS_FOR_APPROVAL
from lensloop.trigger.blame import fault

_MOST_WEAK = 3  # labels that are named; the reasons name all


@dataclass(frozen=True)
class Headline:
    tone: str  # good, warn, bad or plain: its colour
    word: str  # for a title
    sentence: str


_RUN = {
    "released": Headline(
        "good", "released", "Released: the new model is on its way to the cameras"
    ),
    "refused": Headline("bad", "refused", "Refused: the cameras keep the model that they have"),
    "held": Headline(
        "warn", "held", "Held for a person: the cameras keep the model that they have"
    ),
    WAITS_FOR_APPROVAL: Headline(
        "warn",
        "waits for approval",
        "Waits for approval: it goes to no camera until a person approves it",
    ),
    "too-few-images": Headline("warn", "too few pictures", "Too few pictures: nothing was trained"),
    "wrong-folders": Headline(
        "warn", "wrong folders", "Wrong folders: they do not look like labels; nothing was trained"
    ),
    "nothing-new": Headline(
        "plain", "nothing new", "Nothing new: exactly these pictures were judged before"
    ),
    "blocked": Headline(
        "warn", "blocked", "Blocked: training on exactly these pictures kept failing"
    ),
    "failed": Headline("bad", "failed", "Failed: the cameras keep the model that they have"),
    "not-rolled-out": Headline(
        "bad", "not rolled out", "Released, but its rollout could not be started"
    ),
    "pictures-deleted": Headline(
        "plain",
        "begun anew",
        "Begun anew: pictures were deleted while it trained, and the next run takes what is there",
    ),
    "experiment": Headline(
        "plain", "experiment", "An experiment: its model was measured, and nothing was released"
    ),
    "experiment-failed": Headline(
        "bad", "experiment failed", "An experiment whose training job failed; nothing was released"
    ),
    "no-machine": Headline(
        "warn", "waiting", "Waiting: AWS has no free machine; it is tried again by itself"
    ),
    "aborted": Headline("warn", "aborted", "Aborted: somebody stopped the run"),
    "timed-out": Headline("bad", "timed out", "Timed out: the run took longer than it may"),
}
_APPROVAL = {
    APPROVED: Headline("good", "approved", "Approved: the new model is on its way to the cameras"),
    REJECTED: Headline(
        "warn", "rejected", "Rejected by a person: the cameras keep the model that they have"
    ),
    SUPERSEDED: Headline(
        "plain", "superseded", "Superseded: a newer release came before anybody approved this one"
    ),
}
_ROLLOUT = {
    "rolled-out": Headline("good", "rolled out", "Released, and proven on the cameras"),
    "no-cameras": Headline("good", "released", "Released: it waits for its first camera"),
    "superseded": Headline(
        "plain", "superseded", "Released, and then superseded by a newer release"
    ),
    "canary-failed": Headline(
        "bad", "failed on the canaries", "Withdrawn: the canary cameras could not prove it"
    ),
    "fleet-failed": Headline(
        "bad", "failed on the fleet", "Released, but the fleet could not prove it"
    ),
    "paused": Headline("warn", "paused", "Released: a person has paused its rollout"),
    "unanswered": Headline("warn", "waiting", "Released: it waits for cameras that are offline"),
    "failed": Headline("bad", "rollout failed", "Released, but its rollout failed by an accident"),
    "aborted": Headline("warn", "rollout aborted", "Released, but somebody stopped its rollout"),
    "timed-out": Headline(
        "bad", "rollout timed out", "Released, but its rollout took longer than it may"
    ),
}


def headline(record: Mapping[str, Any]) -> Headline:
    rollout, back = record["rollout"], record.get("taken_back")
    if back and back["to"] != record["epoch"]:
        return Headline("warn", "taken back", f"Taken back: cameras go to release {back['to']}")
    if not rollout and record["outcome"] == "failed":
        return _failed(record["failure"])
    if not rollout:
        return _with_weak_labels(_of_run(record), record)
    found = _known(_ROLLOUT, rollout["outcome"])
    if rollout["outcome"] == "rolled-out" and rollout["proven"]:
        cameras = counted(rollout["proven"], "camera", "cameras")
        found = Headline(found.tone, found.word, f"Released, and proven on {cameras}")
    return _with_weak_labels(found, record)


def _of_run(record: Mapping[str, Any]) -> Headline:
    decided = _APPROVAL.get((record["approval"] or {}).get("decision", ""))
    return decided or _known(_RUN, record["outcome"])


def _with_weak_labels(found: Headline, record: Mapping[str, Any]) -> Headline:
    """Whoever is glad of a release should know what not to trust it with."""
    weak = (record["verdict"] or {}).get("weak")
    if not weak or not record["verdict"]["ship"]:
        return found
    return Headline(found.tone, found.word, f"{found.sentence}; weak: {listed(weak, _MOST_WEAK)}")


def _failed(failure: Failure | None) -> Headline:
    """Most failures pass by themselves, or once somebody has put the account right."""
    if failure is None:
        return _RUN["failed"]
    found = fault(failure["error"] or "", failure["cause"] or "")
    if found.counts:
        return Headline("bad", "failed", "Failed: the training broke on these pictures")
    return Headline("warn", "waiting", f"Waiting: {found.what}; it is tried again by itself")


def _known(headlines: Mapping[str, Headline], outcome: str) -> Headline:
    """A newer version may have ends that this one has no words for."""
    return headlines.get(outcome) or Headline("plain", outcome, f"Ended: {outcome}")
