"""What the run's page is given beyond scores: neighbours, what changed, the learning curve."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lensloop.model.insights import FILE, read_insights
from lensloop.model.mistakes import MOST
from training import insights
from training.evaluate import Answers
from training.insights import Judged
from training.learning_curve import curve
from training.mistakes import mistakes
from training.neighbours import Learnt, Neighbour, nearest
from training.pictures import Picture
from training.unfamiliar import Unfamiliarity

LABELS = ["lime", "plum"]


def picture(name: str, label: str, split: str = "test") -> Picture:
    return Picture(f"images/{label}/{name}.jpg", name.rjust(64, "0"), label, split, "0" * 16)


def thumbnail(row: Picture) -> str | None:
    return None if row.key.endswith("gone.jpg") else f"small {row.key}"


# Neighbours


def near(*asked: tuple[float, float], count: int = 3) -> list[list[Neighbour]]:
    rows = [picture(str(n), "lime", "train") for n in range(3)]
    seen = np.array([[2, 0], [3, 3], [0, 9]], np.float32)
    learnt = Learnt(rows, seen, np.array(asked, np.float32), has_curve=False)
    return nearest(learnt, range(len(asked)), count)


def test_the_nearest_pictures_are_those_in_the_same_direction() -> None:
    (found,) = near((1, 0.2), count=2)
    assert [near.row.key for near in found] == ["images/lime/0.jpg", "images/lime/1.jpg"]
    assert [near.similarity for near in found] == pytest.approx([0.981, 0.832], abs=0.001)


def test_a_picture_in_which_nothing_is_seen_is_like_none() -> None:
    (found,) = near((0, 0), count=1)
    assert found[0].similarity == 0


def test_who_learnt_nothing_has_no_neighbours() -> None:
    nobody = Learnt([], np.empty((0, 2), np.float32), np.ones((2, 2), np.float32), has_curve=True)
    assert nearest(nobody, [1, 0], 3) == [[], []]


# The learning curve


def blobs(count: int, split: str, spread: float = 1.0) -> tuple[list[Picture], np.ndarray]:
    rng = np.random.default_rng(len(split))
    rows, places = [], []
    for side, label in enumerate(LABELS):
        for n in range(count):
            rows.append(picture(f"{split}{side}{n}".encode().hex(), label, split))
            places.append(rng.normal(2 * side - 1, spread, 12))
    return rows, np.array(places, np.float32)


def test_heads_are_taught_with_parts_and_asked_about_the_same_pictures() -> None:
    found = curve(*blobs(41, "train"), blobs(30, "validation"), LABELS)
    assert found is not None
    assert found["asked"] == 60
    points = found["points"]
    assert [point["share"] for point in points] == [0.1, 0.25, 0.5, 0.75, 1.0]
    assert [point["pictures"] for point in points] == [10, 22, 42, 62, 82]
    whole = points[-1]["right"]
    assert all(point["right"] + point["gained"] - point["lost"] == whole for point in points)
    assert points[-1]["gained"] == points[-1]["lost"] == 0
    assert whole >= 55


def test_a_label_with_one_picture_is_taught_in_every_part() -> None:
    found = curve(*blobs(1, "train"), blobs(30, "validation"), LABELS)
    assert found is not None
    assert {point["pictures"] for point in found["points"]} == {2}


def test_without_anybody_to_ask_there_is_no_curve() -> None:
    assert curve(*blobs(9, "train"), ([], np.empty((0, 12), np.float32)), LABELS) is None


# All of it


def answers(*said: str, confidence: float = 0.8) -> Answers:
    return Answers(list(said), [confidence + i / 100 for i in range(len(said))])


ROWS = [picture(str(n), label) for n, label in enumerate(("lime", "lime", "plum", "plum"))]
FEATURES = np.array([[1, 0], [1, 1], [0, 1], [-1, 1]], np.float32)
OURS = answers("lime", "plum", "plum", "plum")
THEIRS = answers("plum", "lime", "lime", "plum")


def written(folder: Path, learnt: Learnt | None = None, **different: Any) -> Any:
    judged = Judged(
        **{
            "rows": ROWS,
            "candidate": OURS,
            "live": THEIRS,
            "known": [True, True, False, True],
            "strange": None,
            **different,
        }
    )
    insights.write(folder, judged, learnt, LABELS, thumbnail)
    content = json.loads((folder / FILE).read_text("utf-8"))
    read_insights(content)
    return content


def test_known_pictures_that_only_one_model_gets_right_are_shown(tmp_path: Path) -> None:
    found = written(tmp_path)
    (fixed,), (broken,) = found["fixed"]["pictures"], found["broken"]["pictures"]
    assert fixed == {
        "key": "images/lime/0.jpg",
        "label": "lime",
        "thumbnail": "small images/lime/0.jpg",
        "sha256": ROWS[0].sha256,
        "predicted": "lime",
        "confidence": 0.8,
        "live_predicted": "plum",
    }
    assert (broken["key"], broken["predicted"], broken["live_predicted"]) == (
        "images/lime/1.jpg",
        "plum",
        "lime",
    )
    assert (found["fixed"]["count"], found["broken"]["count"]) == (1, 1)


def test_a_first_model_fixes_and_breaks_nothing(tmp_path: Path) -> None:
    found = written(tmp_path, live=None)
    assert found["fixed"] is found["broken"] is found["reliability"]["live"] is None


def test_confidence_is_held_against_what_is_right(tmp_path: Path) -> None:
    assert written(tmp_path)["reliability"] == {
        "candidate": [{"images": 4, "right": 3, "confidence": 0.815}],
        "live": [{"images": 4, "right": 2, "confidence": 0.815}],
    }


def test_the_least_familiar_pictures_are_shown_first(tmp_path: Path) -> None:
    found = written(tmp_path, strange=Unfamiliarity(1.0, [1.5, 0.2, 2.25, 1.0]))["unfamiliar"]
    assert found["count"] == 2
    assert [(p["key"], p["score"], p["predicted"]) for p in found["pictures"]] == [
        ("images/plum/2.jpg", 2.25, "plum"),
        ("images/lime/0.jpg", 1.5, "lime"),
    ]


def test_a_mistake_has_its_neighbours_and_one_that_is_gone_no_thumbnail(tmp_path: Path) -> None:
    rows = [picture("gone", "plum", "train"), picture("8", "lime", "validation")]
    learnt = Learnt(rows, np.array([[1, 1], [1, 0]], np.float32), FEATURES, has_curve=False)
    found = written(tmp_path, learnt)["neighbours"]
    assert found == {
        ROWS[1].sha256: [
            {"key": "images/plum/gone.jpg", "label": "plum", "similarity": 1.0},
            {
                "key": "images/lime/8.jpg",
                "label": "lime",
                "thumbnail": "small images/lime/8.jpg",
                "similarity": 0.7071,
            },
        ]
    }


def test_the_curve_asks_validation_and_test_pictures(tmp_path: Path) -> None:
    train, seen = blobs(10, "train")
    held_out, others = blobs(5, "validation")
    test, places = blobs(8, "test")
    said = Answers([row.label for row in test], [0.9] * len(test))
    learnt = Learnt([*train, *held_out], np.concatenate([seen, others]), places, has_curve=True)
    judged = {"rows": test, "candidate": said, "live": None, "known": [False] * len(test)}
    found = written(tmp_path, learnt, **judged)
    assert found["curve"]["asked"] == 10 + 16
    assert found["curve"]["points"][-1]["pictures"] == 20
    by_a_taught_backbone = dataclasses.replace(learnt, has_curve=False)
    assert written(tmp_path, by_a_taught_backbone, **judged)["curve"] is None


def test_every_mistake_that_is_shown_has_neighbours(tmp_path: Path) -> None:
    test, places = blobs(40, "test")
    said = Answers(["neither"] * len(test), [0.9] * len(test))
    learnt = Learnt(*blobs(2, "train"), places, has_curve=False)
    judged = {"rows": test, "candidate": said, "live": None, "known": [False] * len(test)}
    found = written(tmp_path, learnt, **judged)["neighbours"]
    shown = [test[i].sha256 for i in mistakes(test, said)[:MOST]]
    assert [*found] == shown
    assert {len(near) for near in found.values()} == {3}


def test_where_nobody_knows_what_taught_it_there_is_neither(tmp_path: Path) -> None:
    found = written(tmp_path)
    assert (found["neighbours"], found["curve"]) == ({}, None)
