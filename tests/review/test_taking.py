"""Is what the computer's own camera takes compared, counted, and brought in as what is dropped?"""

import io
import random
from collections.abc import Callable

import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import WHO, fill, jpeg
from tests.review.test_drops import carried_out, recorded

Page = Callable[..., TestClient]


def shot(page: TestClient, identity: str, path: str, content: bytes) -> tuple[bool, str]:
    told = page.put(f"drops/{identity}/shot", params={"path": path}, content=content).json()
    return told["kept"], told["missing"][0]


@pytest.fixture
def begun(s3: FolderS3, page: Page) -> tuple[TestClient, str]:
    fill(s3, 0)
    at = page()
    return at, at.post("drops", json={"label": "can"}).json()["id"]


def test_what_is_nearly_the_same_as_one_just_taken_is_not_kept(
    s3: FolderS3, begun: tuple[TestClient, str]
) -> None:
    at, identity = begun
    few = "`can` has {} pictures: {} more make 30, a good start."
    assert at.get(f"drops/{identity}/missing").json()["missing"] == [few.format(2, 28)]
    assert shot(at, identity, "a.jpg", jpeg(70)) == (True, few.format(3, 27))
    assert shot(at, identity, "b.jpg", jpeg(70, side=200)) == (False, few.format(3, 27))
    assert shot(at, identity, "c.jpg", jpeg(88)) == (True, few.format(4, 26))
    told = at.post(f"drops/{identity}/take-out", json={"path": "a.jpg"}).json()
    assert told["missing"] == [few.format(3, 27)]
    assert shot(at, identity, "b.jpg", jpeg(70, side=200)) == (True, few.format(4, 26))
    assert at.post(f"drops/{identity}/plan", json={}).json()["new"] == {"can": 2}
    assert carried_out(at, identity)["uploaded"] == 2
    names = {key.split("/")[2].split("-")[0] for key in s3.keys("images/can/")}
    assert names == {"000000.jpg", "000001.jpg", "b", "c"}
    told = recorded(s3)
    assert told["source"] == f"page:{WHO} with the computer’s camera"
    assert (told["licence"], told["pictures"]) == ("own", {"can": 2})


def test_what_is_no_picture_is_said_to_be(begun: tuple[TestClient, str]) -> None:
    at, identity = begun
    answer = at.put(f"drops/{identity}/shot", params={"path": "a.jpg"}, content=b"x")
    assert answer.status_code == 409
    assert "picture" in answer.json()["sentence"]


def test_six_on_one_table_are_told_to_try_another(begun: tuple[TestClient, str]) -> None:
    at, identity = begun
    missing = []
    for number in range(6):
        kept, _ = shot(at, identity, f"{number}.jpg", on_a_table(number))
        assert kept
        missing.append(at.get(f"drops/{identity}/missing").json()["missing"][1:])
    said = "All 6 pictures of `can` that were measured are on one plain background and bright"
    assert missing == [*[[]] * 5, [f"{said}: try another table, evening light."]]


def on_a_table(number: int) -> bytes:
    image = Image.new("RGB", (160, 120), (230, 228, 224))
    thing = Image.frombytes("RGB", (6, 6), random.Random(number).randbytes(108))
    image.paste(thing.resize((80, 60)), (40, 30))
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()
