"""What do so many right pictures out of so many say about a model, and what is only luck?

Exact tails of the binomial and the hypergeometric distribution, which are Clopper's and Pearson's
bounds (1934) and Fisher's test (1935) asked the other way round: how likely is it to be so unlucky?
Intervals that people are shown are Wilson's (1927), which Brown, Cai and DasGupta (2001) recommend
for few pictures: those of Clopper and Pearson are too wide to be of use there.
"""

import math
from collections.abc import Mapping

SURE = 1.96  # standard deviations on either side: of a hundred such intervals 95 hold what they say


def wilson(right: int, images: int) -> tuple[float, float]:
    """Between which shares the truth lies, most likely; anything where there are no pictures."""
    if not images:
        return 0.0, 1.0
    share, doubt = right / images, SURE**2 / images
    middle = (share + doubt / 2) / (1 + doubt)
    reach = SURE * math.sqrt(share * (1 - share) / images + doubt / images / 4) / (1 + doubt)
    # Rounding must not leave a doubt where all or none are right.
    low = middle - reach if right else 0.0
    high = middle + reach if right < images else 1.0
    return low, high


def chance_of_so_few(right: int, images: int, share: float) -> float:
    """That no more than these are right, where `share` of all pictures would be."""
    if share <= 0 or right >= images:
        return 1.0
    if share >= 1:
        return 0.0
    hit, miss = math.log(share), math.log1p(-share)
    terms = (_ways(images, k) + k * hit + (images - k) * miss for k in range(right + 1))
    return min(1.0, math.fsum(map(math.exp, terms)))


def chance_of_so_few_heads(heads: int, throws: int) -> float:
    """The same of a coin; exactly, as two throws must give a quarter and not a little more."""
    ways, so_few = 1, 0
    for k in range(heads + 1):
        so_few += ways
        ways = ways * (throws - k) // (k + 1)
    return so_few / (1 << throws)


def chance_of_so_few_drawn(right: int, images: int, all_right: int, everything: int) -> float:
    """That no more than these are right in a blind draw of `images` from `everything`, of which
    `all_right` are right.
    """
    wrong = everything - all_right
    fewest = max(0, images - wrong)
    draws = _ways(everything, images)
    terms = (
        _ways(all_right, k) + _ways(wrong, images - k) - draws
        for k in range(fewest, min(right, all_right) + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


def certain(chances: Mapping[str, float], alpha: float) -> list[str]:
    """Those that are no luck, though so many were asked (Holm 1979): that any of them is luck after
    all happens at most with the chance `alpha`.
    """
    found: list[str] = []
    for name in sorted(chances, key=lambda name: chances[name]):
        if chances[name] > alpha / (len(chances) - len(found)):
            break
        found.append(name)
    return found


def _ways(of: int, chosen: int) -> float:
    """The logarithm of how many ways there are to choose."""
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
