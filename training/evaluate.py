"""Is the candidate better than the live model? Both answer for the same frozen test pictures, by
the shipped file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lensloop.model.scores import losses_and_gains, score
from training.live import LiveRelease
from training.out_of_fold import Answered
from training.pictures import Picture


@dataclass(frozen=True)
class Answers:
    """One model's answers for the test pictures."""

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


def scored(answered: Answered, labels: Sequence[str]) -> dict[str, Any]:
    """One score of all these pictures, whoever answered them."""
    answers = Answers.read(answered.probabilities, labels)
    truth = [row.label for row in answered.rows]
    return score(truth, answers.predicted, answers.confidence, labels)


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
    old, new, truth = (
        [word for word, was in zip(words, known, strict=True) if was]
        for words in (theirs.predicted, candidate.predicted, [row.label for row in test])
    )
    losses, gains = losses_and_gains(truth, old, new)
    of_live = theirs.scores(test, known, [*labels, *gone])
    return {
        "candidate": candidate.scores(test, known, labels),
        "live": {
            "epoch": live.epoch,
            "labels": list(dict.fromkeys(live.labels)),  # two of them may have become one
            "renamed": dict(live.renamed),
            "judged_on": len(live.judged_on),
            **of_live,
            "losses": losses,
            "gains": gains,
        },
    }
