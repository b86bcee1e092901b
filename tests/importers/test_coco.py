"""Is each thing of a COCO set cut out where it is, whichever way its picture lies?"""

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from importers.source import Asked, CannotRead, Found, SourceError
from importers.sources import opened
from lensloop.importing import coco
from lensloop.importing.coco import (
    NO_BOX,
    NO_CATEGORY,
    OUTSIDE,
    SMALL,
    UNANNOTATED,
    AnnotationsError,
    Piece,
)

RED, GREEN = (200, 30, 30), (30, 200, 30)
CATEGORIES = [{"id": 0, "name": "Rope & strings"}, {"id": 1, "name": "Can"}]
BOX = [100, 40, 60, 50]  # where the picture is red


def drawn(orientation: int = 1) -> bytes:
    """300 × 200, green but for the box; `orientation`: how a viewer has to turn it."""
    image = Image.new("RGB", (300, 200), GREEN)
    x, y, w, h = BOX
    image.paste(RED, (x, y, x + w, y + h))
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = io.BytesIO()
    image.save(made, "JPEG", quality=95, exif=exif)
    return made.getvalue()


def annotations(*on: dict[str, Any], **image: Any) -> bytes:
    one = {"id": 0, "file_name": "batch_1/000006.JPG", "width": 300, "height": 200, **image}
    said = {"licenses": [], "images": [one], "annotations": list(on), "categories": CATEGORIES}
    return json.dumps(said).encode()


def box(*corners: float, category: object = 0, image: int = 0) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": list(corners)}


def found(
    folder: Path, content: bytes, pictures: dict[str, bytes] | None = None, whole: bool = False
) -> list[Found]:
    (folder / "batch_1").mkdir(exist_ok=True)
    (folder / "annotations.json").write_bytes(content)
    for name, data in (pictures or {}).items():
        (folder / f"batch_1/{name}.JPG").write_bytes(data)
    address = f"coco:{folder / 'annotations.json'}"
    with opened(Asked(address, folder, lambda service: None, whole=whole)) as source:
        return list(source.found())


