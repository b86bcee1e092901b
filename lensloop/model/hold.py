"""What can no rule decide about a candidate that is good enough by itself? It is held for a person.

It can be compared with live only on what live was judged on. And it is compared with live alone: so
many releases, each within the tolerance, could slide far below the best of them. How far live has
slid is remembered, and what a candidate would add to it.
"""

from collections.abc import Iterator
from fractions import Fraction

from lensloop.model.evaluation import Evaluation, Live

# Of the test pictures that live was judged on, as many must be left to compare with.
_ENOUGH_KNOWN = Fraction(1, 2)
# How many tolerances a row of releases may lose; one is the noise of the best of them, which had
# luck as well.
_STEPS = 2
_LEAST_PICTURES = 4  # that a slide must be worth: twice what is noise in a single step


def questions(evaluation: Evaluation, tolerance: float, slid: float) -> Iterator[str]:
    """`slid`: how far live is below the best release before it, as a share of known pictures."""
    live = evaluation.live
    if live is None:
        return
    yield from _incomparable(evaluation, live)
    known, now = evaluation.candidate.known, slid_after(evaluation, slid)
    if known and now > slid and _is_too_far(now, known.images, tolerance):
        yield (
            f"it would be {now:.2f} below the best release on the known test pictures; each step"
            f" was within {tolerance:g}, but all together are not"
        )


def _is_too_far(slid: float, images: int, tolerance: float) -> bool:
    far = Fraction(str(round(slid, 4)))  # as it is remembered
    return far > Fraction(str(tolerance)) * _STEPS and far * images >= _LEAST_PICTURES


def _incomparable(evaluation: Evaluation, live: Live) -> Iterator[str]:
    if not set(live.labels) & set(evaluation.labels):
        yield f"none of the labels of the live model is left ({', '.join(live.labels)})"
    known = evaluation.candidate.known.images if evaluation.candidate.known else 0
    if not known or not live.scores.known:
        yield "no test picture is left that the live model was judged on, so it cannot be compared"
    elif live.judged_on and known < _ENOUGH_KNOWN * live.judged_on:
        yield (
            f"only {known} of the {live.judged_on} test pictures are left that the live model was"
            " judged on, too few to compare by"
        )


def slid_after(evaluation: Evaluation, before: float) -> float:
    """How far the candidate is below the best release, if live is so far below it; never above."""
    known, live = evaluation.candidate.known, evaluation.live
    if live is None or not known or not live.scores.known:
        return 0.0
    lost = live.losses - live.gains - sum(live.taken_from(known).values())
    return max(0.0, before + lost / known.images)
