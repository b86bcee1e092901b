"""May a model be loaded at all? Our own check of its file, before onnxruntime sees it.

onnxruntime believes what a file says: it opens other files that the weights name (onnxruntime 1.19
and 1.23 returned a private key as a tensor), loads operators and runs loops without an end. So
a model that is data, and nothing but data, is known before it is loaded.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

from typing import Sequence, Tuple

from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_file import FLOAT32, UINT8, Described, Tensor, describe

IMAGE, PROBABILITIES, UNFAMILIAR = "image", "probabilities", "unfamiliar"
MOST_BYTES = 300 * 1024**2  # what a training job's archive may hold; a ResNet-152 has 240 MB
_OWN = ("", "ai.onnx")
# They carry graphs that are run as often as they like.
_LOOPS = frozenset({"Loop", "If", "Scan", "SequenceMap"})
# They answer otherwise each time, or mean what a classifier's answers must not.
_CHANCE = frozenset(
    {
        *("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike"),
        *("Multinomial", "Bernoulli"),
    }
)
# onnxruntime's own format: a file that begins so is read as that, whatever else it is as well.
_OTHER_FORMAT = b"ORTM"


def check_model(
    data: bytes, labels: Sequence[str], width: int, height: int, tells_unfamiliar: bool
) -> None:
    """Raises BadArtifact with the sentence that says why no camera may load the file."""
    if len(data) > MOST_BYTES:
        raise BadArtifact(
            f"The model has {len(data)} bytes; {MOST_BYTES} are the most that a camera takes."
        )
    if data[4:8] == _OTHER_FORMAT:
        raise BadArtifact("The model is in onnxruntime's own format and not in ONNX.")
    model = describe(data)
    check_operators(model)
    _check_input(model.inputs, width, height)
    _check_outputs(model.outputs, len(labels), tells_unfamiliar)


def check_operators(model: Described) -> None:
    """Raises BadArtifact when the model is more than weights and ONNX's own arithmetic."""
    if model.external:
        raise BadArtifact(
            "The model keeps weights in other files; export it as one file (PyTorch:"
            " external_data=False)."
        )
    if model.sparse:
        raise BadArtifact("The model has sparse weights, whose size nobody can bound.")
    if model.swollen:
        raise BadArtifact(
            f"The model's weight {model.swollen[0]!r} claims to be larger than the file."
        )
    foreign = sorted({node.domain for node in model.nodes if node.domain not in _OWN})
    if foreign or model.functions:
        raise BadArtifact(
            "The model needs operators that are not ONNX's own"
            f" ({', '.join(foreign) or 'functions'}); export it without them."
        )
    operators = {node.operator for node in model.nodes}
    loops = {node.operator for node in model.nodes if node.has_graphs} | (operators & _LOOPS)
    if loops:
        raise BadArtifact(
            f"The model has loops or branches ({', '.join(sorted(loops))}), whose time nobody can"
            " bound."
        )
    if operators & _CHANCE:
        chance = ", ".join(sorted(operators & _CHANCE))
        raise BadArtifact(f"The model answers by chance ({chance}).")


def _check_input(inputs: Tuple[Tensor, ...], width: int, height: int) -> None:
    if [one.name for one in inputs] != [IMAGE]:
        names = ", ".join(one.name for one in inputs) or "nothing"
        raise BadArtifact(f"The model must take `{IMAGE}` and nothing else; it takes {names}.")
    (picture,) = inputs
    wanted = (1, height, width, 3)
    fits = len(picture.shape) == len(wanted) and all(
        side in (None, want) for side, want in zip(picture.shape, wanted)
    )
    if picture.kind != UINT8 or not fits:
        raise BadArtifact(
            f"The model's `{IMAGE}` must be uint8 of the shape {list(wanted)}, as the release"
            f" prepares pictures; it is of {_shown(picture)}."
        )


def _check_outputs(outputs: Tuple[Tensor, ...], labels: int, tells_unfamiliar: bool) -> None:
    names = [one.name for one in outputs]
    wanted = {PROBABILITIES, UNFAMILIAR} if tells_unfamiliar else {PROBABILITIES}
    known = {PROBABILITIES, UNFAMILIAR}
    if not wanted <= set(names) <= known or len(names) > len(set(names)):
        raise BadArtifact(
            f"The model must answer {' and '.join(sorted(wanted))} and nothing unknown; it answers"
            f" {', '.join(names) or 'nothing'}."
        )
    for one in outputs:
        if one.kind != FLOAT32:
            raise BadArtifact(f"The model's `{one.name}` must be float32; it is {_shown(one)}.")
        if one.name == PROBABILITIES and one.shape and one.shape[-1] not in (None, labels):
            raise BadArtifact(
                f"The model answers for {one.shape[-1]} labels, and the release names {labels}."
            )


def _shown(tensor: Tensor) -> str:
    sides = ["any" if side is None else side for side in tensor.shape]
    return f"kind {tensor.kind} and the shape {sides}"
