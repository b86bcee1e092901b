"""Is the golden set read as safely as all other pictures, and is the model's pace its own?"""

import io
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
from PIL import Image

from training import golden_set, pace
from training.paths import Paths

LABELS = ["can", "Müll"]


class ByBrightness:
    """Bright is a can, dark is rubbish."""

    def run(self, wanted: None, given: dict[str, Any]) -> list[Any]:
        bright = given["image"].mean(axis=(1, 2, 3)) > 127
        return [np.stack([bright, ~bright], axis=1).astype(np.float32)]


MODEL = cast(onnxruntime.InferenceSession, ByBrightness())


def put(root: Path, key: str, brightness: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (300, 300), (brightness,) * 3).save(file, "JPEG")
    write(root, key, file.getvalue())


def write(root: Path, key: str, content: bytes) -> None:
    path = root / "input/data/golden" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_without_the_channel_nobody_asked(tmp_path: Path) -> None:
    assert golden_set.scored(Paths(tmp_path), MODEL, LABELS) is None


def test_its_pictures_are_scored_by_the_folders_that_they_lie_in(
    tmp_path: Path, capsys: Any
) -> None:
    put(tmp_path, "can/a.jpg", 200)
    put(tmp_path, "can/deeper/b.jpg", 20)
    put(tmp_path, "Mu\u0308ll/c.jpg", 20)  # the label in another form of the same letters
    put(tmp_path, "unheard of/d.jpg", 20)
    write(tmp_path, "can/broken.jpg", b"\xff\xd8 no picture")
    found = golden_set.scored(Paths(tmp_path), MODEL, LABELS)
    assert found is not None
    assert (found["images"], found["accuracy"]) == (3, 2 / 3)
    assert found["labels"]["can"]["recall"] == 0.5
    assert found["labels"]["Müll"]["recall"] == 1.0
    assert "golden set: broken.jpg of can is left out" in capsys.readouterr().out


def test_a_golden_set_without_a_usable_picture_has_a_score_without_pictures(tmp_path: Path) -> None:
    write(tmp_path, "can/broken.jpg", b"\xff\xd8 no picture")
    found = golden_set.scored(Paths(tmp_path), MODEL, LABELS)
    assert found is not None
    assert found["images"] == 0


def test_the_pace_is_measured_in_milliseconds() -> None:
    assert 0 < pace.milliseconds(MODEL) < 1000
