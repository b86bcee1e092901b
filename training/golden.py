"""How will a camera prove the model?
Pictures of each label that it must recognise before it may classify anything: test pictures, and
some that it learnt where those are too few.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import onnxruntime

from lensloop.dataset.kept_features import MOST_GOLDEN, golden_each
from lensloop.wire.errors import BadArtifact, PictureError
from lensloop.wire.picture import open_picture, read_input
from training.evaluate import Answers
from training.features import CacheDamaged
from training.golden_kept import KeptGolden
from training.model_file import UNFAMILIAR
from training.pictures import SIZE, Picture, Pictures

T = TypeVar("T")
# Of a probability: what two ways through the same arithmetic may differ by.
_AGREE = 1e-3
# Times what a release needs of a label is kept: a later model may not recognise them all.
_SPARE = 2
_LEARNT = 12  # pictures of a label: each costs one answer, and most are recognised
# They travel to every camera, and must not be what a release mostly is: half of a small model.
_MAX_BYTES_TOGETHER = 6_000_000
_MAX_BYTES = 500_000
# Longest side and quality, until the bytes are few enough. The last is what a model looks at, and
# is taken however large: it has 10,000 bytes, and 20,000 at most.
_SMALLER = ((4 * SIZE, 92), (2 * SIZE, 90), (2 * SIZE, 80), (SIZE, 85))
_CONFIDENT = 0.6  # so that another build of onnxruntime, off by a little, predicts the same


def choose(
    test: Sequence[Picture], answers: Answers, learnt: Sequence[Picture] = ()
) -> Iterator[Picture]:
    """Pictures recognised rightly and with confidence, most confident first, the labels taking
    turns; then a few that it learnt, in the same way.

    They need not say how good the model is, only whether it answers elsewhere as it did here.
    """
    right = []
    for i, row in enumerate(test):
        if row.label == answers.predicted[i] and answers.confidence[i] >= _CONFIDENT:
            right.append((-answers.confidence[i], row.sha256, i))
    right.sort()
    by_label: dict[str, list[Picture]] = {}
    for _, _, i in right:
        by_label.setdefault(test[i].label, []).append(test[i])
    yield from _in_turns(by_label)
    yield from _some_of(learnt)


def _some_of(learnt: Sequence[Picture]) -> Iterator[Picture]:
    by_label: dict[str, list[Picture]] = {}
    for row in sorted(learnt, key=lambda row: row.sha256):
        of_label = by_label.setdefault(row.label, [])
        if len(of_label) < _LEARNT:
            of_label.append(row)
    yield from _in_turns(by_label)


def _in_turns(by_label: Mapping[str, Sequence[T]]) -> Iterator[T]:
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
        if hashlib.sha256(data).hexdigest() == row.sha256:
            self._check(row, confidence)
        if answers.predicted[0] != row.label or confidence < _CONFIDENT:
            return None
        if self.most_unfamiliar is not None and found[1].item() > self.most_unfamiliar:
            return None
        return confidence

    def _check(self, row: Picture, confidence: float) -> None:
        """Of a picture's very bytes the file must say what its head has said of the picture's
        features, by which the model is judged.
        """
        of_head = self.confidence.get(row.sha256, confidence)  # of test pictures alone
        if abs(confidence - of_head) > _AGREE:
            differs = (
                f"the model file answers {confidence:.4f} for {row.key}, and its head"
                f" {of_head:.4f} for the features of that picture"
            )
            raise CacheDamaged(differs) if self.kept else BadArtifact(f"It must not be: {differs}.")


def confidence_of(test: Sequence[Picture], answers: Answers) -> dict[str, float]:
    contents = (row.sha256 for row in test)
    return dict(zip(contents, answers.confidence, strict=True))


def write(
    folder: Path, chosen: Iterator[Picture], pictures: Pictures, proof: Proof, kept: KeptGolden
) -> list[dict[str, Any]]:
    """Writes golden/*.jpg and lists what the model answers for exactly these bytes, one at a time
    as a camera would; the labels take turns in the list. Some more are kept for later jobs, which
    may have no other test pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    golden: dict[str, list[dict[str, Any]]] = {label: [] for label in proof.labels}
    each = golden_each(len(golden))
    most_bytes = _bytes_of_one(each * len(golden))
    there = Counter(row.label for row in pictures.rows if kept.holds(row))
    for row in chosen:
        of_label = golden[row.label]
        wanted = len(of_label) < each and sum(map(len, golden.values())) < MOST_GOLDEN
        if not wanted and there[row.label] >= _SPARE * each:
            continue
        data = _jpeg_of(row, pictures, proof, kept, most_bytes)
        if not data:  # gone since the evaluation, or never fetched; there are others
            continue
        if wanted:
            confidence = proof.confidence_in(row, data)
            if confidence is None:
                continue
            of_label.append(_put(folder, row, data, confidence))
        there[row.label] += not kept.holds(row)
        kept.put(row, data)
    return [*_in_turns(golden)]


def _bytes_of_one(golden: int) -> int:
    return min(_MAX_BYTES, _MAX_BYTES_TOGETHER // min(golden, MOST_GOLDEN))


def _put(folder: Path, row: Picture, data: bytes, probability: float) -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest()
    file = f"golden/{sha256}.jpg"
    (folder / f"{sha256}.jpg").write_bytes(data)
    return {"file": file, "sha256": sha256, "label": row.label, "probability": probability}


def _jpeg_of(
    row: Picture, pictures: Pictures, proof: Proof, kept: KeptGolden, most_bytes: int
) -> bytes | None:
    """What a camera is given. None for a picture that is not there or cannot be used: one whose
    whole file is there must show that file and head agree, however small it is made.
    """
    try:
        data = kept.get(row) or pictures.bytes_of(row)
        made = as_jpeg(data, most_bytes)
    except PictureError:
        return None
    if made is not data:
        proof.confidence_in(row, data)
    return made


def as_jpeg(data: bytes, most_bytes: int = _MAX_BYTES) -> bytes:
    """The very bytes where they are a small JPEG; a PNG or a large picture as a smaller JPEG."""
    if data.startswith(b"\xff\xd8") and len(data) <= most_bytes:
        return data
    image, made = open_picture(data, at_least=2 * SIZE), b""
    for side, quality in _SMALLER:
        smaller = io.BytesIO()
        image.thumbnail((side, side))
        image.save(smaller, "JPEG", quality=quality)
        made = smaller.getvalue()
        if len(made) <= most_bytes:
            break
    return made
