"""Does our own reader of ONNX see what ONNX's sees, and refuse what that would read otherwise?"""

from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from lensloop.wire import onnx_file
from lensloop.wire.errors import BadArtifact
from lensloop.wire.onnx_file import Tensor, describe
from tests.camera.small_release import colour_model

GRAPH = b"\x3a\x00"  # an empty one, which is all that a file must have
LATER = b"\xf1\x01"  # a field that no reader knows, of eight bytes
SHORTER = b"\xf5\x01"  # another, of four
DAMAGED = r"^The file is no ONNX model, or it is damaged\.$"


def with_weights(*weights: Any) -> bytes:
    graph = helper.make_graph([], "g", [], [], list(weights))
    return bytes(helper.make_model(graph).SerializeToString())


def weight(dims: list[int], data: int = 100) -> Any:
    return TensorProto(name="w", dims=dims, data_type=TensorProto.UINT8, raw_data=bytes(data))


def with_attribute(**held: Any) -> bytes:
    node = helper.make_node("Constant", [], ["y"])
    node.attribute.append(onnx.AttributeProto(name="held", **held))
    return bytes(helper.make_model(helper.make_graph([node], "g", [], [])).SerializeToString())


def elsewhere() -> Any:
    """No place is said, but that there is one."""
    found = weight([1])
    found.external_data.add().key = "location"
    return found


def sparse() -> Any:
    return helper.make_sparse_tensor(weight([1]), weight([1]), [9])


def test_it_sees_what_onnx_sees() -> None:
    data = colour_model(unfamiliar="least")
    theirs, ours = onnx.load_model_from_string(data), describe(data)
    assert (ours.ir, ours.opset) == (theirs.ir_version, theirs.opset_import[0].version)
    nodes = [(one.operator, one.domain, list(one.inputs), list(one.outputs)) for one in ours.nodes]
    assert nodes == [
        (one.op_type, one.domain, list(one.input), list(one.output)) for one in theirs.graph.node
    ]
    assert [one.name for one in ours.inputs] == [one.name for one in theirs.graph.input]
    assert ours.outputs[0] == Tensor("probabilities", TensorProto.FLOAT, (None, 3))
    assert ours[5:9] == (False, False, False, ())  # nothing but plain weights
    assert ours.weights == {one.name: tuple(one.dims) for one in theirs.graph.initializer}


def test_a_weight_that_is_named_as_an_input_is_no_input() -> None:
    """As exporters had it until 2019."""
    model = onnx.load_model_from_string(with_weights(weight([1])))
    model.graph.input.extend([onnx.ValueInfoProto(name="w"), onnx.ValueInfoProto(name="x")])
    assert describe(model.SerializeToString()).inputs == (Tensor("x", 0, ()),)


@pytest.mark.parametrize(
    ("domains", "opset"),
    [
        ([("", 13)], 13),
        ([("com.microsoft", 1), ("", 14)], 14),
        ([("com.microsoft", 1), ("ai.onnx", 15)], 15),
        ([("com.microsoft", 1)], 0),
        ([], 0),
    ],
)
def test_the_opset_is_that_of_onnx_itself(domains: list[tuple[str, int]], opset: int) -> None:
    model = onnx.ModelProto(opset_import=[helper.make_opsetid(*one) for one in domains])
    assert describe(model.SerializeToString() + GRAPH).opset == opset


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (with_weights(elsewhere()), "external"),
        (with_attribute(t=elsewhere()), "external"),
        (with_attribute(tensors=[weight([1]), elsewhere()]), "external"),
        (with_attribute(sparse_tensor=sparse()), "sparse"),
        (with_attribute(sparse_tensors=[sparse()]), "sparse"),
    ],
)
def test_what_is_no_plain_weight_is_seen(made: bytes, what: str) -> None:
    assert getattr(describe(made), what)


@pytest.mark.parametrize("held", [{"g": onnx.GraphProto()}, {"graphs": [onnx.GraphProto()]}])
def test_a_node_that_carries_graphs_is_seen(held: dict[str, Any]) -> None:
    (node,) = describe(with_attribute(**held)).nodes
    assert node.has_graphs
    assert not describe(with_attribute(t=weight([1]))).nodes[0].has_graphs


@pytest.mark.parametrize(
    ("dims", "more", "swollen"),
    [
        ([200], 0, False),
        ([2**20, 1], 0, True),
        ([1, 2**20], 0, True),
        ([0, 2**20], 0, False),
        ("just", 0, False),
        ("just", 1, True),
    ],
)
def test_a_weight_larger_than_its_bytes_is_swollen(dims: Any, more: int, swollen: bool) -> None:
    """No number takes less than half a byte."""
    one = weight([2 * weight([999]).ByteSize() + more] if dims == "just" else dims)
    found = describe(with_weights(one))
    assert found.swollen == (("w",) if swollen else ())


@pytest.mark.parametrize(("sides", "swollen"), [(b"\x01\x02", ()), (b"\x02\x80\x80\x40", ("w",))])
def test_sides_may_be_packed(sides: bytes, swollen: tuple[str, ...]) -> None:
    """As writers of other languages do."""
    one = b"\x0a" + bytes([len(sides)]) + sides + b"\x42\x01w" + b"\x4a\x01\x00"
    graph = b"\x2a" + bytes([len(one)]) + one
    assert describe(b"\x3a" + bytes([len(graph)]) + graph).swollen == swollen


@pytest.mark.parametrize(
    "data",
    [
        GRAPH,
        LATER + bytes(8) + GRAPH,
        SHORTER + bytes(4) + GRAPH,
        b"\x08" + b"\x80" * 9 + b"\x01" + GRAPH,
    ],
)
def test_what_is_not_known_is_passed_over(data: bytes) -> None:
    assert describe(data).nodes == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        LATER + bytes(7),
        GRAPH + LATER + bytes(7),
        GRAPH + SHORTER + bytes(3),
        GRAPH + b"\xf2\x01\x05four",
        GRAPH + b"\xf3\x01",  # a group, which nobody writes any more
        b"\x08" + b"\x80" * 10 + b"\x01" + GRAPH,
        GRAPH + GRAPH,
        b"\x38\x01",  # a number in the graph's place
        b"\x0a\x01\x08" + GRAPH,  # bytes in the version's place
        b"\x3a\x06\x5a\x04\x0a\x02\xff\xfe",  # an input's name that is no text
    ],
)
def test_what_is_damaged_is_said_in_a_sentence(data: bytes) -> None:
    with pytest.raises(BadArtifact, match=DAMAGED):
        describe(data)


def test_no_more_parts_are_read_than_a_model_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "MOST_FIELDS", 2)
    assert describe(b"\x08\x08" + GRAPH).ir == 8
    with pytest.raises(BadArtifact, match="more than 2 parts"):
        describe(b"\x08\x08\x10\x01" + GRAPH)
