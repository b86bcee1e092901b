"""How would another camera, in another place, see the same things? For a bench that has pictures of
one source only: what it shows is a simulation, and says so.

A thing on a light board is laid on a blurred shelf by multiplying (what is white shows what lies
behind it), smaller and turned, in warm evening light, by a small and noisy sensor.
"""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

SIZE = 320, 240  # pixels of the frame
SHARE = 0.75  # of the frame's height that the thing's own photograph takes
BLUR = 5.0  # pixels: a shelf behind the thing, out of focus
LIGHT = (0.85, 0.72, 0.55)  # red, green and blue of what daylight would give: a bulb in the evening
NOISE = 6.0  # of 255: a cheap sensor in that light
QUALITY = 60  # of the JPEG that it makes
BOARD = 90  # per cent: the brightness of the board that the thing was photographed on
LEAST = 190  # of 255: what is darker is no board but a thing that fills the photograph
FEATHER = 0.12  # of the photograph's side, over which it fades into the shelf

Rng = np.random.Generator
Array = np.ndarray


def frame(content: bytes, shelves: Sequence[bytes], rng: Rng) -> bytes:
    """The same each time for the same generator."""
    behind = _shelf(shelves[int(rng.integers(len(shelves)))], rng)
    thing, mask = _thing(content, rng)
    left = int(rng.integers(0, SIZE[0] - thing.shape[1] + 1))
    top = int(rng.integers(0, SIZE[1] - thing.shape[0] + 1))
    part = behind[top : top + thing.shape[0], left : left + thing.shape[1]]
    part *= mask * thing + (1 - mask)
    seen = behind * np.array(LIGHT) * 255 + rng.normal(0, NOISE, behind.shape)
    made = io.BytesIO()
    image = Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))
    image.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def _shelf(content: bytes, rng: Rng) -> Array:
    """0 to 1, and rather bright, so that the thing on it can be seen."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    width, height = image.size
    side = min(width / SIZE[0], height / SIZE[1])
    wide, high = int(SIZE[0] * side), int(SIZE[1] * side)
    left = int(rng.integers(0, width - wide + 1))
    top = int(rng.integers(0, height - high + 1))
    cut = image.crop((left, top, left + wide, top + high)).resize(SIZE)
    blurred = np.asarray(cut.filter(ImageFilter.GaussianBlur(BLUR)), np.float64) / 255
    return 0.45 + 0.55 * blurred


def _thing(content: bytes, rng: Rng) -> tuple[Array, Array]:
    """Its photograph with the board made white, and how much of it counts at each pixel."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    high = int(SIZE[1] * SHARE)
    small = image.resize((high, high)).rotate(90 * int(rng.integers(4)))
    seen = np.asarray(small, np.float64)
    board = np.maximum(np.percentile(seen, BOARD, axis=(0, 1)), LEAST)
    away = np.linspace(-1, 1, high)
    edge = np.clip((1 - np.abs(away)) / FEATHER, 0, 1)
    return np.clip(seen / board, 0, 1), (edge[:, None] * edge[None, :])[..., None]
