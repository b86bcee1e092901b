"""Which pictures train, which tune, and which are kept for the test?

The content hash decides, so a picture's split does not depend on when it came or what came with it.
Three corrections, none of which moves a picture that already has its place: a near-duplicate of a
placed picture joins it; near-duplicates that come together stay together; and a label that the hash
leaves short of test, validation or training pictures gets some of its newcomers.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lensloop.dataset.near_duplicates import DISTANCES, components, near_pairs, plausible
from lensloop.dataset.rows import Row

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
# of test and of validation pictures in a label; by hash alone a small label may get far fewer
_LEAST_SHARE = 0.15
_SHARES = ((0.6, TRAIN), (0.8, VALIDATION), (1.0, TEST))

Group = list[Row]


# Where more than this would be torn, likeness is no sign of a duplicate: only closer pictures
# count.
_FEW_TORN, _TORN_SHARE = 5, 0.02


class Placed(NamedTuple):
    """The splits of the newcomers, by content; and those that are nearly the same as pictures of
    two splits, with two such pictures: wherever they went, the test would be about pictures the
    training has seen."""

    splits: dict[str, str]
    torn: dict[str, tuple[Row, Row]]
    alike: list[tuple[Row, Row]]  # near-duplicates, one of each pair a newcomer
    distance: int  # how many bits of the hash near-duplicates may differ in


class _Newcomers(NamedTuple):
    """By perceptual hash: the newcomers, what has its place, and what differs little from a
    newcomer.
    """

    rows: dict[int, Group]
    placed: dict[int, Row]
    near: dict[int, list[int]]


def by_hash(sha256: str) -> str:
    place = _place(sha256)
    return next(split for share, split in _SHARES if place < share)


def place(rows: Sequence[Row], min_test: int, waiting: Iterable[Row] = ()) -> Placed:
    """`rows`: every usable content once. Those with a split keep it; the others get one. `waiting`:
    pictures that are left out for now and will come back into their split, so what resembles them
    goes there too."""
    placed = {int(row.phash, 16): row for row in waiting}
    newcomers: defaultdict[int, Group] = defaultdict(list)
    for row in rows:
        if row.split:
            placed[int(row.phash, 16)] = row
        else:
            newcomers[int(row.phash, 16)].append(row)
    same = {
        row.sha256: placed[value] for value in placed.keys() & newcomers for row in newcomers[value]
    }
    alike = [
        (row, placed[value]) for value in placed.keys() & newcomers for row in newcomers.pop(value)
    ]
    alike += [(row, group[0]) for group in newcomers.values() for row in group[1:]]
    for distance in (*DISTANCES, 0):
        pairs = near_pairs(newcomers, placed, distance) if distance and newcomers else []
        if pairs is None:
            continue
        grouped = _group(_Newcomers(newcomers, dict(placed), _neighbours(pairs, newcomers)))
        if distance and not grouped.sane(len(newcomers), len(rows)):
            continue
        splits = {sha256: row.split for sha256, row in same.items()} | grouped.splits
        splits |= _place_free(grouped.free, rows, splits, min_test)
        alike += [
            (newcomers[one][0], placed[two] if two in placed else newcomers[two][0])
            for one, two in pairs
        ]
        return Placed(splits, grouped.torn, alike, distance)
    raise AssertionError("at distance 0 nothing is torn")


def _neighbours(
    pairs: Iterable[tuple[int, int]], newcomers: Mapping[int, Group]
) -> dict[int, list[int]]:
    near: defaultdict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        near[one].append(other)
        if other in newcomers:
            near[other].append(one)
    return near


class _Grouped(NamedTuple):
    splits: dict[str, str]  # of what joins something placed
    torn: dict[str, tuple[Row, Row]]
    free: list[Group]

    def sane(self, newcomers: int, total: int) -> bool:
        largest = max(map(len, self.free), default=0)
        return len(self.torn) <= _FEW_TORN + _TORN_SHARE * newcomers and plausible(largest, total)


def _group(given: _Newcomers) -> _Grouped:
    grouped = _Grouped({}, {}, [])
    rows, placed, near = given
    edges = ((one, other) for one in near for other in near[one])
    for group in components(rows, edges):
        if any(other in placed for value in group for other in near.get(value, ())):
            _join(group, given, grouped)
        else:
            grouped.free.append([row for value in group for row in rows[value]])
    return grouped


def _join(group: list[int], given: _Newcomers, grouped: _Grouped) -> None:
    """Gives a group the split of the placed pictures it resembles, from those outwards; one between
    two is torn.
    """
    rows, placed, near = given
    touching = [value for value in group if any(other in placed for other in near[value])]
    queue, seen, torn = deque(touching), set(touching), set()
    rest = list(group)
    while queue or rest:
        # what only torn pictures connect comes last
        value = queue.popleft() if queue else rest.pop()
        if value in placed or value in torn:
            continue
        beside = {placed[other].split: placed[other] for other in near[value] if other in placed}
        if len(beside) > 1:
            one, other, *_ = beside.values()
            torn.add(value)
            grouped.torn.update((row.sha256, (one, other)) for row in rows[value])
            continue
        split = next(iter(beside), by_hash(rows[value][0].sha256))
        grouped.splits.update((row.sha256, split) for row in rows[value])
        placed[value] = rows[value][0]._replace(split=split)
        following = [other for other in near[value] if other in rows and other not in seen]
        queue.extend(following)
        seen.update(following)


def _place_free(
    groups: list[Group], rows: Sequence[Row], splits: Mapping[str, str], min_test: int
) -> dict[str, str]:
    """The splits of groups that resemble nothing placed: by hash, then short labels are helped
    out.
    """
    homes = [by_hash(min(row.sha256 for row in group)) for group in groups]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        split = row.split or splits.get(row.sha256)
        if split:
            counts[row.label][split] += 1
    movable: defaultdict[str, list[int]] = defaultdict(list)
    for i, (group, home) in enumerate(zip(groups, homes, strict=True)):
        for row in group:
            counts[row.label][home] += 1
        if len({row.label for row in group}) == 1:
            movable[group[0].label].append(i)
    for label, indexes in movable.items():
        # The smallest groups first, and of those the ones whose hash lies nearest to the test's
        # end.
        indexes.sort(key=lambda i: (len(groups[i]), -_place(groups[i][0].sha256)))
        _help_out(counts[label], indexes, groups, homes, min_test)
    return {row.sha256: home for group, home in zip(groups, homes, strict=True) for row in group}


def _help_out(
    count: Counter[str], indexes: list[int], groups: list[Group], homes: list[str], min_test: int
) -> None:
    """Moves whole groups into splits that are below their floor, never taking another split below
    its own.
    """
    total = count.total()
    # One picture early: when both are short, as at ten, the one newcomer can help out only one of
    # them.
    few = min((total + 1) // 5, max(min_test, round(_LEAST_SHARE * total)))
    floors = {TEST: few, VALIDATION: few, TRAIN: total // 2}
    for short, floor in floors.items():
        for i in indexes:
            donor, size = homes[i], len(groups[i])
            if count[short] >= floor:
                break
            if donor != short and count[donor] - size >= floors[donor]:
                count[donor] -= size
                count[short] += size
                homes[i] = short


def _place(sha256: str) -> float:
    return int(sha256[:13], 16) / 16.0**13
