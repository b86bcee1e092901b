"""Which of the live model's labels have another name now? Told by pictures that kept their content
and changed their label together.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

# Of the pictures of a label that are still there, as many have moved together: one or two may have
# been mended on the way.
_TOGETHER = 0.9
# Of all pictures of a label as it was, as many must be there to speak: a few that are left over
# after a deletion say nothing about the others.
_STILL_THERE = 0.5


def renamed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """The old name of a label → its new one. `before` and `now`: the labels of pictures, by
    content; `now` may lack some.

    A label that is still in use has not been renamed, however many of its pictures moved – unless
    its name was taken over by another label, as when two folders were mixed up.
    """
    moved = _moved(before, now)
    in_use = set(now.values())
    found = {old: new for old, new in moved.items() if old not in in_use}
    while taken_over := (moved.keys() & set(found.values())) - found.keys():
        found |= {old: moved[old] for old in taken_over}
    return found | _exchanged(moved)


def _moved(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Labels nearly all of whose pictures lie under one other label."""
    had = Counter(before.values())
    places: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for content, label in before.items():
        if content in now:
            places[label][now[content]] += 1
    moved = {}
    for label, found in places.items():
        [(most, count)] = found.most_common(1)
        enough = count >= _TOGETHER * found.total() and found.total() >= _STILL_THERE * had[label]
        if most != label and enough:
            moved[label] = most
    return moved


def _exchanged(moved: Mapping[str, str]) -> dict[str, str]:
    """Labels that go round: each has the name of another, and the last that of the first."""
    found = {}
    for start in moved:
        label, seen = moved[start], {start}
        while label in moved and label not in seen:
            seen.add(label)
            label = moved[label]
        if label == start:
            found[start] = moved[start]
    return found
