"""Is a model that is more than data, or no classifier of this camera, refused unloaded?"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lensloop.wire import onnx_check, onnx_file
from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_check import check_model
from tests.camera.small_release import LABELS, colour_model


def changed(change: Callable[[Any], Any]) -> bytes:
    """The good model with one thing changed."""
    model = onnx.load_model_from_string(colour_model())
    change(model)
    return bytes(model.SerializeToString())


def with_node(operator: str, inputs: list[str], **attributes: Any) -> bytes:
    """The good model and a node beside it, whose answer nobody needs."""
    node = helper.make_node(operator, inputs, ["aside"], **attributes)
    return changed(lambda model: model.graph.node.insert(0, node))


def outside(weight: Any, location: str) -> None:
    for field in ("raw_data", "int64_data", "float_data"):
        weight.ClearField(field)
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location


def external(location: str) -> bytes:
    return changed(lambda model: outside(model.graph.initializer[0], location))


def external_constant() -> bytes:
    value = numpy_helper.from_array(numpy.array([1.0], numpy.float32), "value")
    outside(value, "../../private.key")
    return with_node("Constant", [], value=value)


def sparse(location: str = "") -> Any:
    values = numpy_helper.from_array(numpy.array([1.0], numpy.float32), "sparse")
    indices = numpy_helper.from_array(numpy.array([3], numpy.int64), "indices")
    if location:
        outside(values, location)
    return helper.make_sparse_tensor(values, indices, [2**40])


def sparse_weight(location: str = "") -> bytes:
    return changed(lambda model: model.graph.sparse_initializer.append(sparse(location)))


def body() -> Any:
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    return helper.make_graph([], "body", [], [value])


def nested(depth: int) -> Any:
    graph = body()
    for _ in range(depth):
        node = helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=body())
        graph = helper.make_graph([node], "deeper", [], list(body().output))
    return graph


def add_input(model: Any) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def add_output(model: Any) -> None:
    model.graph.output.append(helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["N", 3]))


def take_floats(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def take_other_sides(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 64


def take_grey(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_value = 1


def take_rows(model: Any) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[2:]


def answer_text(model: Any) -> None:
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING


def answer_for_five(model: Any) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 5


def answer_a_row_of_five(model: Any) -> None:
    answer_for_five(model)
    del model.graph.output[0].type.tensor_type.shape.dim[0]


def add_nodes(*operators: str, domains: Sequence[str] = ()) -> bytes:
    def add(model: Any) -> None:
        for operator in operators:
            model.graph.node.append(helper.make_node(operator, ["mean"], [operator]))
        for domain in domains:
            model.graph.node.append(helper.make_node("Gelu", ["mean"], [domain], domain=domain))

    return changed(add)


def swell(model: Any) -> None:
    model.graph.initializer[1].dims.append(2**40)


def add_function(model: Any) -> None:
    opsets = [helper.make_opsetid("", 13)]
    node = helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(helper.make_function("mine", "F", ["x"], ["y"], [node], opsets))


def add_training(model: Any) -> None:
    model.training_info.add().algorithm.CopyFrom(body())


def add_foreign(model: Any) -> None:
    node = helper.make_node("Gelu", ["mean"], ["aside"], domain="com.microsoft")
    model.graph.node.append(node)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def two_graphs() -> bytes:
    """A real reader merges the two, and so sees weights elsewhere that neither check would."""
    second = onnx.ModelProto()
    second.graph.initializer.add().name = "order"
    return colour_model() + bytes(second.SerializeToString())


def far_place() -> bytes:
    """`data_location` as a number that is EXTERNAL only when it is cut to 32 bits."""
    good = onnx.load_model_from_string(colour_model())
    weight = good.graph.initializer[0]
    bytes_of_weight = weight.SerializeToString() + b"\x70" + b"\x81\x80\x80\x80\x10"
    del good.graph.initializer[0]
    part = b"\x2a" + bytes([len(bytes_of_weight)]) + bytes_of_weight
    graph = good.graph.SerializeToString() + part
    good.ClearField("graph")
    length = bytes([len(graph) & 0x7F | 0x80, len(graph) >> 7])
    return bytes(good.SerializeToString()) + b"\x3a" + length + bytes(graph)


def other_format() -> bytes:
    """ONNX and onnxruntime's own format at once; onnxruntime would read the second."""
    rest = changed(lambda model: model.ClearField("ir_version"))
    return b"\x08\x08\x12\x04ORTM" + rest