@pytest.mark.parametrize("orientation", [1, 5, 6, 7, 8])
def test_a_box_in_pixels_of_the_file_is_cut_where_it_is(tmp_path: Path, orientation: int) -> None:
    (one,) = found(tmp_path, annotations(box(*BOX)), {"000006": drawn(orientation)})
    assert (one.path, one.label) == ("batch_1/000006-1.jpg", "Rope & strings")
    piece = Image.open(io.BytesIO(one.read()))
    sides = (72, 60) if orientation == 1 else (60, 72)  # with a tenth more on each side
    assert piece.size == sides
    middle = piece.getpixel((sides[0] // 2, sides[1] // 2))
    assert isinstance(middle, tuple)
    assert middle[0] > 150 > middle[1]
    corner = piece.getpixel((1, 1))
    assert isinstance(corner, tuple)
    assert corner[1] > 150 > corner[0], "some of the surroundings"


def test_a_box_in_pixels_of_the_upright_picture_is_cut_where_it_is(tmp_path: Path) -> None:
    # Turned right, the box lies at (200 - 40 - 50, 100), 50 wide and 60 high.
    said = annotations(box(110, 100, 50, 60), width=200, height=300)
    (one,) = found(tmp_path, said, {"000006": drawn(6)})
    piece = Image.open(io.BytesIO(one.read())).convert("RGB")
    middle = piece.getpixel((30, 36))
    assert isinstance(middle, tuple)
    assert middle[0] > 150 > middle[1]


@pytest.mark.parametrize(
    ("on", "image", "problem"),
    [
        ([], {}, UNANNOTATED),
        ([box(1, 1, 50, 50, category=9)], {}, NO_CATEGORY),
        ([box(1, 1, 0, 50)], {}, NO_BOX),
        ([{"image_id": 0, "category_id": 0}], {}, NO_BOX),
        ([box(1, 1, float("nan"), 5)], {}, NO_BOX),
        ([box(*BOX)], {"file_name": "../../etc/passwd.jpg"}, OUTSIDE),
        ([box(*BOX)], {"file_name": "/etc/passwd.jpg"}, OUTSIDE),
        ([box(*BOX)], {"file_name": "C:\\x.jpg"}, OUTSIDE),
    ],
)
def test_what_cannot_be_cut_out_is_said_before_it_is_read(
    on: list[dict[str, Any]], image: dict[str, Any], problem: str
) -> None:
    assert [piece.problem for piece in coco.read(annotations(*on, **image))] == [problem]


@pytest.mark.parametrize(
    ("corners", "size", "sentence"),
    [
        ((10, 10, 31, 90), (300, 200), SMALL),
        ((290, 10, 90, 90), (300, 200), SMALL),
        ((400, 10, 90, 90), (300, 200), NO_BOX),
        ((10, 10, 90, 90), (640, 480), "The annotations are of a picture of 640 × 480 pixels"),
        ((10, 10, 90, 90), (200, 300), "The annotations are of a picture of 200 × 300 pixels"),
    ],
)
def test_a_box_that_shows_nothing_is_left_out(
    corners: coco.Box, size: tuple[int, int], sentence: str
) -> None:
    said = coco.place(Piece("a.jpg", 1, "Can", corners, size), (300, 200), 1)
    assert isinstance(said, str)
    assert said.startswith(sentence)


def test_a_picture_that_is_not_there_costs_no_other(tmp_path: Path) -> None:
    said = json.loads(annotations(box(*BOX), box(*BOX, image=1, category="1")))
    said["images"].append({"id": "1", "file_name": "batch_1/000007.JPG"})
    pictures = {"000007": drawn()}
    gone, there = found(tmp_path, json.dumps(said).encode(), pictures)
    assert "not beside the annotations" in gone.problem
    assert (there.label, there.problem) == ("Can", "")
    assert there.read().startswith(b"\xff\xd8")


def test_whole_pictures_are_taken_where_they_show_things_of_one_kind(tmp_path: Path) -> None:
    same = annotations(box(*BOX), box(1, 1, 5, 5))
    (one,) = found(tmp_path, same, {"000006": drawn()}, whole=True)
    assert (one.path, one.label) == ("batch_1/000006.JPG", "Rope & strings")
    assert one.read() == drawn()
    (both,) = found(tmp_path, annotations(box(*BOX), box(1, 1, 5, 5, category=1)), whole=True)
    assert both.problem.startswith("It shows several things (Can, Rope & strings)")


def test_a_damaged_picture_is_said_when_it_is_read(tmp_path: Path) -> None:
    (one,) = found(tmp_path, annotations(box(*BOX)), {"000006": drawn()[:500]})
    with pytest.raises(CannotRead):
        one.read()


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"images": [], "annotations": []}'])
def test_what_is_no_coco_file_is_said(content: bytes) -> None:
    with pytest.raises(AnnotationsError, match=r"not JSON|no COCO annotations"):
        coco.read(content)


def test_annotations_that_are_not_there_are_said(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="cannot be read"),
        opened(Asked(f"coco:{tmp_path / 'x.json'}", tmp_path, lambda service: None)),
    ):
        pass


def test_outlines_of_things_do_not_lie_in_memory() -> None:
    """Of a file of a gigabyte they would take five."""
    outline = [[float(number) + 0.5 for number in range(1000)]]
    one = {"image_id": 1, "category_id": 0, "bbox": BOX, "segmentation": outline}
    images = [{"id": 1, "file_name": "a.jpg"}]
    top = {"images": images, "categories": CATEGORIES, "annotations": [one] * 200}
    content = json.dumps(top).encode()
    tracemalloc.start()
    assert len(coco.read(content)) == 200
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * len(content)
