"""May a model that was made elsewhere be tried, and how is it given a picture? What its file says,
what a person says, and the questions that are left.

A model is known by what it is: the digest of its file and of what was said about it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from lensloop.model.last_layer import LastLayer, last_layer
from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_check import check_operators
from lensloop.wire.onnx_file import FLOAT32, UINT8, Described, Tensor
from lensloop.wire.reading import Reader

ALGORITHM = "imported"
TRAINED_ELSEWHERE = "the model was imported: it was trained elsewhere, not on these pictures"
MODEL, SAID = "model.onnx", "import.json"  # in its folder
FORMAT = 1
MOST_BYTES = 150 * 1024**2  # two of them, the candidate and live, fit into what judges them
# What a camera's oldest onnxruntime (1.14) runs; below 11, resizing was another operator.
OPSETS = (11, 18)
_NEWEST_IR = 10  # is written as 8 again: nothing that came with 9 and 10 is in an ordinary model
_SIDES = (16, 1024)  # pixels that a model may want
_SOFTMAX = "Softmax"
_PASSES = ("Identity", "Flatten", "Reshape", "Squeeze")
_COMMON = (
    "  timm, torchvision:     --scale 255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225\n"
    "  Ultralytics:           --scale 255\n"
    "  pixels from 0 to 255:  --scale 1\n"
    "  OpenCV, Caffe:         --scale 1 --mean 123.68,116.78,103.94 --bgr"
)

Channels = tuple[float, float, float]  # red, green, blue


@dataclass(frozen=True)
class Preparation:
    """(pixel / scale - mean) / std, of pixels from 0 to 255."""

    scale: float = 1.0
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Import:
    """How the model is used."""

    labels: tuple[str, ...]  # in the order of its answers
    input: str
    channels_last: bool
    floats: bool  # it takes float32, else uint8
    height: int
    width: int
    output: str
    softmax: bool  # its answers are probabilities, else logits
    preparation: Preparation
    bgr: bool  # it takes blue, green, red
    last_layer: LastLayer


class Question(BadArtifact):
    """What the file does not say; the message asks."""


def understood(
    model: Described, labels: Sequence[str], preparation: Preparation | None, bgr: bool = False
) -> Import:
    """Raises BadArtifact with what is wrong, or Question with what is to be said."""
    _check(model)
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise BadArtifact("The list of labels must name at least two labels, each once.")
    picture, answers = _input(model), _output(model)
    last, height, width = _layout(picture)
    known = answers.shape[1] if len(answers.shape) == 2 else None
    if known is not None and known != len(labels):
        raise BadArtifact(
            f"The model answers for {known} labels, and the list names {len(labels)}."
        )
    floats = picture.kind == FLOAT32
    if floats and preparation is None:
        raise Question(
            "The model takes float32 pictures, and its file does not say how they are prepared."
            f" Say it:\n{_COMMON}"
        )
    if not floats and preparation not in (None, Preparation()):
        raise BadArtifact(
            "The model takes pixels as they are (uint8): leave out --scale, --mean and --std."
        )
    return Import(
        labels=tuple(labels),
        input=picture.name,
        channels_last=last,
        floats=floats,
        height=height,
        width=width,
        output=answers.name,
        softmax=_has_softmax(model, answers.name),
        preparation=preparation or Preparation(),
        bgr=bgr,
        last_layer=last_layer(model, answers.name, len(labels)),
    )


def _check(model: Described) -> None:
    low, high = OPSETS
    if model.ir > _NEWEST_IR or not low <= model.opset <= high:
        raise BadArtifact(
            f"The model is of opset {model.opset} (IR {model.ir}); cameras run {low} to {high}."
            " Export it again, with PyTorch by torch.onnx.export(…, opset_version=17,"
            " external_data=False)."
        )
    check_operators(model)


def _input(model: Described) -> Tensor:
    if len(model.inputs) != 1:
        names = ", ".join(one.name for one in model.inputs) or "none"
        raise BadArtifact(f"The model must take one picture and nothing else; its inputs: {names}.")
    (picture,) = model.inputs
    if picture.kind not in (FLOAT32, UINT8) or len(picture.shape) != 4:
        raise BadArtifact(
            f"The model's input {picture.name} is no picture: it must be uint8 or float32 with four"
            " dimensions."
        )
    return picture


def _output(model: Described) -> Tensor:
    if len(model.outputs) != 1:
        names = ", ".join(one.name for one in model.outputs)
        raise BadArtifact(
            f"The model must answer once for each label; its outputs: {names}. Export the"
            " classifier alone."
        )
    (answers,) = model.outputs
    if answers.kind != FLOAT32:
        raise BadArtifact(f"The model's output {answers.name} must be float32.")
    return answers


def _layout(picture: Tensor) -> tuple[bool, int, int]:
    """Whether the colours come last, the height and the width."""
    _, first, second, third = picture.shape
    if first == 3:
        last, sides = False, (second, third)
    elif third == 3:
        last, sides = True, (first, second)
    else:
        raise BadArtifact(
            f"The model's input has the shape {list(picture.shape)}; three colours must come second"
            " or last."
        )
    height, width = (side or 224 for side in sides)  # of any size: the one that cameras have
    low, high = _SIDES
    if not low <= height <= high or not low <= width <= high:
        raise BadArtifact(f"The model takes {height} × {width} pixels; {low} to {high} are.")
    return last, height, width


def _has_softmax(model: Described, output: str) -> bool:
    """Whether the last thing that the model does is a softmax."""
    makers = {name: node for node in model.nodes for name in node.outputs}
    node = makers.get(output)
    while node and node.operator in _PASSES and node.inputs:
        node = makers.get(node.inputs[0])
    return node is not None and node.operator == _SOFTMAX


# Its name, and what is kept beside it


def digest(model: bytes, told: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(model).digest() + told).hexdigest()


class Said(NamedTuple):
    """What a person said about the model."""

    labels: tuple[str, ...]
    preparation: Preparation | None
    bgr: bool = False


def said(labels: Sequence[str], preparation: Preparation | None, bgr: bool = False) -> bytes:
    """As it is kept."""
    told = asdict(preparation) if preparation else None
    content = {"format": FORMAT, "labels": [*labels], "preparation": told}
    # Only where it is so: what was said before anybody could say it is the same import still.
    content |= {"bgr": True} if bgr else {}
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def read_said(text: bytes) -> Said:
    """Raises BadArtifact."""
    try:
        content = json.loads(text)
    except ValueError as damage:
        raise BadArtifact(f"{SAID} cannot be read: {damage}.") from damage
    top = Reader(content)
    top.expect_format(FORMAT)
    labels, part = top.texts("labels", "a list of labels"), top.maybe("preparation")
    scale = part.number("scale") if part else 1.0
    mean, std = (_channels(part, name) for name in ("mean", "std"))
    bgr = top.has("bgr") and top.value("bgr", lambda told: told is True, "true", False)
    top.check(BadArtifact, SAID)
    return Said(labels, Preparation(scale, mean, std) if part else None, bgr)


def _channels(part: Reader | None, name: str) -> Channels:
    values = part.value(name, _are_three_numbers, "three numbers", ()) if part else ()
    red, green, blue = values or (0.0, 0.0, 0.0)
    return float(red), float(green), float(blue)


def _are_three_numbers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(one, (int, float)) and abs(one) < 1e6 for one in value)
    )


def channels(text: str, option: str, lowest: float) -> Channels:
    """Three numbers with commas between them, or one for all three. Raises BadArtifact."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    values = values * 3 if len(values) == 1 else values
    if len(values) != 3 or not all(lowest <= value < 1e6 for value in values):
        raise BadArtifact(
            f"`{option}` is {text!r}; it must be three numbers with commas between them, or one."
        )
    red, green, blue = values
    return red, green, blue


def labels_of(text: str) -> list[str]:
    """Of a file with one label a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def misnamed(labels: Sequence[str], known: Sequence[str]) -> str:
    """What tells the model's labels from the project's, in a sentence; empty when nothing does."""
    missing, foreign = sorted(set(known) - set(labels)), sorted(set(labels) - set(known))
    parts = []
    if missing:
        parts.append(f"it does not know {', '.join(missing)}")
    if foreign:
        parts.append(f"the project has no {', '.join(foreign)}")
    if not parts:
        return ""
    return (
        f"The model's labels are not the project's: {'; '.join(parts)}. Write them in the list as"
        " the folders under images/ are called, in the order of the model's answers."
    )
