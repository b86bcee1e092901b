"""How will a camera prove the model?
A dozen test pictures that it must recognise before it may classify anything.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime

from lensloop.dataset.kept_features import GOLDEN
from lensloop.wire.errors import BadArtifact, PictureError
from lensloop.wire.picture import open_picture, read_input
from training.evaluate import Answers
from training.features import CacheDamaged
from training.golden_kept import KeptGolden
from training.model_file import UNFAMILIAR
from training.pictures import SIZE, Picture, Pictures

# Of a probability: what two ways through the same arithmetic may differ by.
_AGREE = 1e-3
_SPARE = 24  # pictures that are kept: a later model may not recognise them all
_MAX_BYTES = 500_000  # the dozen travels to every camera
_CONFIDENT = 0.6  # so that another build of onnxruntime, off by a little, predicts the same


def choose(test: Sequence[Picture], answers: Answers) -> Iterator[Picture]:
    """Pictures recognised rightly and with confidence,
    most confident first, the labels taking turns.
    """
    right = []
    for i, row in enumerate(test):
        if row.label == answers.predicted[i] and answers.confidence[i] >= _CONFIDENT:
            right.append((-answers.confidence[i], row.sha256, i))
    right.sort()
    by_label: dict[str, list[Picture]] = {}
    for _, _, i in right:
        by_label.setdefault(test[i].label, []).append(test[i])
    for turn in range(max(map(len, by_label.values()), default=0)):
        yield from (rows[turn] for _, rows in sorted(by_label.items()) if turn < len(rows))


@dataclass(frozen=True)
class Proof:
    """The whole model file, as a camera runs it."""

    model: onnxruntime.InferenceSession
    labels: Sequence[str]
    confidence: Mapping[str, float]  # by content: what its head alone answered for test pictures
    most_unfamiliar: float | None = None  # None: the model cannot tell
    kept: bool = False  # earlier jobs had kept the features that the head answered for

    def confidence_in(self, row: Picture, data: bytes) -> float | None:
        """In the picture's label; None where that would not prove anything on a camera."""
        image = read_input(data, SIZE, SIZE)[None]
        outputs = ["probabilities"] + ([] if self.most_unfamiliar is None else [UNFAMILIAR])
        found = self.model.run(outputs, {"image": image})
        answers = Answers.read(found[0], self.labels)
        confidence = answers.confidence[0]
        self._check(row, data, confidence)
        if answers.predicted[0] != row.label or confidence < _CONFIDENT:
            return None
        if self.most_unfamiliar is not None and found[1].item() > self.most_unfamiliar:
            return None
        return confidence

    def _check(self, row: Picture, data: bytes, confidence: float) -> None:
        """Of a picture's very bytes the file must say what its head has said of the picture's
        features, by which the model is judged.
        """
        off = abs(confidence - self.confidence[row.sha256])
        if hashlib.sha256(data).hexdigest() == row.sha256 and off > _AGREE:
            differs = (
                f"the model file answers {confidence:.4f} for {row.key}, and its head"
                f" {self.confidence[row.sha256]:.4f} for the features of that picture"
            )
            raise CacheDamaged(differs) if self.kept else BadArtifact(f"It must not be: {differs}.")


def confidence_of(test: Sequence[Picture], answers: Answers) -> dict[str, float]:
    contents = (row.sha256 for row in test)
    return dict(zip(contents, answers.confidence, strict=True))


def write(
    folder: Path, chosen: Iterator[Picture], pictures: Pictures, proof: Proof, kept: KeptGolden
) -> list[dict[str, Any]]:
    """Writes golden/*.jpg and lists what the model answers for exactly these bytes, one at a time
    as a camera would. Some more are kept for later jobs, which may have no other test pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    golden: list[dict[str, Any]] = []
    for row in chosen:
        if len(golden) == GOLDEN and len(kept) >= _SPARE:
            break
        data = kept.get(row) or _from_file(row, pictures)
        if not data:  # gone since the evaluation, or never fetched; there are others
            continue
        confidence = proof.confidence_in(row, data)
        if confidence is None:
            continue
        kept.put(row, data)
        if len(golden) < GOLDEN:
            golden.append(_put(folder, row, data, confidence))
    return golden


def _put(folder: Path, row: Picture, data: bytes, probability: float) -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest()
    file = f"golden/{sha256}.jpg"
    (folder / f"{sha256}.jpg").write_bytes(data)
    return {"file": file, "sha256": sha256, "label": row.label, "probability": probability}


def _from_file(row: Picture, pictures: Pictures) -> bytes | None:
    try:
        return _as_jpeg(pictures.bytes_of(row))
    except PictureError:
        return None


def _as_jpeg(data: bytes) -> bytes:
    """The very bytes where they are a small JPEG; a PNG or a large picture as a smaller JPEG."""
    if data.startswith(b"\xff\xd8") and len(data) <= _MAX_BYTES:
        return data
    image, smaller = open_picture(data, at_least=2 * SIZE), io.BytesIO()
    image.thumbnail((4 * SIZE, 4 * SIZE))
    image.save(smaller, "JPEG", quality=92)
    return smaller.getvalue()
