"""What is still missing of a label is said from what was measured, and from six pictures on."""

from typing import Any

import pytest
from PIL import Image

from lensloop.dataset.look import look
from lensloop.dataset.missing import missing
from lensloop.dataset.warnings import one_background

TABLE, FLOOR, GARDEN = [200, 190, 180, 5], [90, 60, 40, 8], [100, 50, 20, 40]
FEW = "`glass` has 12 pictures: 18 more make 30, a good start."
BESIDE = "Nearly all pictures of `glass` have 640 × 480 pixels"


def looks(*measured: tuple[list[int], int | None]) -> list[dict[str, Any]]:
    found = []
    for border, brightness in measured:
        light = {} if brightness is None else {"brightness": brightness}
        found.append({"border": border, **light})
    return found


def all_are(number: int, which: str, found: str) -> list[str]:
    return [f"All {number} pictures of `glass` that were {which} are {found}."]


@pytest.mark.parametrize(
    ("examples", "taken", "said"),
    [
        ([], [], []),
        # Of the report's examples, and of those that were just taken.
        (
            [(TABLE, 150)] * 6,
            [],
            all_are(
                6,
                "measured",
                "on one plain background and bright: try another table, evening light",
            ),
        ),
        (
            [(TABLE, 118)] * 2,
            [(TABLE, 118)] * 4,
            all_are(6, "measured", "on one plain background: try another table"),
        ),
        ([(GARDEN, 150)] * 7, [], all_are(7, "measured", "bright: try evening light")),
        ([(GARDEN, 80)] * 6, [], all_are(6, "measured", "dark: try daylight or a lamp")),
        ([(TABLE, 118)] * 3, [(TABLE, 118)] * 2, []),
        ([(GARDEN, 150)] * 5 + [(GARDEN, 149)], [], []),
        ([(GARDEN, 80)] * 5 + [(GARDEN, 81)], [], []),
        ([(TABLE, 118)] * 5 + [(FLOOR, 118)] * 5, [], []),
        # Others differ; those that were just taken do not.
        (
            [(FLOOR, 50)] * 6,
            [(TABLE, 160)] * 6,
            all_are(
                6,
                "just taken",
                "on one plain background and bright: try another table, evening light",
            ),
        ),
        # Reports from before brightness was measured say nothing of it.
        ([(GARDEN, None)] + [(GARDEN, 160)] * 6, [], []),
    ],
)
def test_what_all_pictures_have_in_common_is_named_with_what_to_try(
    examples: list[tuple[list[int], int | None]],
    taken: list[tuple[list[int], int | None]],
    said: list[str],
) -> None:
    report = {"examples": {"glass": looks(*examples), "can": looks(*[(TABLE, 200)] * 9)}}
    assert missing("glass", 30, looks(*taken), report) == said


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (0, ["`glass` has no picture yet: 30 more make 30, a good start."]),
        (1, ["`glass` has 1 picture: 29 more make 30, a good start."]),
        (12, [FEW]),
        (30, []),
    ],
)
def test_thirty_pictures_are_a_good_start(pictures: int, said: list[str]) -> None:
    assert missing("glass", pictures, [], {}) == said


def test_what_the_newest_run_says_of_this_label_besides_is_repeated() -> None:
    said_here = ["Few pictures: `glass` (12). …", one_background("glass")]
    report = {"warnings": [*said_here, BESIDE, BESIDE.replace("glass", "can")]}
    assert missing("glass", 40, [], report) == [f"The newest run says: {BESIDE}"]


def test_border_and_brightness_are_measured_of_the_whole_picture() -> None:
    image = Image.new("RGB", (64, 64), (200, 100, 0))
    image.paste((0, 0, 0), (16, 16, 48, 48))
    measured = look(image)
    assert measured["border"] == [200, 100, 0, 0]
    assert measured["brightness"] == pytest.approx(0.75 * 118.5, abs=2)
    image.paste((0, 0, 0), (0, 0, 64, 32))
    assert look(image)["border"][3] > 60
