"""Is the candidate worse than live on the same pictures, or is it noise?

A fall is held against it only if it is more than the tolerance and more than one picture, and if
noise would hardly make it: of the pictures that only one of the two gets right, each could as well
have gone the other way (McNemar's test, 1947, with the exact binomial tail).
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from lensloop.model.evaluation import Change, Evaluation, LabelScore, Live, Score
from lensloop.model.figures import apart
from lensloop.model.floors import ALPHA, Floors
from lensloop.model.intervals import chance_of_so_few_heads

NOISE = 2  # pictures; one that happens to go the other way is no sign of a worse model
# Two pictures lost and none gained have this chance, and are held against a candidate: a needless
# refusal costs a wait, a needless release costs every camera.
CHANCE = 0.25
# With more labels than this, each has to be surer: one of forty has always lost two pictures.
FEW_LABELS = 6


def below_live(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    live = evaluation.live
    if live is None:
        return
    ours, theirs = evaluation.candidate, live.scores
    if ours.known and theirs.known:
        # How much a new label may take, the floors say.
        taken = live.taken_from(ours.known)
        change = Change(live.losses, live.gains).without(sum(taken.values()))
        yield from _fall("known", ours.known, theirs.known, change, floors)
        yield from _labels_fallen(ours.known.labels, theirs.known.labels, live, taken, floors)
    if ours.new and theirs.new:
        change = live.change_of_new or Change.between(theirs.new, ours.new)
        yield from _fall("new", ours.new, theirs.new, change, floors)


def noise_or_not(change: Change) -> str:
    """What the answers of both models for the same pictures say, whichever is better."""
    if not change.losses and not change.gains:
        return "none gained, none lost"
    worse = change if change.losses > change.gains else change.turned
    verdict = "no luck" if luck(worse) <= ALPHA else "may be luck"
    return f"{change.gains} gained, {change.losses} lost: {verdict}"


def luck(change: Change) -> float:
    """How likely noise is to lose as many more than it gains."""
    return chance_of_so_few_heads(change.gains, change.gains + change.losses)


def _fall(which: str, ours: Score, theirs: Score, change: Change, floors: Floors) -> Iterator[str]:
    if _is_too_much(change, ours.images, floors, CHANCE):
        what = f"accuracy on the {ours.images} {which} test pictures"
        yield _worse(what, ours.accuracy, theirs.accuracy, change, floors)


def _labels_fallen(
    ours: Mapping[str, LabelScore],
    theirs: Mapping[str, LabelScore],
    live: Live,
    taken: Mapping[str, int],
    floors: Floors,
) -> Iterator[str]:
    chance = CHANCE * min(1, FEW_LABELS / len(live.labels))
    for label in live.labels:
        before, now = theirs.get(label), ours.get(label)
        if before is None or now is None or before.recall is None or now.recall is None:
            continue
        noted = live.changes.get(label) or Change.between(before, now)
        change = noted.without(taken.get(label, 0))
        if _is_too_much(change, now.images, floors, chance):
            what = f"recall of {label} on the known test pictures"
            yield _worse(what, now.recall, before.recall, change, floors)


def _is_too_much(change: Change, images: int, floors: Floors, chance: float) -> bool:
    """Counted in whole pictures: between shares, 0.96 - 0.94 would be more than 0.02."""
    lost = change.losses - change.gains
    beyond = lost >= NOISE and lost > Fraction(str(floors.tolerance)) * images
    return beyond and luck(change) <= chance


def _worse(what: str, now: float, before: float, change: Change, floors: Floors) -> str:
    ours, theirs = apart(now, before)
    return (
        f"{what} {ours} is more than {floors.tolerance:g} below the live model's {theirs}"
        f" ({change.losses} pictures lost, {change.gains} gained)"
    )
