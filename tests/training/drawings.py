"""Pictures for training jobs: easy ones, drawn."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"plum": (120, 30, 120), "lime": (120, 200, 40), "sand": (210, 180, 120)}


def drawing(label: str, number: int) -> bytes:
    """A shape of its label's colour on a noisy ground, different for each number."""
    rng = np.random.default_rng([number, len(label), ord(label[0])])
    image = Image.fromarray(rng.integers(90, 160, (120, 160, 3), dtype=np.uint8))
    x, y, size = int(rng.integers(5, 70)), int(rng.integers(5, 50)), int(rng.integers(40, 65))
    ImageDraw.Draw(image).ellipse((x, y, x + size, y + size), fill=COLOURS[label])
    file = io.BytesIO()
    image.save(file, "PNG" if number % 5 == 0 else "JPEG")
    return file.getvalue()


def drawings(count: int, labels: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for label in labels:
        for number in range(count):
            yield f"images/{label}/{number:03d}.jpg", drawing(label, number)
