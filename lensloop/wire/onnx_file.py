"""What is in an ONNX file? Read as data: nothing of it is loaded or run, and no length is believed.

Only the parts that a decision needs, by the field numbers of onnx.proto (ONNX IR 3 to 10). What a
real reader would merge or read otherwise is refused, so that it cannot see another model than this.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from lensloop.wire.errors import BadArtifact

FLOAT32, UINT8 = 1, 2  # of TensorProto.DataType
MOST_FIELDS = 500_000  # a model of 1,000 layers has 20,000; read in ten seconds on an Atom
_MOST_BYTES_OF_A_NUMBER = 10
_FIXED = {1: 8, 5: 4}  # bytes, by wire type
_DAMAGED = "The file is no ONNX model, or it is damaged."
# Of AttributeProto: one graph, several; a tensor, several; a sparse tensor, several.
_GRAPHS, _TENSORS, _SPARSE = (6, 11), (5, 10), (22, 23)

Value = Union[int, memoryview]


class Tensor(NamedTuple):
    name: str
    kind: int
    shape: Tuple[Optional[int], ...]  # None: any


class Node(NamedTuple):
    operator: str
    domain: str
    inputs: Tuple[str, ...]
    outputs: Tuple[str, ...]
    has_graphs: bool  # a loop or a branch, whose body it carries


class Described(NamedTuple):
    ir: int
    opset: int  # of ONNX's own operators
    inputs: Tuple[Tensor, ...]
    outputs: Tuple[Tensor, ...]
    nodes: Tuple[Node, ...]
    external: bool  # some weights are in other files
    sparse: bool  # some weights are written as sparse ones, of any size once they are unpacked
    functions: bool  # it brings operators of its own, or graphs to train with
    swollen: Tuple[str, ...]  # weights that claim to be larger than what the file holds of them
    weights: Dict[str, Tuple[int, ...]]  # the graph's own, each name's shape


def describe(data: bytes) -> Described:
    """Raises BadArtifact."""
    model = _Message(memoryview(data), _Budget())
    graph = model.message(7)
    if graph is None:
        raise BadArtifact(_DAMAGED)
    weights, sparse = graph.messages(5), graph.messages(15)
    named = {weight.text(8): tuple(weight.numbers(1)) for weight in weights}
    nodes = graph.messages(1)
    attributes = [attribute for node in nodes for attribute in node.messages(5)]
    weights += [held for one in attributes for number in _TENSORS for held in one.messages(number)]
    sparse += [held for one in attributes for number in _SPARSE for held in one.messages(number)]
    of_sparse = [part for one in sparse for number in (1, 2) for part in one.messages(number)]
    inputs = [_tensor(one) for one in graph.messages(11)]
    return Described(
        ir=model.number(1),
        opset=_opset(model),
        inputs=tuple(one for one in inputs if one.name not in named),
        outputs=tuple(_tensor(one) for one in graph.messages(12)),
        nodes=tuple(_node(node) for node in nodes),
        external=any(_is_elsewhere(weight) for weight in weights + of_sparse),
        sparse=bool(sparse),
        functions=model.has(25) or model.has(20),
        swollen=tuple(weight.text(8) for weight in weights if _is_swollen(weight)),
        weights=named,
    )


def _opset(model: _Message) -> int:
    for opset in model.messages(8):
        if opset.text(1) in ("", "ai.onnx"):
            return opset.number(2)
    return 0


def _node(node: _Message) -> Node:
    return Node(
        operator=node.text(4),
        domain=node.text(7),
        inputs=tuple(_as_text(one) for one in node.parts(1)),
        outputs=tuple(_as_text(one) for one in node.parts(2)),
        has_graphs=any(one.has(number) for one in node.messages(5) for number in _GRAPHS),
    )


def _tensor(value: _Message) -> Tensor:
    kind = value.message(2)
    tensor = kind.message(1) if kind else None
    shape = tensor.message(2) if tensor else None
    sides = shape.messages(1) if shape else []
    return Tensor(
        value.text(1),
        tensor.number(1) if tensor else 0,
        tuple(side.number(1) if side.has(1) else None for side in sides),
    )


def _is_elsewhere(weight: _Message) -> bool:
    # Any other place than the default: readers cut the number down to 32 bits.
    return weight.has(13) or weight.number(14) != 0


def _is_swollen(weight: _Message) -> bool:
    """No kind of number takes less than half a byte."""
    elements = 1
    for side in weight.numbers(1):
        elements *= side
    return elements > 2 * weight.size


# The wire format of protocol buffers


class _Budget:
    """How many fields may still be read: what is only made to be long takes nobody's time."""

    def __init__(self) -> None:
        self.left = MOST_FIELDS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BadArtifact(
                f"The model has more than {MOST_FIELDS} parts, which no camera reads."
            )


class _Message:
    def __init__(self, message: memoryview, budget: _Budget) -> None:
        self.size = len(message)
        self._budget = budget
        self._fields: Dict[int, List[Value]] = {}
        for number, value in _read(message):
            budget.spend()
            self._fields.setdefault(number, []).append(value)

    def has(self, number: int) -> bool:
        return number in self._fields

    def parts(self, number: int) -> List[memoryview]:
        found = []
        for value in self._fields.get(number, ()):
            if isinstance(value, int):
                raise BadArtifact(_DAMAGED)
            found.append(value)
        return found

    def messages(self, number: int) -> List[_Message]:
        return [_Message(part, self._budget) for part in self.parts(number)]

    def message(self, number: int) -> Optional[_Message]:
        """The only one: a reader would merge two, and then see what neither says."""
        found = self.messages(number)
        if len(found) > 1:
            raise BadArtifact(_DAMAGED)
        return found[0] if found else None

    def text(self, number: int) -> str:
        parts = self.parts(number)
        return _as_text(parts[-1]) if parts else ""

    def number(self, number: int) -> int:
        value = self._fields.get(number, [0])[-1]
        if not isinstance(value, int):
            raise BadArtifact(_DAMAGED)
        return value

    def numbers(self, number: int) -> Iterator[int]:
        """Of a repeated field, packed or not."""
        for value in self._fields.get(number, ()):
            if isinstance(value, int):
                yield value
                continue
            at = 0
            while at < len(value):
                self._budget.spend()
                one, at = _varint(value, at)
                yield one


def _read(message: memoryview) -> Iterator[Tuple[int, Value]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise BadArtifact(_DAMAGED)
        if at + length > len(message):
            raise BadArtifact(_DAMAGED)
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> Tuple[int, int]:
    value = 0
    for place in range(_MOST_BYTES_OF_A_NUMBER):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise BadArtifact(_DAMAGED)


def _as_text(value: memoryview) -> str:
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as damage:
        raise BadArtifact(_DAMAGED) from damage