_DRAWING = ("Multinomial", "Bernoulli")
# What our own check refuses, with the words that say why.
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"\x08\x08", "no ONNX model"),
    "text": (lambda: b"this is not a model", "no ONNX model"),
    "cut off": (lambda: colour_model()[:-9], "no ONNX model"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "no ONNX model"),
    "weights in a file beside it": (lambda: external("weights.bin"), "in other files"),
    "weights in a file above": (lambda: external("../../private.key"), "in other files"),
    "weights anywhere": (lambda: external("/etc/passwd"), "in other files"),
    "a constant in a file": (external_constant, "in other files"),
    "sparse weights in a file": (lambda: sparse_weight("../../private.key"), "in other files"),
    "weights in a far place": (far_place, "in other files"),
    "sparse weights": (sparse_weight, "sparse"),
    "a sparse constant": (lambda: with_node("Constant", [], sparse_value=sparse()), "sparse"),
    "a weight without bytes": (lambda: changed(swell), "larger than the file"),
    "operators of others": (lambda: changed(add_foreign), "(com.microsoft)"),
    "operators of two others": (
        lambda: add_nodes(domains=["com.microsoft", "ai.onnx.ml"]),
        "operators that are not ONNX's own (ai.onnx.ml, com.microsoft); export it without them.",
    ),
    "operators of its own": (lambda: changed(add_function), "(functions)"),
    "graphs to train with": (lambda: changed(add_training), "(functions)"),
    "a branch": (
        lambda: with_node("If", ["c"], then_branch=body(), else_branch=body()),
        "branches (If)",
    ),
    "a loop": (lambda: with_node("Loop", ["n", "c"], body=body()), "branches (Loop)"),
    "a scan": (lambda: with_node("Scan", ["x"], body=body(), num_scan_inputs=1), "(Scan)"),
    "a hidden loop": (lambda: with_node("Abs", ["x"], body=body()), "branches (Abs)"),
    "branches in branches": (
        lambda: with_node("If", ["c"], then_branch=nested(30), else_branch=body()),
        "branches (If)",
    ),
    "chance": (lambda: with_node("RandomNormal", [], shape=[1]), "by chance (RandomNormal)"),
    "all that repeats": (
        lambda: add_nodes("SequenceMap", "Scan", "Loop", "If"),
        "branches (If, Loop, Scan, SequenceMap), whose time nobody can bound.",
    ),
    "all of chance": (
        lambda: add_nodes("RandomUniformLike", "RandomUniform", "RandomNormalLike", *_DRAWING),
        "(Bernoulli, Multinomial, RandomNormalLike, RandomUniform, RandomUniformLike)",
    ),
    "a second input": (lambda: changed(add_input), "it takes image, more"),
    "no input": (lambda: changed(lambda model: model.graph.ClearField("input")), "takes nothing"),
    "floats": (lambda: changed(take_floats), "kind 1 and the shape"),
    "other sides": (lambda: changed(take_other_sides), "must be uint8 of the shape [1, 32, 32, 3]"),
    "grey pictures": (
        lambda: changed(take_grey),
        "; it is of kind 2 and the shape ['any', 'any', 'any', 1].",
    ),
    "rows": (lambda: changed(take_rows), "must be uint8 of the shape"),
    "a second output": (lambda: changed(add_output), "it answers probabilities, mean"),
    "no output": (
        lambda: changed(lambda model: model.graph.ClearField("output")),
        "answers nothing.",
    ),
    "another output": (lambda: colour_model(output="something"), "it answers something"),
    "text as answer": (lambda: changed(answer_text), "must be float32"),
    "five labels": (lambda: changed(answer_for_five), "answers for 5 labels"),
    "a row of five": (lambda: changed(answer_a_row_of_five), "answers for 5 labels"),
    "two graphs": (two_graphs, "no ONNX model"),
    "another format": (other_format, "onnxruntime's own format"),
}


def test_a_good_model_is_only_data() -> None:
    check_model(colour_model(), LABELS, 32, 32, False)
    check_model(colour_model(unfamiliar="least"), LABELS, 32, 32, True)
    check_model(colour_model(unfamiliar="least"), LABELS, 32, 32, False)


@pytest.mark.parametrize(("made", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_only_data_is_refused_before_it_is_loaded(
    made: Callable[[], bytes], sentence: str
) -> None:
    with pytest.raises(BadArtifact) as refused:
        check_model(made(), LABELS, 32, 32, False)
    said = str(refused.value)
    assert sentence in said
    assert said.startswith(("The model ", "The model's ", "The file is "))
    assert said.endswith(".")


def test_a_release_that_tells_what_is_unfamiliar_needs_a_model_that_does() -> None:
    with pytest.raises(BadArtifact) as refused:
        check_model(colour_model(), LABELS, 32, 32, True)
    assert str(refused.value) == (
        "The model must answer probabilities and unfamiliar and nothing unknown; it answers"
        " probabilities."
    )


def test_onnx_has_two_names_for_its_own_operators() -> None:
    def rename(model: Any) -> None:
        model.graph.node[0].domain = "ai.onnx"

    check_model(changed(rename), LABELS, 32, 32, False)


def test_absurd_sizes_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert onnx_check.MOST_BYTES == 314_572_800
    with monkeypatch.context() as patch:
        patch.setattr(onnx_check, "MOST_BYTES", len(colour_model()))
        check_model(colour_model(), LABELS, 32, 32, False)
        patch.setattr(onnx_check, "MOST_BYTES", 100)
        with pytest.raises(BadArtifact, match="100 are the most that a camera takes"):
            check_model(colour_model(), LABELS, 32, 32, False)
    many = colour_model() + b"\x08\x08" * onnx_file.MOST_FIELDS
    with pytest.raises(BadArtifact, match="500000 parts"):
        check_model(many, LABELS, 32, 32, False)


def test_bytes_that_mean_nothing_are_refused_and_never_crash() -> None:
    data, chance = colour_model(), numpy.random.RandomState(5)
    for _ in range(1000):
        damaged = bytearray(data)
        for place in chance.randint(0, len(data), 3):
            damaged[place] = chance.randint(0, 256)
        try:
            check_model(bytes(damaged), LABELS, 32, 32, False)
        except BadArtifact:
            continue
