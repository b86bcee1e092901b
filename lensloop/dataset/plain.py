"""Is there anything to see in a picture? Black, white and one-coloured ones open without a fault,
and teach a model nothing.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from lensloop.dataset.rows import Row
from lensloop.reasons import counted, listed

BLACK, WHITE, BLANK = "black", "white", "blank"

# Levels of 255. A 12-bit picture kept in 16 bits comes out with at most 15; JPEG's noise around
# white stays above 240, and around any one colour within 8.
_DARKEST, _BRIGHTEST, _SPREAD = 16, 240, 8
# Of the pixels, at each end: dust, a date or a dead pixel is not yet something to see.
_STRAY = 0.01
_NAMED = 3  # pictures; the others are counted

_SEEN = {
    BLACK: ("black all over", " Pictures of 16 bits a colour often come out so: save them with 8."),
    WHITE: ("white all over", ""),
    BLANK: ("of one colour all over", ""),
}


def plain(histogram: Sequence[int]) -> str:
    """What an RGB picture is all over, by 256 counts for each of red, green and blue; empty when
    there is something to see.
    """
    ranges = [_range(histogram[start : start + 256]) for start in (0, 256, 512)]
    if all(high <= _DARKEST for _, high in ranges):
        return BLACK
    if all(low >= _BRIGHTEST for low, _ in ranges):
        return WHITE
    return BLANK if all(high - low <= _SPREAD for low, high in ranges) else ""


def plain_pictures(accepted: Iterable[Row]) -> list[str]:
    """A sentence for each kind of picture in which there is nothing to see."""
    keys: dict[str, list[str]] = {kind: [] for kind in _SEEN}
    for row in accepted:
        if row.plain in keys:
            keys[row.plain].append(row.key)
    return [_sentence(kind, found) for kind, found in keys.items() if found]


def _sentence(kind: str, keys: Sequence[str]) -> str:
    look, hint = _SEEN[kind]
    count = counted(len(keys), "picture is", "pictures are")
    return (
        f"{count} {look}: {listed(keys, _NAMED)}. Nothing can be learned from that; delete what"
        f" shows nothing.{hint}"
    )


def _range(counts: Sequence[int]) -> tuple[int, int]:
    """The darkest and the brightest level, without the stray pixels at both ends."""
    stray = _STRAY * sum(counts)
    return _first_beyond(stray, counts), 255 - _first_beyond(stray, counts[::-1])


def _first_beyond(stray: float, counts: Sequence[int]) -> int:
    return next(level for level, seen in enumerate(accumulate(counts)) if seen > stray)
