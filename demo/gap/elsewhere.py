"""How do the demo's things look to a camera in another place? Smaller, on a shelf with other
things out of focus behind them, in a bulb's light, seen by a small and noisy sensor.

As demo.pictures: the same words give the same bytes.
"""

import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from demo.pictures import SIDE, THINGS, chosen, lay

SIDES = 80, 150  # pixels of the thing; on the first source's table 110 to 220
LIGHT = (0.88, 0.74, 0.56)  # red, green and blue of what daylight would give: a bulb in the evening
NOISE = 7.0  # of 255: a cheap sensor in that light
BEHIND = 4  # other things on the shelf
BLUR = 6.0  # pixels: they are out of focus
SOFT = 1.0  # pixels: a lens of plastic


def render(assets: Path, label: str, words: str) -> Image.Image:
    """One thing of this label before a shelf."""
    rng = random.Random(f"elsewhere/{label}/{words}")
    seen = _shelf(assets, rng)
    lay(chosen(assets, label, rng), seen, SIDES, rng)
    grain = np.random.default_rng(rng.getrandbits(32))
    lit = np.asarray(seen.filter(ImageFilter.GaussianBlur(SOFT)), np.float64) * np.array(LIGHT)
    return Image.fromarray((lit + grain.normal(0, NOISE, lit.shape)).clip(0, 255).astype("uint8"))


def _shelf(assets: Path, rng: random.Random) -> Image.Image:
    """Wood, with things of any label on it, so that they say nothing of the one in front."""
    wood = np.array([rng.randint(120, 200), rng.randint(80, 140), rng.randint(40, 90)])
    grain = np.sin(np.linspace(0, rng.uniform(20, 60), SIDE))[:, None, None] * rng.uniform(5, 20)
    shelf = Image.fromarray((np.zeros((SIDE, SIDE, 3)) + wood + grain).clip(0, 255).astype("uint8"))
    for _ in range(BEHIND):
        lay(chosen(assets, rng.choice(sorted(THINGS)), rng), shelf, SIDES, rng)
    return shelf.filter(ImageFilter.GaussianBlur(BLUR))
