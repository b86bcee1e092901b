"""What looks odd in a data set, though it can be trained on? Things that make a model look better
than it is.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from lensloop.dataset.assembly import Dataset
from lensloop.dataset.rows import Row
from lensloop.reasons import listed

FEW = 30
IMBALANCE = 5.0
_SAME_CAMERA = 0.95
_SAME_BACKGROUND = (
    16.0  # levels of 255: how far apart the borders' colours are, and how plain each is
)
_FEWEST_EXAMPLES = 6
_NAMED = 8  # labels; the others are counted


def warnings(
    dataset: Dataset,
    examples: Mapping[str, Sequence[Mapping[str, Any]]],
    alike: Sequence[Mapping[str, str]],
    look_alike: Sequence[str],
    empty_folders: Iterable[str],
) -> list[str]:
    counts = Counter(row.label for row in dataset.accepted)
    return [
        *_first([f"The folder images/{label}/ holds no picture yet." for label in empty_folders]),
        *_tiny(counts),
        *_unbalanced(counts),
        *_first(_one_camera(dataset.accepted, counts)),
        *_first(_one_background(examples)),
        *_look_alikes(look_alike),
        *_suspicious(alike),
    ]


def _tiny(counts: Mapping[str, int]) -> list[str]:
    few = [f"`{label}` ({count})" for label, count in sorted(counts.items()) if count < FEW]
    if not few:
        return []
    return [
        f"Few pictures: {listed(few, _NAMED)}. Scores of so few vary much from run to run; {FEW} of"
        " each are a good start."
    ]


def _unbalanced(counts: Mapping[str, int]) -> list[str]:
    ordered = sorted(counts.items(), key=lambda entry: entry[1])
    if len(ordered) < 2 or ordered[-1][1] <= IMBALANCE * ordered[0][1]:
        return []
    # The widest step between neighbours parts the small labels from the large ones.
    (_, below), (_, above) = max(pairwise(ordered), key=lambda pair: pair[1][1] / pair[0][1])
    small = [label for label, count in ordered if count <= below]
    names = listed([f"`{label}`" for label in small], _NAMED)
    have = "has" if len(small) == 1 else "have"
    return [
        f"The labels are far from balanced: {names} {have} {below} pictures or fewer, the next"
        f" {above}. Look at their recall rather than at the accuracy."
    ]


def _one_camera(accepted: Iterable[Row], counts: Mapping[str, int]) -> list[str]:
    """A label whose pictures all have one size that hardly any other label's has: the model may
    learn the camera.
    """
    sizes: defaultdict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for row in accepted:
        sizes[row.label][row.width, row.height] += 1
    everywhere = Counter[tuple[int, int]]()
    for of_label in sizes.values():
        everywhere.update(of_label)
    found = []
    for label, of_label in sorted(sizes.items()):
        (size, count), total = of_label.most_common(1)[0], counts[label]
        elsewhere = everywhere[size] - count
        others = sum(counts.values()) - total
        if (
            total >= _FEWEST_EXAMPLES
            and others
            and count >= _SAME_CAMERA * total
            and elsewhere < 0.05 * others
        ):
            found.append(
                f"Nearly all pictures of `{label}` have {size[0]} × {size[1]} pixels and hardly any"
                " others do: they seem to come from one camera, and the model may learn the camera"
                " instead of the thing."
            )
    return found


def _one_background(examples: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    found = []
    for label, shown in sorted(examples.items()):
        borders = [example["border"] for example in shown]
        if len(borders) < _FEWEST_EXAMPLES:
            continue
        means = [sum(border[c] for border in borders) / len(borders) for c in range(3)]
        apart = math.sqrt(
            sum((b[c] - means[c]) ** 2 for b in borders for c in range(3)) / len(borders) / 3
        )
        uneven = sum(border[3] for border in borders) / len(borders)
        if apart < _SAME_BACKGROUND and uneven < _SAME_BACKGROUND:
            found.append(
                f"The example pictures of `{label}` all have the same plain background: the model"
                " may learn that. Add pictures from other places."
            )
    return found


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
    first = alike[0]
    more = (
        f" {len(alike) - 1} more such {'pair is' if len(alike) == 2 else 'pairs are'} listed below."
        if alike[1:]
        else ""
    )
    return [
        f"{first['key']} and {first['other']} look nearly the same but have different labels: one"
        f" may be wrong.{more}"
    ]


def _first(sentences: list[str]) -> list[str]:
    more = len(sentences) - _NAMED
    return (
        sentences
        if more <= 1
        else [*sentences[:_NAMED], f"The same is true of {more:,} more labels."]
    )
