"""What a stranger's classifier sees just before it answers is found in its graph, or said to be
unknown.
"""

import pytest

from lensloop.model.last_layer import LastLayer, last_layer
from lensloop.wire.onnx_file import FLOAT32, Described, Node, Tensor

LABELS = 3
Weights = dict[str, tuple[int, ...]]
PLAIN: Weights = {"w": (LABELS, 512), "b": (LABELS,), "k": (512, 3, 7, 7)}
NO_LAYER = "its answers do not come from one last layer of weights"


def node(operator: str, *names: str) -> Node:
    """Its inputs, and its output behind them."""
    return Node(operator, "", names[:-1], names[-1:], False)


BODY = (node("Conv", "image", "k", "map"), node("Flatten", "map", "seen"))
LAYER = node("Gemm", "seen", "w", "b", "answers")
FOUND = LastLayer("seen", 512)


def described(nodes: tuple[Node, ...], weights: Weights) -> Described:
    image, answers = Tensor("image", FLOAT32, (1, 3, 224, 224)), Tensor("answers", FLOAT32, (1, 3))
    return Described(8, 17, (image,), (answers,), nodes, False, False, False, (), weights)


def through(*operators: str, layer: Node = LAYER) -> tuple[Node, ...]:
    """The layer, and operators behind it."""
    names = [f"x{number}" for number in range(len(operators))] + ["answers"]
    first = layer._replace(outputs=(names[0],))
    rest = [node(*parts) for parts in zip(operators, names, names[1:], strict=False)]
    return (*BODY, first, *rest)


@pytest.mark.parametrize(
    "nodes",
    [
        (*BODY, LAYER),
        through("Softmax"),
        through("Flatten", "Softmax", "Identity"),
        (*BODY, node("MatMul", "seen", "w", "x"), node("Add", "x", "b", "answers")),
        (*BODY, node("MatMul", "seen", "w", "x"), node("Add", "b", "x", "answers")),
        (*BODY, LAYER._replace(inputs=("seen", "w", ""))),
        (*BODY, node("Transpose", "w", "t"), node("MatMul", "seen", "t", "answers")),
        (*BODY, LAYER, node("Conv", "map", "k", "leads nowhere")),
    ],
)
def test_what_the_last_layer_is_given_is_found(nodes: tuple[Node, ...]) -> None:
    assert last_layer(described(nodes, PLAIN), "answers", LABELS) == FOUND


BEHIND = (
    *("Add", "Sub", "Mul", "Div", "Softmax", "LogSoftmax", "Sigmoid", "Identity", "Cast"),
    *("Clip", "Dropout", "QuantizeLinear", "DequantizeLinear", "Flatten", "Reshape", "Squeeze"),
)


@pytest.mark.parametrize("operator", BEHIND)
def test_what_only_changes_each_number_may_come_behind_it(operator: str) -> None:
    layer, behind = through(operator)[2:]
    nodes = (*BODY, layer, behind._replace(inputs=(*behind.inputs, "b")))
    assert last_layer(described(nodes, PLAIN), "answers", LABELS) == FOUND


@pytest.mark.parametrize("operator", ["Conv", "Relu", "Gather", "LayerNormalization"])
def test_behind_what_mixes_or_drops_numbers_nothing_is_looked_for(operator: str) -> None:
    found = last_layer(described(through(operator), PLAIN), "answers", LABELS)
    assert found == LastLayer(why_unknown=NO_LAYER)


@pytest.mark.parametrize(
    "operator", ["Identity", "Transpose", "Cast", "Reshape", "DequantizeLinear"]
)
def test_weights_are_counted_through_what_keeps_their_number(operator: str) -> None:
    nodes = (*BODY, node(operator, "w", "b", "t"), LAYER._replace(inputs=("seen", "t", "b")))
    assert last_layer(described(nodes, PLAIN), "answers", LABELS) == FOUND


@pytest.mark.parametrize("made", [node("Concat", "w", "w", "t"), node("Transpose", "t")])
def test_weights_that_are_made_otherwise_are_not_counted(made: Node) -> None:
    nodes = (*BODY, made, LAYER._replace(inputs=("seen", "t", "b")))
    found = last_layer(described(nodes, PLAIN), "answers", LABELS)
    assert found.why_unknown == (
        "its last layer is given an unknown number of values of a picture, and must be given 32 to"
        " 4096"
    )


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ((), NO_LAYER),
        ((*BODY, node("Identity", "seen", "answers")), NO_LAYER),
        ((node("Conv", "image", "k", "map"), node("Flatten", "map", "answers")), NO_LAYER),
        # Two layers' answers, of which the mean is taken.
        (
            (
                *BODY,
                LAYER._replace(outputs=("one",)),
                LAYER._replace(outputs=("other",)),
                node("Add", "one", "other", "answers"),
            ),
            NO_LAYER,
        ),
        ((*BODY, node("MatMul", "seen", "map", "answers")), NO_LAYER),
        ((*BODY, node("Gemm", "seen", "w", "map", "answers")), NO_LAYER),
        ((*BODY, node("Gemm", "w", "seen", "answers")), NO_LAYER),
        (
            through("Reshape", layer=node("MatMul", "seen", "w", "answers")),
            "its last layer may look at parts of the picture",
        ),
        (
            through("Softmax", "Reshape", layer=node("MatMul", "seen", "w", "answers")),
            "its last layer may look at parts of the picture",
        ),
    ],
)
def test_what_nobody_can_tell_is_said(nodes: tuple[Node, ...], why: str) -> None:
    found = last_layer(described(nodes, PLAIN), "answers", LABELS)
    assert found == LastLayer("", 0, why)


@pytest.mark.parametrize(
    ("shape", "width"), [((3, 31), 0), ((3, 32), 32), ((4096, 3), 4096), ((3, 4097), 0), ((), 0)]
)
def test_only_so_many_numbers_are_looked_at(shape: tuple[int, ...], width: int) -> None:
    found = last_layer(described((*BODY, LAYER), {**PLAIN, "w": shape}), "answers", LABELS)
    assert found.width == width
    assert bool(found.why_unknown) == (not width)


def test_the_sentence_says_how_many_there_are() -> None:
    found = last_layer(described((*BODY, LAYER), {**PLAIN, "w": (3, 25088)}), "answers", LABELS)
    assert found.why_unknown == (
        "its last layer is given 25088 numbers of a picture, and must be given 32 to 4096"
    )
