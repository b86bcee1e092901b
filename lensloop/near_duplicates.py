"""Which pictures look nearly the same? Pairs of 64-bit perceptual hashes that differ in few bits.

Two hashes that differ in at most 7 bits have one 16-bit quarter in which they differ in at most one (there are four
quarters). So only pictures that share a quarter, or almost, are compared: near-linear, where all pairs are quadratic.
"""

from collections.abc import Iterable, Iterator

DISTANCE = 6  # chosen on photographs: see docs/datasets.md
_MOST = 7
_SHIFTS = (48, 32, 16, 0)
_FLIPS = (0, *(1 << bit for bit in range(16)))


def near_pairs(new: Iterable[int], old: Iterable[int], distance: int = DISTANCE) -> Iterator[tuple[int, int]]:
    """Pairs (new hash, old or other new hash) that differ in at most `distance` bits, each pair of new ones once.

    Pairs among the old are not looked for. Both sides hold distinct hashes, and none in common.
    """
    if distance > _MOST:
        raise ValueError(f"quarters find distances up to {_MOST}")
    quarters: list[dict[int, list[int]]] = [{}, {}, {}, {}]
    touched = [bytearray(1 << 16) for _ in _SHIFTS]
    for value in new:
        yield from ((other, value) for other in _near(value, quarters, distance))
        for quarter, marks, shift in zip(quarters, touched, _SHIFTS, strict=True):
            part = value >> shift & 0xFFFF
            if part not in quarter:
                for flip in _FLIPS:
                    marks[part ^ flip] = 1
            quarter.setdefault(part, []).append(value)
    first, second, third, fourth = touched
    for value in old:
        if first[value >> 48] or second[value >> 32 & 0xFFFF] or third[value >> 16 & 0xFFFF] or fourth[value & 0xFFFF]:
            yield from ((other, value) for other in _near(value, quarters, distance))


def _near(value: int, quarters: list[dict[int, list[int]]], distance: int) -> set[int]:
    found = set()
    for quarter, shift in zip(quarters, _SHIFTS, strict=True):
        part = value >> shift & 0xFFFF
        for flip in _FLIPS:
            for other in quarter.get(part ^ flip, ()):
                if (other ^ value).bit_count() <= distance:
                    found.add(other)
    return found


def components(members: Iterable[int], pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The members in groups that are connected by pairs, each group and the list of groups sorted."""
    leader = {member: member for member in members}

    def find(member: int) -> int:
        while leader[member] != member:
            leader[member] = leader[leader[member]]
            member = leader[member]
        return member

    for one, other in pairs:
        if one in leader and other in leader:
            leader[find(one)] = find(other)
    groups: dict[int, list[int]] = {}
    for member in sorted(leader):
        groups.setdefault(find(member), []).append(member)
    return sorted(groups.values())
