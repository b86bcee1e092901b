"""What looks odd in a data set, though it can be trained on?
What makes a model look better than it is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from lensloop.dataset.assembly import Dataset
from lensloop.dataset.look import FEWEST, Look, on_one_background
from lensloop.dataset.plain import plain_pictures
from lensloop.dataset.rows import Row
from lensloop.reasons import listed

FEW = 30  # below it, one picture more or less moves a recall by several per cent
FEW_PICTURES = "Few pictures: "  # how the sentence about them begins
IMBALANCE = 5.0  # largest label to smallest; a judgement, and it only warns
# Of a label's pictures, and of all others at most:
# one camera took the label, and hardly anything else.
_SAME_CAMERA, _ELSEWHERE = 0.95, 0.05
_NAMED = 8  # labels; the others are counted

Size = tuple[int, int]


def warnings(
    dataset: Dataset,
    examples: Mapping[str, Sequence[Look]],
    alike: Sequence[Mapping[str, str]],
    look_alike: Sequence[str],
    empty_folders: Iterable[str],
) -> list[str]:
    counts = Counter(row.label for row in dataset.accepted)
    return [
        *_first([f"The folder images/{label}/ holds no picture yet." for label in empty_folders]),
        *_tiny(counts),
        *_unbalanced(counts),
        *plain_pictures(dataset.accepted),
        *_first(_one_camera(dataset.accepted)),
        *_first(_one_background(examples)),
        *_look_alikes(look_alike),
        *_suspicious(alike),
    ]


def _tiny(counts: Mapping[str, int]) -> list[str]:
    few = [f"`{label}` ({count})" for label, count in sorted(counts.items()) if count < FEW]
    if not few:
        return []
    return [
        f"{FEW_PICTURES}{listed(few, _NAMED)}. Scores of so few vary much from run to run; {FEW} of"
        " each are a good start."
    ]


def _unbalanced(counts: Mapping[str, int]) -> list[str]:
    if not counts or max(counts.values()) <= IMBALANCE * min(counts.values()):
        return []
    below, above = _widest_step(counts.values())
    ordered = sorted(counts.items(), key=lambda entry: entry[1])
    small = [f"`{label}`" for label, count in ordered if count <= below]
    have = "has" if len(small) == 1 else "have"
    return [
        f"The labels are far from balanced: {listed(small, _NAMED)} {have} {below} pictures or"
        f" fewer, the next {above}. Look at their recall rather than at the accuracy."
    ]


def _widest_step(counts: Iterable[int]) -> tuple[int, int]:
    """Neighbours that are furthest apart: they part the small labels from the large ones."""
    return max(pairwise(sorted(counts)), key=lambda pair: pair[1] / pair[0])


def _one_camera(accepted: Iterable[Row]) -> list[str]:
    """Labels whose pictures all have one size that hardly any other's has."""
    sizes: defaultdict[str, Counter[Size]] = defaultdict(Counter)
    everywhere = Counter[Size]()
    for row in accepted:
        size = row.width, row.height
        sizes[row.label][size] += 1
        everywhere[size] += 1
    found = []
    for label, own in sorted(sizes.items()):
        (size, _), *_ = own.most_common(1)
        if _is_one_camera(size, own, everywhere):
            found.append(
                f"Nearly all pictures of `{label}` have {size[0]} × {size[1]} pixels and hardly any"
                " others do: they seem to come from one camera, and the model may learn the camera"
                " instead of the thing."
            )
    return found


def _is_one_camera(size: Size, own: Counter[Size], everywhere: Counter[Size]) -> bool:
    elsewhere, others = everywhere[size] - own[size], everywhere.total() - own.total()
    return (
        own.total() >= FEWEST
        and own[size] >= _SAME_CAMERA * own.total()
        and elsewhere < _ELSEWHERE * others
    )


def _one_background(examples: Mapping[str, Sequence[Look]]) -> list[str]:
    return [
        one_background(label) for label in sorted(examples) if on_one_background(examples[label])
    ]


def one_background(label: str) -> str:
    return (
        f"The example pictures of `{label}` all have the same plain background: the model may learn"
        " that. Add pictures from other places."
    )


def _look_alikes(labels: Sequence[str]) -> list[str]:
    if not labels:
        return []
    names = listed([f"`{label}`" for label in labels], _NAMED)
    return [
        "Pictures look so much alike (one fixed camera, or a video?) that near-duplicates among"
        f" those of {names} could not be told from different pictures. Some may be in the training"
        " and in the test, and make the scores look better."
    ]


def _suspicious(alike: Sequence[Mapping[str, str]]) -> list[str]:
    if not alike:
        return []
    first, more = alike[0], len(alike) - 1
    others = f" {more} more such {'pair is' if more == 1 else 'pairs are'} listed below."
    return [
        f"{first['key']} and {first['other']} look nearly the same but have different labels: one"
        f" may be wrong.{others if more else ''}"
    ]


def _first(sentences: list[str]) -> list[str]:
    more = len(sentences) - _NAMED
    if more <= 1:
        return sentences
    return [*sentences[:_NAMED], f"The same is true of {more:,} more labels."]
