"""What do the demo's pictures look like?
Everyday things of the MIT-licensed Fluent 3D emoji, on uneven ground.

A picture is a function of its words (`first/compost/7`): the same words give the same bytes on
every machine of ours.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from local.errors import LocalCloudError
from local.tools import PROJECT

THINGS: dict[str, tuple[str, ...]] = {
    # banana, apple, carrot, leafy greens, bread, fallen leaf, egg, broccoli, avocado, bone
    "compost": (
        "1f34c",
        "1f34e",
        "1f955",
        "1f96c",
        "1f35e",
        "1f342",
        "1f95a",
        "1f966",
        "1f951",
        "1f9b4",
    ),
    # teddy, shoe, gloves, toothbrush, bandage, balloon, sponge, socks, cigarette, tennis ball
    "landfill": (
        "1f9f8",
        "1f45f",
        "1f9e4",
        "1faa5",
        "1fa79",
        "1f388",
        "1f9fd",
        "1f9e6",
        "1f6ac",
        "1f3be",
    ),
    # newspaper, parcel, can, bottle, lotion, page, sake bottle, jar, envelope, cup
    "recycling": (
        "1f4f0",
        "1f4e6",
        "1f96b",
        "1f37e",
        "1f9f4",
        "1f4c4",
        "1f376",
        "1fad9",
        "2709-fe0f",
        "1f964",
    ),
    # battery, phone, laptop, light bulb, plug, camera, keyboard, mouse, watch, radio
    "electronics": (
        "1f50b",
        "1f4f1",
        "1f4bb",
        "1f4a1",
        "1f50c",
        "1f4f7",
        "2328-fe0f",
        "1f5b1-fe0f",
        "231a",
        "1f4fb",
    ),
}
EMOJI = PROJECT / "node_modules" / "@lobehub" / "fluent-emoji-3d" / "assets"
# Of assets, label and words.
Draw = Callable[[Path, str, str], Image.Image]
SIDE = 256
SIDES = 110, 220  # pixels of a thing


def assets() -> Path:
    if not EMOJI.is_dir():
        raise LocalCloudError(
            "The demo's pictures are missing (no node_modules/@lobehub here); `make install` gets"
            " them."
        )
    return EMOJI


def render(assets: Path, label: str, words: str) -> Image.Image:
    """One thing of this label, anywhere in the frame,
    at any angle, with its shadow, over an uneven noisy ground.
    """
    rng = random.Random(f"{label}/{words}")
    thing = chosen(assets, label, rng)
    ground = _ground(rng)
    lay(thing, ground, SIDES, rng)
    return ground


def render_all(
    assets: Path, pictures: Iterable[tuple[str, str, Path]], draw: Draw = render
) -> Iterator[Path]:
    """Draws each (label, words, file) that is not there yet,
    several at once; yields the files in order.
    """

    def to_file(task: tuple[str, str, Path]) -> Path:
        label, words, file = task
        unfinished = file.with_suffix(f".{os.getpid()}.part")  # others may draw the same one now
        draw(assets, label, words).save(unfinished, "JPEG", quality=90)
        unfinished.rename(file)  # an interrupted run leaves no half picture behind
        return file

    missing = [picture for picture in pictures if not picture[2].exists()]
    for _, _, file in missing:
        file.parent.mkdir(parents=True, exist_ok=True)
    if missing:
        # Threads, for Pillow lets them run side by side; processes need a /dev/shm to talk over.
        with ThreadPoolExecutor() as pool:
            yield from pool.map(to_file, missing)


def chosen(assets: Path, label: str, rng: random.Random) -> Image.Image:
    """A thing of this label, with its transparency."""
    return _emoji(assets / f"{rng.choice(THINGS[label])}.webp")


def lay(
    thing: Image.Image, ground: Image.Image, sides: tuple[int, int], rng: random.Random
) -> None:
    """With its shadow, anywhere on the ground, at any angle; of a side between these, in pixels."""
    side = rng.randint(*sides)
    thing = thing.resize((side, side), Image.Resampling.LANCZOS)
    thing = thing.rotate(rng.uniform(0, 360), expand=True, resample=Image.Resampling.BICUBIC)
    x = rng.randint(-10, max(0, SIDE + 10 - thing.width))
    y = rng.randint(-10, max(0, SIDE + 10 - thing.height))
    ground.paste(_shadow(thing), (x + 6, y + 8), _shadow(thing))
    ground.paste(thing, (x, y), thing)


@cache
def _emoji(file: Path) -> Image.Image:
    return Image.open(file).convert("RGBA")


def _ground(rng: random.Random) -> Image.Image:
    grain = np.random.default_rng(rng.getrandbits(32))
    tint = np.array([rng.randint(90, 235) + rng.randint(-20, 20) for _ in range(3)])
    fall = np.linspace(0, rng.randint(-40, 40), SIDE)[:, None, None]
    noise = grain.standard_normal((SIDE, SIDE, 1)) * rng.uniform(2, 10)
    return Image.fromarray((tint + fall + noise).clip(0, 255).astype("uint8"), "RGB")


def _shadow(thing: Image.Image) -> Image.Image:
    shadow = Image.new("RGBA", thing.size, (0, 0, 0, 0))
    shadow.putalpha(
        thing.getchannel("A")
        .point(lambda alpha: int(alpha * 0.35))
        .filter(ImageFilter.GaussianBlur(5))
    )
    return shadow
