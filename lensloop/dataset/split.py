"""Which pictures train, which tune, and which are kept for the test?

The content decides, under the project's secret key: a picture's split does not depend on when it
came or what came with it, and nobody who uploads can choose it by choosing bytes.
Three corrections, none of which moves a picture that already has its place: a near-duplicate of a
placed picture joins it; near-duplicates that come together stay together; and a label that the hash
leaves short of test, validation or training pictures gets some of its newcomers.

A newcomer that resembles placed pictures of two splits is torn: wherever it went, the test would be
about pictures that the training has seen. So it is rejected.
"""

import hashlib
import hmac
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lensloop.dataset.near_duplicates import DISTANCES, Pair, components, near_pairs, plausible
from lensloop.dataset.rows import Row

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
# Upper ends: 60 % to learn from, 20 % to choose by, 20 % to judge by.
_SHARES = ((0.6, TRAIN), (0.8, VALIDATION), (1.0, TEST))
# Of test and of validation pictures in a label: by hash alone a small label may get far fewer.
_LEAST_SHARE = 0.15
# Where more than this would be torn, likeness is no sign of a duplicate (a fixed camera): then only
# closer pictures count.
_FEW_TORN, _TORN_SHARE = 5, 0.02

Group = list[Row]
Sides = dict[str, Row]  # split → a picture there


class Placed(NamedTuple):
    """The splits of the newcomers, by content; the torn ones, with two pictures they resemble."""

    splits: dict[str, str]
    torn: dict[str, tuple[Row, Row]]
    alike: list[tuple[Row, Row]]  # near-duplicates, one of each pair a newcomer
    distance: int  # how many bits of the hash near-duplicates may differ in


def by_hash(sha256: str, key: str = "") -> str:
    """Without a key the hash itself decides, which everybody can work out."""
    place = _place(sha256, key)
    return next(split for share, split in _SHARES if place < share)


def place(rows: Sequence[Row], min_test: int, waiting: Iterable[Row] = (), key: str = "") -> Placed:
    """`rows`: every usable content once. Those with a split keep it; the others get one. `waiting`:
    pictures that are rejected for now and will come back into their split, so what resembles them
    goes there too. `key`: the project's secret.
    """
    settled, newcomers = _told_apart(rows, waiting)
    for distance in DISTANCES:
        pairs = near_pairs(newcomers, settled.keys() - newcomers.keys(), distance)
        if pairs is None:  # so many that likeness says nothing
            continue
        joined = _join(_Likeness.of(pairs, settled, newcomers), key)
        if joined.is_sane(fresh=len(newcomers.keys() - settled.keys()), total=len(rows)):
            break
    else:
        distance, pairs = 0, []
        joined = _join(_Likeness.of(pairs, settled, newcomers), key)
    splits = joined.splits | _place_free(joined.free, rows, joined.splits, min_test, key)
    return Placed(splits, joined.torn, _alike(pairs, settled, newcomers), distance)


def _told_apart(
    rows: Iterable[Row], waiting: Iterable[Row]
) -> tuple[dict[int, Sides], dict[int, Group]]:
    """What has its place and what is new, each by perceptual hash."""
    settled: defaultdict[int, Sides] = defaultdict(dict)
    newcomers: defaultdict[int, Group] = defaultdict(list)
    for row in waiting:
        settled[int(row.phash, 16)][row.split] = row
    for row in rows:
        if row.split:
            settled[int(row.phash, 16)][row.split] = row
        else:
            newcomers[int(row.phash, 16)].append(row)
    return dict(settled), dict(newcomers)


# What resembles what


@dataclass(frozen=True)
class _Likeness:
    """What each newcomer is near to, by perceptual hash: placed pictures, and other newcomers."""

    newcomers: Mapping[int, Group]
    sides: Mapping[int, Sides]
    near: Mapping[int, Sequence[int]]

    @classmethod
    def of(
        cls, pairs: Iterable[Pair], settled: Mapping[int, Sides], newcomers: Mapping[int, Group]
    ) -> "_Likeness":
        sides: dict[int, Sides] = {value: dict(settled.get(value, {})) for value in newcomers}
        near: defaultdict[int, list[int]] = defaultdict(list)
        for one, other in pairs:
            sides[one].update(settled.get(other, {}))
            if other in newcomers:
                sides[other].update(settled.get(one, {}))
                near[one].append(other)
                near[other].append(one)
        return cls(newcomers, sides, near)

    def groups(self) -> list[list[int]]:
        return components(
            self.newcomers, [(one, other) for one, others in self.near.items() for other in others]
        )

    def rows(self, group: Iterable[int]) -> Group:
        return [row for value in group for row in self.newcomers[value]]


