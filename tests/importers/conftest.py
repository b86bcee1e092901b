"""Pictures that are small and all different, and what holds them: folders, archives, a bucket."""

import io
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from importers.bucket import Bucket
from importers.decoders import Decoders, decoders
from tests.fakes.memory_cloud import MemoryS3


def drawn(number: object) -> Image.Image:
    """Of coarse patches, so that no two are near-duplicates."""
    rng = random.Random(str(number))
    return Image.frombytes("RGB", (8, 6), rng.randbytes(144)).resize((64, 48))


def picture(number: object, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    drawn(number).save(file, kind)
    return file.getvalue()


def fill(root: Path, files: Mapping[str, bytes]) -> Path:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return root


@pytest.fixture(scope="session")
def pool() -> Iterator[Decoders]:
    with decoders() as made:
        yield made


@pytest.fixture
def s3() -> MemoryS3:
    return MemoryS3()


@pytest.fixture
def bucket(s3: MemoryS3) -> Bucket:
    return Bucket(s3, "deeplens-test")  # type: ignore[arg-type]
