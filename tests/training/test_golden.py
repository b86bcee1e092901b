"""Golden pictures: of every label several, together no more than a camera's link bears."""

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training import golden
from training.evaluate import Answers
from training.golden_kept import KeptGolden
from training.paths import Paths
from training.pictures import Picture, Pictures


class Knows:
    """In the place of onnxruntime's session: a model that is right whatever it is shown."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = labels

    def run(self, _: Any, given: Any) -> list[np.ndarray]:
        """A picture's blue corner says which label it has."""
        found = int(given["image"][0, 2:8, 2:8, 2].mean().round()) // STEP
        row = np.full((1, len(self.labels)), 0.01 / len(self.labels), np.float32)
        row[0, min(found, len(self.labels) - 1)] = 0.99
        return [row]


STEP = 6


def drawn(number: int, label: int, side: int, noise: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, noise, (side, side, 3), dtype=np.uint8)
    pixels[: side // 2, : side // 2] = (0, 0, label * STEP + STEP // 2)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


def project(folder: Path, labels: int, each: int, side: int = 64, noise: int = 20) -> Pictures:
    paths, rows = Paths(folder), []
    for number in range(labels * each):
        label, data = number % labels, drawn(number, number % labels, side, noise)
        key = f"images/label {label:02d}/{number}.jpg"
        paths.picture(key).parent.mkdir(parents=True, exist_ok=True)
        paths.picture(key).write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        rows.append(Picture(key, sha256, f"label {label:02d}", "test", "0" * 16))
    return Pictures(paths, rows)


def chosen(pictures: Pictures, folder: Path) -> list[dict[str, Any]]:
    rows, labels = pictures.rows, pictures.labels
    answers = Answers([row.label for row in rows], [0.99] * len(rows))
    confidence = golden.confidence_of(rows, answers)
    proof = golden.Proof(Knows(labels), labels, confidence)  # type: ignore[arg-type]
    kept = KeptGolden(folder / "checkpoints")
    return golden.write(folder / "golden", golden.choose(rows, answers), pictures, proof, kept)


@pytest.mark.parametrize(("labels", "each"), [(2, 6), (3, 4), (5, 3), (12, 2), (40, 2)])
def test_every_label_is_shown_several_times_and_they_take_turns(
    tmp_path: Path, labels: int, each: int
) -> None:
    written = chosen(project(tmp_path, labels, 3 * each), tmp_path)
    shown = [entry["label"] for entry in written]
    assert Counter(shown) == dict.fromkeys(shown, each)
    assert len(set(shown)) == labels == len(set(shown[:labels]))
    # As many again are kept for a later job.
    assert len([*(tmp_path / "checkpoints" / "golden").iterdir()]) == 2 * each * labels


def test_a_label_that_has_fewer_shows_what_it_has(tmp_path: Path) -> None:
    pictures = project(tmp_path, 3, 4)
    pictures.rows = [row for row in pictures.rows if row.label != "label 01"] + pictures.rows[1:2]
    written = chosen(pictures, tmp_path)
    shown = Counter(entry["label"] for entry in written)
    assert shown == {"label 00": 4, "label 01": 1, "label 02": 4}


def test_where_test_pictures_are_too_few_some_that_were_learnt_are_shown(tmp_path: Path) -> None:
    pictures = project(tmp_path, 3, 20)
    test = [row for row in pictures.rows if row.label == "label 00"][:5]
    learnt = [row for row in pictures.rows if row not in test]
    answers = Answers([row.label for row in test], [0.99] * len(test))
    rows = [*golden.choose(test, answers, learnt)]
    assert rows[:5] == sorted(test, key=lambda row: row.sha256)
    assert Counter(row.label for row in rows[5:]) == dict.fromkeys(pictures.labels, 12)
    proof = golden.Proof(Knows(pictures.labels), pictures.labels, {})  # type: ignore[arg-type]
    written = golden.write(tmp_path / "golden", iter(rows), pictures, proof, KeptGolden(tmp_path))
    assert Counter(entry["label"] for entry in written) == dict.fromkeys(pictures.labels, 4)


def test_of_many_labels_the_pictures_become_smaller(tmp_path: Path, monkeypatch: Any) -> None:
    """Large and full of noise, as the worst photographs; the bound is made smaller than 6 MB, which
    would take a test of a minute.
    """
    monkeypatch.setattr(golden, "_MAX_BYTES_TOGETHER", 400_000)
    pictures = project(tmp_path, 4, 5, side=700, noise=120)
    assert min(len(pictures.bytes_of(row)) for row in pictures.rows) > 150_000
    written = chosen(pictures, tmp_path)
    sizes = [(tmp_path / entry["file"]).stat().st_size for entry in written]
    assert len(sizes) == 12
    assert max(sizes) <= 400_000 / 12
    assert golden.as_jpeg(pictures.bytes_of(pictures.rows[0])).startswith(b"\xff\xd8")


def test_never_are_there_more_than_a_camera_bears(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(golden, "MOST_GOLDEN", 30)
    written = chosen(project(tmp_path, 20, 3), tmp_path)
    assert len(written) == 30
    assert len({entry["label"] for entry in written}) == 20
