"""Which pictures look nearly the same? Pairs of 64-bit perceptual hashes that differ in few bits.

Two hashes that differ in at most 7 bits have one 16-bit quarter in which they differ in at most one
(there are four quarters). So only pictures that share a quarter, or almost, are compared:
near-linear, where all pairs are quadratic.
"""

from collections.abc import Collection, Iterable

# The first was chosen on photographs, see docs/datasets.md; the others are for look-alikes.
DISTANCES = (6, 4, 2)
_MOST = 7  # what quarters with one flipped bit can find, see above
_SHIFTS = (48, 32, 16, 0)
_FLIPS = (0, *(1 << bit for bit in range(16)))
# A fixed camera makes thousands of different pictures that look nearly the same. Where likeness is
# that common it says nothing, and finding every pair would take for ever: beyond these averages the
# search gives up.
_PAIRS_EACH, _LOOKS_EACH, _ALWAYS = 10, 2000, 100_000
# A person takes dozens of shots of one thing, hardly a tenth of all pictures.
_SMALL_GROUP, _GROUP_SHARE = 50, 0.1

Pair = tuple[int, int]


def near_pairs(new: Collection[int], old: Collection[int], distance: int) -> list[Pair] | None:
    """Pairs (new hash, old or other new hash) that differ in at most `distance` bits, each pair of
    new ones once; None when there are too many. Pairs among the old are not looked for. All hashes
    are distinct.
    """
    if distance > _MOST:
        raise ValueError(f"quarters find distances up to {_MOST}")
    search = _Search(distance, len(new))
    for value in new:
        if not search.near(value):
            return None
        search.add(value)
    for value in old:
        if search.may_be_near(value) and not search.near(value):
            return None
    return search.pairs


class _Search:
    def __init__(self, distance: int, newcomers: int) -> None:
        self.pairs: list[Pair] = []
        self._distance = distance
        self._most_pairs = _ALWAYS + _PAIRS_EACH * newcomers
        self._looks_left = 100 * _ALWAYS + _LOOKS_EACH * newcomers
        self._quarters: list[dict[int, list[int]]] = [{}, {}, {}, {}]
        self._touched = [bytearray(1 << 16) for _ in _SHIFTS]

    def add(self, value: int) -> None:
        for quarter, marks, shift in zip(self._quarters, self._touched, _SHIFTS, strict=True):
            part = value >> shift & 0xFFFF
            if part not in quarter:
                quarter[part] = []
                for flip in _FLIPS:
                    marks[part ^ flip] = 1
            quarter[part].append(value)

    def may_be_near(self, value: int) -> int:
        """Quick: a million old pictures are compared with a hundred new ones in a second."""
        first, second, third, fourth = self._touched
        return (
            first[value >> 48]
            or second[value >> 32 & 0xFFFF]
            or third[value >> 16 & 0xFFFF]
            or fourth[value & 0xFFFF]
        )

    def near(self, value: int) -> bool:
        """Notes the pairs of `value` with all added before; False when it has become too much."""
        found = set()
        for others in self._close(value):
            self._looks_left -= len(others)
            if self._looks_left < 0:
                return False
            for other in others:
                if (other ^ value).bit_count() <= self._distance:
                    found.add(other)
        self.pairs.extend((other, value) for other in found)
        return len(self.pairs) <= self._most_pairs

    def _close(self, value: int) -> list[list[int]]:
        """Those added that share a quarter with this one, or all but one bit of it."""
        found = []
        for quarter, shift in zip(self._quarters, _SHIFTS, strict=True):
            part = value >> shift & 0xFFFF
            for flip in _FLIPS:
                others = quarter.get(part ^ flip)
                if others:
                    found.append(others)
        return found


def plausible(largest: int, total: int) -> bool:
    """Can a group this large be near-duplicates, rather than what a fixed camera sees of much?"""
    return largest <= max(_SMALL_GROUP, _GROUP_SHARE * total)


def components(members: Iterable[int], pairs: Iterable[Pair]) -> list[list[int]]:
    """The members in groups that are connected by pairs; groups and the list of them are sorted."""
    above = {member: member for member in members}
    for one, other in pairs:
        if one in above and other in above:
            above[_top(one, above)] = _top(other, above)
    groups: dict[int, list[int]] = {}
    for member in sorted(above):
        groups.setdefault(_top(member, above), []).append(member)
    return sorted(groups.values())


def _top(member: int, above: dict[int, int]) -> int:
    """The one that stands for all of a member's group; the way there is shortened in passing."""
    while above[member] != member:
        above[member] = above[above[member]]
        member = above[member]
    return member