def _alike(
    pairs: Iterable[Pair], settled: Mapping[int, Sides], newcomers: Mapping[int, Group]
) -> list[tuple[Row, Row]]:
    """Newcomers beside what they are near-duplicates of: those of the very same hash first."""
    alike = []
    for value, group in newcomers.items():
        twin = _one_of(settled[value]) if value in settled else None
        if twin:
            alike += [(row, twin) for row in group]
    for value, group in newcomers.items():
        if value not in settled:
            alike += [(row, group[0]) for row in group[1:]]
    for one, other in pairs:
        there = _one_of(settled[other]) if other in settled else newcomers[other][0]
        alike.append((newcomers[one][0], there))
    return alike


def _one_of(sides: Sides) -> Row:
    """The last that was placed; nearly always there is only one side."""
    return list(sides.values())[-1]


# Where newcomers go that resemble something


@dataclass
class _Joined:
    splits: dict[str, str] = field(default_factory=dict)
    torn: dict[str, tuple[Row, Row]] = field(default_factory=dict)
    free: list[Group] = field(default_factory=list)  # each stays together, wherever it goes

    def is_sane(self, fresh: int, total: int) -> bool:
        largest = max(map(len, self.free), default=0)
        return len(self.torn) <= _FEW_TORN + _TORN_SHARE * fresh and plausible(largest, total)


def _join(likeness: _Likeness, key: str) -> _Joined:
    joined = _Joined()
    for group in likeness.groups():
        if any(likeness.sides[value] for value in group):
            _join_group(group, likeness, joined, key)
        else:
            joined.free.append(likeness.rows(group))
    return joined


def _join_group(group: Sequence[int], likeness: _Likeness, joined: _Joined, key: str) -> None:
    """From the newcomers that touch placed pictures outwards, each goes where its neighbours are;
    one with neighbours in two splits is torn.
    """
    sides = {value: dict(likeness.sides[value]) for value in group}
    queue = deque(value for value in group if sides[value])
    rest, done = list(group), set[int]()
    while queue or rest:
        # What only torn pictures connect comes last, and its hash decides.
        value = queue.popleft() if queue else rest.pop()
        if value in done:
            continue
        done.add(value)
        rows, beside = likeness.newcomers[value], sides[value]
        if len(beside) > 1:
            one, other = list(beside.values())[:2]
            joined.torn.update((row.sha256, (one, other)) for row in rows)
            continue
        split = next(iter(beside), by_hash(rows[0].sha256, key))
        joined.splits.update((row.sha256, split) for row in rows)
        for neighbour in likeness.near.get(value, ()):
            sides[neighbour].setdefault(split, rows[0]._replace(split=split))
            queue.append(neighbour)


# Where newcomers go that resemble nothing placed


def _place_free(
    groups: Sequence[Group],
    rows: Iterable[Row],
    splits: Mapping[str, str],
    min_test: int,
    key: str,
) -> dict[str, str]:
    """By hash; then labels that this leaves short are helped out with whole groups of theirs."""
    homes = [by_hash(min(row.sha256 for row in group), key) for group in groups]
    counts = _counts(rows, splits)
    movable: defaultdict[str, list[int]] = defaultdict(list)
    for number, (group, home) in enumerate(zip(groups, homes, strict=True)):
        for row in group:
            counts[row.label][home] += 1
        if len({row.label for row in group}) == 1:
            movable[group[0].label].append(number)
    for label, numbers in movable.items():
        # Small groups first, and of those the ones whose hash lies nearest to the test's end.
        numbers.sort(
            key=lambda number: (len(groups[number]), -_place(groups[number][0].sha256, key))
        )
        _help_out(counts[label], numbers, groups, homes, min_test)
    found: dict[str, str] = {}
    for group, home in zip(groups, homes, strict=True):
        found.update((row.sha256, home) for row in group)
    return found


def _counts(rows: Iterable[Row], splits: Mapping[str, str]) -> dict[str, Counter[str]]:
    """Label → split → pictures that have their place by now."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if split := row.split or splits.get(row.sha256):
            counts[row.label][split] += 1
    return counts


def _help_out(
    count: Counter[str],
    numbers: Sequence[int],
    groups: Sequence[Group],
    homes: list[str],
    min_test: int,
) -> None:
    """Moves whole groups into splits below their floor, never taking another below its own."""
    floors = _floors(count.total(), min_test)
    for short, floor in floors.items():
        for number in numbers:
            donor, size = homes[number], len(groups[number])
            if count[short] >= floor:
                break
            if count[donor] - size >= floors[donor]:
                count[donor] -= size
                count[short] += size
                homes[number] = short


def _floors(total: int, min_test: int) -> dict[str, int]:
    """How many pictures of a label each split should have at least."""
    # One picture early (total + 1): when both are short, as at ten, one newcomer can help out only
    # one of them.
    few = min((total + 1) // 5, max(min_test, round(_LEAST_SHARE * total)))
    return {TEST: few, VALIDATION: few, TRAIN: total // 2}


def _place(sha256: str, key: str) -> float:
    if key:
        sha256 = hmac.new(key.encode(), sha256.encode(), hashlib.sha256).hexdigest()
    return int(sha256[:13], 16) / 16.0**13
