"""Is the candidate better than the live model? Both answer for the same frozen test pictures, by
the shipped file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from lensloop.model.scores import losses_and_gains, score
from training.live import LiveRelease
from training.out_of_fold import Answered
from training.pictures import Picture


class Changed(TypedDict):
    """Pictures that only the live model gets right, and those that only the candidate does."""

    losses: int
    gains: int


@dataclass(frozen=True)
class Answers:
    """Answers for some pictures."""

    predicted: list[str]
    confidence: list[float]

    @classmethod
    def read(cls, probabilities: np.ndarray, labels: Sequence[str]) -> "Answers":
        return cls(
            [labels[i] for i in probabilities.argmax(axis=1)],
            [float(p) for p in probabilities.max(axis=1)],
        )

    def scores(
        self, test: Sequence[Picture], known: Sequence[bool], labels: Sequence[str]
    ) -> dict[str, Any]:
        """All pictures; those that the live model was judged on;
        the others. None where there are none.
        """

        def of(chosen: Sequence[bool]) -> dict[str, Any] | None:
            rows = [i for i, wanted in enumerate(chosen) if wanted]
            truth = [test[i].label for i in rows]
            predicted = [self.predicted[i] for i in rows]
            confidence = [self.confidence[i] for i in rows]
            return score(truth, predicted, confidence, labels) if rows else None

        truth = [row.label for row in test]
        everything = score(truth, self.predicted, self.confidence, labels)
        return {"all": everything, "known": of(known), "new": of([not was for was in known])}


def scored_out_of_fold(
    answered: Answered, labels: Sequence[str], live: LiveRelease | None
) -> dict[str, Any]:
    """The `out_of_fold` parts of evaluation.json: all pictures that were learnt, those that the
    live model had as well, and the others, where its release says which it had.
    """
    answers, rows = Answers.read(answered.probabilities, labels), answered.rows
    had = [live is not None and live.had(row.sha256, row.label) for row in rows]
    found = answers.scores(rows, had, labels)
    comparable = live is not None and live.learnt is not None
    return {
        "out_of_fold": found["all"],
        "out_of_fold_known": found["known"] if comparable else None,
        "out_of_fold_new": found["new"] if comparable else None,
    }


def known_to(live: LiveRelease | None, test: Sequence[Picture]) -> list[bool]:
    """Whether the live model was judged on each of them too, under the same label."""
    judged_on = live.judged_on if live else {}
    return [judged_on.get(row.sha256) == row.label for row in test]


def compare(
    test: Sequence[Picture],
    labels: Sequence[str],
    candidate: Answers,
    live: LiveRelease | None,
    theirs: Answers | None,
) -> dict[str, Any]:
    """The `candidate` and `live` parts of evaluation.json. Without a live model no picture is known
    and none is new.
    """
    if live is None or theirs is None:
        scores = candidate.scores(test, [False] * len(test), labels)
        return {"candidate": scores | {"new": None}, "live": None}
    known = known_to(live, test)
    gone = sorted(set(live.labels) - set(labels))
    changes = _changes(test, theirs, candidate, known)
    whole = _sum(changes.values())
    of_live = theirs.scores(test, known, [*labels, *gone])
    return {
        "candidate": candidate.scores(test, known, labels),
        "live": {
            "epoch": live.epoch,
            "labels": list(dict.fromkeys(live.labels)),  # two of them may have become one
            "renamed": dict(live.renamed),
            "judged_on": len(live.judged_on),
            **of_live,
            **whole,
            "changes": changes,
            "change_of_new": _sum(
                _changes(test, theirs, candidate, [not was for was in known]).values()
            ),
        },
    }


def _changes(
    test: Sequence[Picture], live: Answers, candidate: Answers, chosen: Sequence[bool]
) -> dict[str, Changed]:
    """Of the chosen pictures, by label."""
    found: dict[str, Changed] = {}
    for label in sorted({row.label for row in test}):
        rows = [i for i, row in enumerate(test) if chosen[i] and row.label == label]
        if rows:
            before, now = ([each.predicted[i] for i in rows] for each in (live, candidate))
            losses, gains = losses_and_gains([label] * len(rows), before, now)
            found[label] = {"losses": losses, "gains": gains}
    return found


def _sum(changes: Iterable[Changed]) -> Changed:
    listed = list(changes)
    return {
        "losses": sum(change["losses"] for change in listed),
        "gains": sum(change["gains"] for change in listed),
    }
