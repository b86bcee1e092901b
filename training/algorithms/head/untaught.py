"""How much would be found of a thing that was not taught? Each label is left out in turn: a head
and axes that do not know it are asked for all of its pictures, and for the test pictures of the
others.
"""

from collections.abc import Sequence

import numpy as np

from training.algorithms.head.calibration import Targets
from training.algorithms.head.discriminant import Head
from training.algorithms.head.familiarity import Familiarity, Known
from training.shards import Array as Features

_FEWEST_LABELS = 3  # of two, one is left: a head that knows only that is never in doubt
_MOST_LABELS = 8  # each costs a fit: a quarter of a second with some thousands of pictures
_MOST_PICTURES = 20_000  # of more, their moments alone would take longer than seconds


def to_leave_out(targets: Targets, labels: int) -> list[int]:
    """Which labels, evenly over their names where there are too many; none where it says nothing,
    or would take too long.
    """
    if labels < _FEWEST_LABELS or len(targets) > _MOST_PICTURES:
        return []
    return [round(n) for n in np.linspace(0, labels - 1, min(labels, _MOST_LABELS)).tolist()]


Side = tuple[Features, Targets]


def untaught(
    known: Known, learnt: Side, test: Side, labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """For evaluation.json, by each label that the head was asked to do without."""
    found = {}
    for label, head in known.taught.without.items():
        told = known.without(learnt[1], label)
        if told:
            found[labels[label]] = _counts(*told, head, _apart(label, learnt, test))
    return found


def _apart(label: int, learnt: Side, test: Side) -> tuple[Features, Features]:
    """What neither the head nor the axes were taught with: all of that label, and the test pictures
    of the others.
    """
    (seen, targets), (tested, truth) = learnt, test
    its = np.concatenate([seen[targets == label], tested[truth == label]])
    return its, tested[truth != label]


def _counts(
    familiar: Familiarity, threshold: float, head: Head, apart: tuple[Features, Features]
) -> dict[str, int]:
    flagged = [
        int((familiar.unfamiliar(some, head.probabilities(some)) > threshold).sum())
        for some in apart
    ]
    its, others = map(len, apart)
    return {"images": its, "flagged": flagged[0], "known": others, "false_alarms": flagged[1]}
