"""From a drop of pictures to the verdict with SageMaker's own algorithm: the real stacks, its
stand-in on the local cloud, and our job that makes a model of its network.
"""

import io
import json
import random
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.stories.conftest import Person, arrived

pytestmark = pytest.mark.slow
COLOURS = {"blue": (40, 60, 200), "red": (200, 40, 50)}


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    settings = {"algorithm": "image-classification", "image_classification_epochs": "4"}
    with arrived(tmp_path_factory.mktemp("built-in"), **settings) as somebody:
        yield somebody


def picture(colour: tuple[int, int, int], number: int) -> bytes:
    """Smaller than the algorithm takes, and in a format that it does not know."""
    chance = random.Random(number)
    blotches = bytes(
        max(0, min(255, round(part + chance.gauss(0, 45)))) for _ in range(64) for part in colour
    )
    tiles = Image.frombytes("RGB", (8, 8), blotches)
    file = io.BytesIO()
    tiles.resize((120, 90), Image.Resampling.BICUBIC).save(file, "WEBP", quality=90)
    return file.getvalue()


def test_its_network_becomes_a_release_that_cameras_and_a_deeplens_can_take(person: Person) -> None:
    s3 = person.cloud.client("s3")
    for label, (name, colour) in enumerate(COLOURS.items()):
        for number in range(16):
            body = picture(colour, 100 * label + number)
            s3.put_object(Bucket=person.bucket, Key=f"images/{name}/{number}.webp", Body=body)
    told = person.waits_for_end(1)
    assert told["outcome"] == "released", told["reasons"]
    jobs: list[dict[str, Any]] = (told["training"] or {})["jobs"]
    assert [(job["name"], job["instance"]) for job in jobs] == [
        ("deeplens-trash-1-1", "ml.g4dn.xlarge"),
        ("deeplens-trash-1-2", "ml.m5.xlarge"),
    ]
    answer = s3.get_object(Bucket=person.bucket, Key="releases/1/evaluation.json")
    evaluation = json.load(answer["Body"])
    assert evaluation["algorithm"] == "image-classification"
    assert evaluation["candidate"]["all"]["accuracy"] >= 0.7
    assert evaluation["proof"]["verdict"] == "passed"
    assert evaluation["proof"]["files"]["deeplens.tar.gz"]["verdict"] == "passed"
    assert (told["release"] or {})["left_out"] == {}
    assert evaluation["artefact"]["layers"] == 18
    assert evaluation["artefact"]["uri"].endswith(
        "/training/deeplens-trash-1-1/output/model.tar.gz"
    )
    bundle = s3.get_object(Bucket=person.bucket, Key="releases/1/deeplens.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
        assert "image-classification-0000.params" in tar.getnames()
