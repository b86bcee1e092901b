"""Real photographs for several benches: where they are, how they look to the network, and their
perceptual hashes.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[2] / "shared" / "data"


def present(*names: str) -> Iterator[Path]:
    """The folders of these collections; those that are not on this machine are left out, and it is
    said.
    """
    for name in names:
        if (DATA / name).is_dir():
            print(f"  {name}: hashes and embeddings ...", file=sys.stderr, flush=True)
            yield DATA / name
        else:
            print(
                f"  left out: the photographs {name} are not on this machine ({DATA})",
                file=sys.stderr,
            )


def hashed(contents: Sequence[bytes]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_phash, contents))


def _phash(content: bytes) -> str:
    from lensloop.wire.picture import open_picture, phash

    return phash(open_picture(content, at_least=256))


def embedded(contents: Sequence[bytes], model: bytes | None = None) -> np.ndarray:
    """What the shipped backbone sees, float32 [pictures, 2984]; or another model's first answer."""
    from lensloop.wire.picture import read_input
    from training.algorithms.head.export import frozen_backbone
    from training.embed import session
    from training.pictures import SIZE

    network = session(model or frozen_backbone())

    def embed(content: bytes) -> np.ndarray:
        image = read_input(content, SIZE, SIZE)[None]
        features: np.ndarray = network.run(None, {"image": image})[0][0]
        return features

    with ThreadPoolExecutor(2) as pool:
        return np.stack(list(pool.map(embed, contents)))
