"""What became of a run, and why? One HTML page, made of its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.dataset.split import SPLITS
from lensloop.machines.bill import billed
from lensloop.pages import comparison, render
from lensloop.pages.confusion import matrix
from lensloop.pages.files import chip, eight_bits
from lensloop.pages.headline import headline
from lensloop.pages.insights import shown
from lensloop.pages.lineage import lineage, spent
from lensloop.pages.untaught import untaught
from lensloop.reasons import counted
from lensloop.steering import GO_ON, PAUSE, RESUME, RETRY

# What a run that ended early did not come to.
_NOTHING: Mapping[str, Any] = {
    "reasons": [],
    "began_at": None,
    "ended_at": None,
    "changes": None,
    "dataset": None,
    "training": None,
    "scores": None,
    "verdict": None,
    "doubts": None,
    "mistakes": None,
    "int8": None,
    "release": None,
    "registered": None,
    "execution": "",
    "approval": None,
    "rollout": None,
    "taken_back": None,
    "steered": [],
    "failure": None,
    "messages": [],
}


_WORDS: Mapping[str, str] = {
    RETRY: "Tried again",
    PAUSE: "Paused",
    RESUME: "Resumed",
    GO_ON: "Decided by those who had answered",
}


@dataclass(frozen=True)
class Explanation:
    of: str  # empty where there is only one
    reasons: Sequence[str]


def page(
    record: Mapping[str, Any],
    report: Mapping[str, Any] | None,
    mistakes: Mapping[str, Any] | None,
    insights: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
) -> str:
    """`report` is that of its data set; `mistakes`, `insights` and `evaluation` are the training's
    files of these names.
    """
    run = {**_NOTHING, **record}
    scores = run["scores"]
    return render(
        "run.html",
        run=run,
        report=report,
        mistakes=mistakes,
        insights=shown(insights),
        algorithm=(evaluation or {}).get("algorithm", ""),
        spent=spent(run, evaluation),
        lineage=lineage(run, evaluation),
        eight_bits=eight_bits(run),
        chip=chip(run, evaluation),
        untaught=untaught(evaluation),
        splits=SPLITS,
        headline=headline(run),
        steered=_WORDS,
        explanations=explanations(run),
        models=_models(scores) if scores else None,
        billed=billed((run["training"] or {}).get("jobs", ())),
        tried=(run["training"] or {}).get("tried", ()),
        looked_at=looked_at(run.get("features")),
    )


def looked_at(features: Mapping[str, int] | None) -> str:
    """How much of the data set the training had to look at; empty where that was not noted."""
    if not features:
        return ""
    new = counted(features["embedded"], "picture", "pictures")
    if not features["kept"]:
        return f"It looked at {new}."
    others = counted(features["kept"], "other", "others")
    return f"It looked at {new}; of {others}, what earlier runs saw was kept."


def explanations(run: Mapping[str, Any]) -> list[Explanation]:
    """What is nearest to the end comes first: a rollout's reasons before the verdict's."""
    rollout, reasons = run["rollout"], run["reasons"]
    if not rollout:
        return [Explanation("", reasons)] if reasons else []
    both = [
        Explanation("The rollout", rollout["reasons"] or ()),
        Explanation("The verdict", reasons or ()),
    ]
    return [explanation for explanation in both if explanation.reasons]


def _models(scores: Mapping[str, Any]) -> dict[str, Any]:
    candidate, live = scores["candidate"], scores["live"]
    return {
        "candidate": candidate,
        "live": live,
        "accuracies": comparison.accuracies(candidate, live),
        "recalls": comparison.ranked(comparison.recalls(candidate, live)),
        "gone": comparison.gone(candidate, live),
        "matrix": matrix(candidate["all"]),
        "live_matrix": matrix(live["all"]) if live else None,
    }
