"""Which frames of a camera are worth a person's look? Those that the model does not know, then
those where the release before is as sure of another label, then those that it is unsure of, and a
few by chance, which show where it is sure and wrong; no two alike; few a day, and on little disk
while the network is away.

Python 3.7 syntax: cameras run this.
"""

from __future__ import annotations

from typing import Collection, List, NamedTuple, Optional, Sequence, Tuple

from lensloop.wire.prediction import Prediction

UNFAMILIAR, UNSURE, RANDOM = "unfamiliar", "unsure", "random"
DISAGREES = "disagrees"  # the release before is sure of another label
CAPTURED = "capture"  # a person asked for it: it goes first, and beside the day's budget
# Of the frames that the model is sure of: at five frames a second, some eighteen an hour.
RANDOM_SHARE = 0.001
RANDOM_EVERY = 10  # every tenth that is sent is one by chance, where there is one
# Bits of 64 in which the perceptual hashes of two frames of one scene differ: light moves.
ALIKE = 10
# What waits, for all outages: some fifty frames of 200 kB.
DISK_BYTES = 10 * 1000 * 1000
DAY_BYTES = 20 * 1000 * 1000
MOST_BYTES = 2 * 1000 * 1000  # of one picture
MOST_A_DAY = 500
DAY = 24 * 3600.0


class Kept(NamedTuple):
    """A frame that waits on the camera."""

    name: str
    reason: str
    score: float  # higher = more worth a look, among those of its reason
    phash: int
    size: int


class Sent(NamedTuple):
    at: float  # seconds
    phash: int
    size: int
    captured: bool = False


class Budget(NamedTuple):
    frames: int  # a day
    size: int = DAY_BYTES  # a day, in bytes


def worth(prediction: Prediction, chance: float) -> Optional[Tuple[str, float]]:
    """Why it is worth a look, and how much. `chance` is between 0 and 1, drawn for this frame."""
    if prediction.unfamiliar:
        return UNFAMILIAR, prediction.unfamiliarity or 0.0
    if prediction.unsure:
        return UNSURE, 1.0 - _margin(prediction)
    if chance < RANDOM_SHARE:
        return RANDOM, chance / RANDOM_SHARE
    return None


def comparable(now: Collection[str], before: Collection[str]) -> bool:
    """Whether two releases with these labels can disagree at all."""
    return len(set(now) & set(before)) > 1


def disagreement(now: Prediction, before: Prediction) -> Optional[float]:
    """What the less confident of the two is, where two releases are sure of different labels for
    one frame. None where that tells nothing: they agree, one of them is in doubt, or does not know
    the other's label.
    """
    if now.unsure or now.unfamiliar or before.unsure or before.unfamiliar:
        return None
    if now.predicted == before.predicted:
        return None
    if now.predicted not in before.probabilities or before.predicted not in now.probabilities:
        return None
    return min(now.confidence, before.confidence)


def alike(one: int, other: int) -> bool:
    return bin(one ^ other).count("1") <= ALIKE


def known(phash: int, kept: Sequence[Kept], sent: Sequence[Sent]) -> bool:
    """The same scene waits, or was sent."""
    seen = [each.phash for each in kept] + [each.phash for each in sent]
    return any(alike(phash, other) for other in seen)


def room(kept: Sequence[Kept], new: Kept, disk: int = DISK_BYTES) -> Optional[List[Kept]]:
    """Which of the kept make room for the new one; None: it is worth less than all of them."""
    need = sum(each.size for each in kept) + new.size - disk
    given_up: List[Kept] = []
    for least in sorted(kept, key=_rank):
        if need <= 0:
            break
        if _rank(least) >= _rank(new):
            return None
        given_up.append(least)
        need -= least.size
    return given_up if need <= 0 else None


def pick(kept: Sequence[Kept], sent: Sequence[Sent], budget: Budget, now: float) -> Optional[Kept]:
    """The frame to send now, if any may be sent. They are spread over the day, so that a bad hour
    in the morning does not leave the evening unseen, and the best of each stretch goes.
    """
    if captured(kept):
        return captured(kept)[0]
    today = [each for each in sent if now - DAY < each.at <= now and not each.captured]
    if budget.frames <= 0 or len(today) >= budget.frames:
        return None
    if today and now - max(each.at for each in today) < DAY / budget.frames:
        return None
    left = budget.size - sum(each.size for each in today)
    fitting = [each for each in kept if each.size <= left]
    by_chance = [each for each in fitting if each.reason == RANDOM]
    if by_chance and len(today) % RANDOM_EVERY == RANDOM_EVERY - 1:
        fitting = by_chance
    return max(fitting, key=_rank) if fitting else None


def captured(kept: Sequence[Kept]) -> List[Kept]:
    """Those that a person waits for, the oldest first."""
    return sorted(each for each in kept if each.reason == CAPTURED)


def _rank(kept: Kept) -> Tuple[int, float]:
    return (RANDOM, UNSURE, DISAGREES, UNFAMILIAR, CAPTURED).index(kept.reason), kept.score


def _margin(prediction: Prediction) -> float:
    """How far the likeliest label lies before the next."""
    ranked = [*prediction.probabilities.values(), 0.0]
    return ranked[0] - ranked[1]
