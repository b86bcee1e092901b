"""Which uncertain frame should a person look at first, and by which key is each label given?

What the model does not know comes first, then what the release before was as sure of as something
else, then what it is unsure of, then what it was sure of and came by chance; what has no readable
answer comes last. Among those of a kind the predicted labels
take turns, so that one scene which a camera saw all day does not fill the morning.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from lensloop.review.answers import Answer
from lensloop.review.places import FrameId
from lensloop.wire.uncertain import DISAGREES, RANDOM, UNFAMILIAR, UNSURE

_KINDS = (UNFAMILIAR, DISAGREES, UNSURE, RANDOM, "")
# Without the letters that are commands of the page: u(ndo), s(kip), x (no label), n(ew label).
LABEL_KEYS = "123456789abcdefghijklmopqrtvwyz"


def order(answers: Mapping[FrameId, Answer | None]) -> list[FrameId]:
    """All of them, the most useful first."""
    kinds: defaultdict[str, list[FrameId]] = defaultdict(list)
    for frame, answer in answers.items():
        kinds[answer.kind if answer else ""].append(frame)
    found: list[FrameId] = []
    for kind in _KINDS:
        found += _in_turns(kinds[kind], answers)
    return found


def _in_turns(
    frames: Iterable[FrameId], answers: Mapping[FrameId, Answer | None]
) -> Iterable[FrameId]:
    def worth(frame: FrameId) -> tuple[float, FrameId]:
        answer = answers[frame]
        return -answer.score if answer else 0.0, frame

    lines: dict[str, deque[FrameId]] = {}
    for frame in sorted(frames, key=worth):
        answer = answers[frame]
        lines.setdefault(answer.predicted if answer else "", deque()).append(frame)
    while lines:
        for label in list(lines):
            yield lines[label].popleft()
            if not lines[label]:
                del lines[label]


def keys(labels: Iterable[str]) -> dict[str, str]:
    """The key of each label, as far as there are any; the others are chosen by name."""
    return dict(zip(sorted(labels), LABEL_KEYS, strict=False))
