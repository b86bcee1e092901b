"""Which pictures train, which tune, and which are kept for the test?

The content hash decides, so a picture's split does not depend on when it came or what came with it. Three corrections,
none of which moves a picture that already has its place:
a near-duplicate of a placed picture joins it; near-duplicates that come together stay together; and a label that the
hash leaves short of test, validation or training pictures gets some of its newcomers.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lensloop.near_duplicates import components, near_pairs
from lensloop.rows import Row

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
_LEAST_SHARE = 0.15  # of test and of validation pictures in a label; by hash alone a small label may get far fewer
_SHARES = ((0.6, TRAIN), (0.8, VALIDATION), (1.0, TEST))

Group = list[Row]


class Placed(NamedTuple):
    """The splits of the newcomers, by content; and those that are nearly the same as pictures of two splits, with two
    such pictures: wherever they went, the test would be about pictures the training has seen."""

    splits: dict[str, str]
    torn: dict[str, tuple[Row, Row]]
    alike: list[tuple[Row, Row]]  # near-duplicates, one of each pair a newcomer


def by_hash(sha256: str) -> str:
    place = _place(sha256)
    return next(split for share, split in _SHARES if place < share)


def place(rows: Sequence[Row], min_test: int) -> Placed:
    """`rows`: every usable content once. Those with a split keep it; the others get one."""
    placed: dict[int, Row] = {}
    newcomers: defaultdict[int, Group] = defaultdict(list)
    for row in rows:
        if row.split:
            placed[int(row.phash, 16)] = row
        else:
            newcomers[int(row.phash, 16)].append(row)
    splits: dict[str, str] = {}
    alike: list[tuple[Row, Row]] = []
    for value in placed.keys() & newcomers:
        alike.extend((row, placed[value]) for row in newcomers[value])
        splits.update((row.sha256, placed[value].split) for row in newcomers.pop(value))
    near: defaultdict[int, list[int]] = defaultdict(list)
    for one, other in near_pairs(newcomers, placed) if newcomers else ():
        near[one].append(other)
        if other in newcomers:
            near[other].append(one)
        alike.append((newcomers[one][0], placed[other] if other in placed else newcomers[other][0]))
    for same in newcomers.values():
        alike.extend((row, same[0]) for row in same[1:])
    free: list[Group] = []
    torn: dict[str, tuple[Row, Row]] = {}
    for group in components(newcomers, ((one, other) for one in near for other in near[one] if one in newcomers)):
        if any(other in placed for value in group for other in near[value]):
            _join(group, near, newcomers, placed, splits, torn)
        else:
            free.append([row for value in group for row in newcomers[value]])
    splits.update(_place_free(free, rows, splits, min_test))
    return Placed(splits, torn, alike)


def _join(
    group: list[int],
    near: Mapping[int, list[int]],
    newcomers: Mapping[int, Group],
    placed: dict[int, Row],
    splits: dict[str, str],
    torn: dict[str, tuple[Row, Row]],
) -> None:
    """Gives a group the split of the placed pictures it resembles, from those outwards; one between two is torn."""
    touching = [value for value in group if any(other in placed for other in near[value])]
    queue, seen = deque(touching), set(touching)
    rest = list(group)
    while queue or rest:
        value = queue.popleft() if queue else rest.pop()  # what only torn pictures connect comes last
        if value in placed or newcomers[value][0].sha256 in torn:
            continue
        beside = {placed[other].split: placed[other] for other in near[value] if other in placed}
        if len(beside) > 1:
            one, other, *_ = beside.values()
            torn.update((row.sha256, (one, other)) for row in newcomers[value])
            continue
        split = next(iter(beside), by_hash(newcomers[value][0].sha256))
        splits.update((row.sha256, split) for row in newcomers[value])
        placed[value] = newcomers[value][0]._replace(split=split)
        following = [other for other in near[value] if other in newcomers and other not in seen]
        queue.extend(following)
        seen.update(following)


def _place_free(groups: list[Group], rows: Sequence[Row], splits: Mapping[str, str], min_test: int) -> dict[str, str]:
    """The splits of groups that resemble nothing placed: by hash, then short labels are helped out."""
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
        # The smallest groups first, and of those the ones whose hash lies nearest to the test's end.
        indexes.sort(key=lambda i: (len(groups[i]), -_place(groups[i][0].sha256)))
        _help_out(counts[label], indexes, groups, homes, min_test)
    return {row.sha256: home for group, home in zip(groups, homes, strict=True) for row in group}


def _help_out(count: Counter[str], indexes: list[int], groups: list[Group], homes: list[str], min_test: int) -> None:
    """Moves whole groups into splits that are below their floor, never taking another split below its own."""
    total = count.total()
    few = min(total // 5, max(min_test, round(_LEAST_SHARE * total)))
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
