"""Was it taken on the same table, in the same light? What is measured of a picture's surroundings,
and what pictures have in common by that.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

BRIGHT, DARK = "bright", "dark"
LEAST_SIDE = 256  # pixels: so small may a picture be decoded to be measured
FEWEST = 6  # pictures; fewer can be alike by chance

_SIDE = 16  # pixels: enough for the colour of a table, and a thing's details do not count
# Levels of 255: how far apart the borders' colours are, and how plain each is.
_SAME_BACKGROUND = 16.0
# Levels of 255, of a whole picture on average. A camera that sets its exposure aims at about 118:
# what lies on one side by a third was taken in that light, or on that colour. Judgements.
_BRIGHT_FROM, _DARK_TO = 150, 80
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's own grey

Look = Mapping[str, Any]  # `border`: red, green, blue, and how uneven; `brightness`


def look(image: Any) -> dict[str, Any]:
    """Of an RGB Pillow image."""
    small = image.resize((_SIDE, _SIDE)).tobytes()
    pixels = [small[at : at + 3] for at in range(0, len(small), 3)]
    border = [pixel for at, pixel in enumerate(pixels) if _is_border(*divmod(at, _SIDE))]
    means = [_mean(channel) for channel in zip(*border, strict=True)]
    unevenness = math.sqrt(_mean([_distance(pixel, means) for pixel in border]))
    whole = [_mean(channel) for channel in zip(*pixels, strict=True)]
    brightness = sum(weight * mean for weight, mean in zip(_LUMA, whole, strict=True))
    colour = [round(mean) for mean in means]
    return {"border": [*colour, round(unevenness)], "brightness": round(brightness)}


def on_one_background(looks: Sequence[Look]) -> bool:
    """Are there enough of them, and is it the same plain background?"""
    if len(looks) < FEWEST:
        return False
    *colours, unevenness = zip(*(each["border"] for each in looks), strict=True)
    apart = math.sqrt(sum(map(_variance, colours)) / len(colours))
    return apart < _SAME_BACKGROUND and _mean(unevenness) < _SAME_BACKGROUND


def in_one_light(looks: Sequence[Look]) -> str:
    """BRIGHT or DARK where all are, and they are enough; older reports did not measure it."""
    levels = [each["brightness"] for each in looks if "brightness" in each]
    if len(levels) < FEWEST or len(levels) < len(looks):
        return ""
    if min(levels) >= _BRIGHT_FROM:
        return BRIGHT
    return DARK if max(levels) <= _DARK_TO else ""


def _is_border(row: int, column: int) -> bool:
    return row in (0, _SIDE - 1) or column in (0, _SIDE - 1)


def _distance(pixel: Sequence[int], means: Sequence[float]) -> float:
    """Squared, and the mean of the three colours."""
    return _mean([(value - mean) ** 2 for value, mean in zip(pixel, means, strict=True)])


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
