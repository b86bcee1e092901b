"""What is the smallest real release?
An ONNX file that tells colours apart, its golden pictures and its manifest.
"""

import hashlib
import io
import json
import zipfile
from typing import Any, NamedTuple

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from lensloop.wire import manifest
from lensloop.wire.picture import RESIZE

LABELS = ("red", "green", "blue")
COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230)}


def picture(label: str, shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), tuple(min(255, value + shade) for value in COLOURS[label])).save(
        file, "PNG"
    )
    return file.getvalue()


def colour_model(
    order: tuple[int, int, int] = (0, 1, 2),
    output: str = "probabilities",
    marker: str = "",
    unfamiliar: str = "",
    dark: bool = True,
    int8: bool = False,
    brightest: bool = False,
) -> bytes:
    """Answers which colour a picture has. Another `order` mixes up the labels; `marker` makes other
    bytes of it. With `unfamiliar="least"` it also answers how far a picture is from being of one
    colour, as the mean of the least channel: 20 or 35 for all that it was taught; with "nothing" it
    answers not a number. Without `dark` its answer to a black picture is not a number.
    With `int8` its scores go through eight bits. With `brightest` the brightest spot of each colour
    counts, and no more how much of it there is: a picture of one colour is the same to it.
    """
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Gather", ["mean", "order"], ["ordered"], axis=1),
        helper.make_node("Mul", ["ordered", "scale"], ["scores" if dark else "scaled"]),
        helper.make_node("Softmax", ["scores"], [output], axis=1),
    ]
    if int8:
        nodes[1:2] = [
            helper.make_node("QuantizeLinear", ["pixels", "step", "none"], ["bits"]),
            helper.make_node("DequantizeLinear", ["bits", "step", "none"], ["again"]),
            helper.make_node("ReduceMean", ["again"], ["mean"], axes=[1, 2], keepdims=0),
        ]
    if brightest:
        nodes[1].op_type = "ReduceMax"
    if not dark:
        nodes[-1:-1] = [
            helper.make_node("ReduceMax", ["mean"], ["level"], axes=[1], keepdims=1),
            helper.make_node("Div", ["level", "level"], ["one"]),
            helper.make_node("Mul", ["scaled", "one"], ["scores"]),
        ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", len(order)])]
    if unfamiliar:
        least = "unfamiliar" if unfamiliar == "least" else "least"
        nodes.append(helper.make_node("ReduceMin", ["mean"], [least], axes=[1], keepdims=0))
        if unfamiliar == "nothing":
            nodes.append(helper.make_node("Sub", [least, least], ["zero"]))
            nodes.append(helper.make_node("Div", ["zero", "zero"], ["unfamiliar"]))
        outputs.append(helper.make_tensor_value_info("unfamiliar", TensorProto.FLOAT, ["N"]))
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3])],
        outputs,
        [
            numpy_helper.from_array(numpy.array(order, dtype=numpy.int64), "order"),
            numpy_helper.from_array(numpy.array(0.05, dtype=numpy.float32), "scale"),
            numpy_helper.from_array(numpy.array(1, dtype=numpy.float32), "step"),
            numpy_helper.from_array(numpy.array(0, dtype=numpy.uint8), "none"),
        ],
    )
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(
        graph, producer_name="tests", doc_string=marker, ir_version=8, opset_imports=[opset]
    )
    return bytes(onnx.ModelProto.SerializeToString(model))


def golden_zip(pictures: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in pictures.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)  # the same at any time
    return file.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Files(NamedTuple):
    """A release as the bucket holds it."""

    manifest: dict[str, Any]
    model: bytes
    golden: bytes
    int8: bytes = b""
    deeplens: bytes = b""

    @property
    def manifest_bytes(self) -> bytes:
        return json.dumps(self.manifest).encode()


def make_release(
    epoch: int,
    model: bytes | None = None,
    golden: bytes | None = None,
    int8: bytes = b"",
    deeplens: bytes = b"",
    **changes: Any,
) -> Files:
    """`changes` replace fields of the manifest;
    the golden pictures are one of each colour, twice.
    """
    model = colour_model(marker=f"release {epoch}") if model is None else model
    pictures = {
        f"golden/{sha256(d)}.png": (lab, d)
        for lab in LABELS
        for d in (picture(lab), picture(lab, shade=15))
    }
    golden = (
        golden_zip({name: data for name, (_, data) in pictures.items()})
        if golden is None
        else golden
    )
    recalls = {label: {"images": 10, "recall": 1.0, "precision": 1.0} for label in LABELS}
    evaluation = {
        "dataset": "d" * 64,
        "labels": list(LABELS),
        "input": {"width": 32, "height": 32, "resize": RESIZE},
        "temperature": 1.0,
        "reject_threshold": 0.5,
        "candidate": {"all": {"images": 30, "accuracy": 1.0, "labels": recalls}},
        "golden": [
            {"file": name, "sha256": sha256(data), "label": label, "probability": 0.99}
            for name, (label, data) in pictures.items()
        ],
    }
    content = manifest.make(
        "trash",
        epoch,
        evaluation,
        manifest.File("model.onnx", sha256(model), len(model)),
        manifest.File("golden.zip", sha256(golden), len(golden)),
        "2026-11-22T12:00:00Z",
        manifest.File("model.int8.onnx", sha256(int8), len(int8)) if int8 else None,
        manifest.File("deeplens.tar.gz", sha256(deeplens), len(deeplens)) if deeplens else None,
    )
    return Files({**content, **changes}, model, golden, int8, deeplens)
