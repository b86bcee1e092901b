"""What is in an ONNX file? Read as data: nothing of it is loaded or run, and no length is believed.

Only the parts that a decision needs, by the field numbers of onnx.proto (ONNX IR 3 to 10).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lensloop.wire.errors import BadArtifact

FLOAT32, UINT8 = 1, 2  # of TensorProto.DataType
_MOST_BYTES_OF_A_NUMBER = 10
_EXTERNAL = 1  # of TensorProto.DataLocation
_FIXED = {1: 8, 5: 4}  # bytes, by wire type
_DAMAGED = "The file is no ONNX model, or it is damaged."

Value = int | memoryview
Fields = Mapping[int, list[Value]]


@dataclass(frozen=True)
class Tensor:
    name: str
    kind: int
    shape: tuple[int | None, ...]  # None: any


@dataclass(frozen=True)
class Node:
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    has_graphs: bool  # a loop or a branch, whose body it carries


@dataclass(frozen=True)
class Described:
    ir: int
    opset: int  # of ONNX's own operators
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    external: bool  # some weights are in other files
    functions: bool  # it brings operators of its own


def describe(data: bytes) -> Described:
    """Raises BadArtifact."""
    model = _fields(memoryview(data))
    graph = _fields(_one(model, 7))
    weights = [_fields(one) for one in _parts(graph, 5)]
    named = {_text(weight, 8) for weight in weights}
    nodes = [_fields(one) for one in _parts(graph, 1)]
    attributes = [_fields(one) for node in nodes for one in _parts(node, 5)]
    held = [_fields(one) for attribute in attributes for one in _parts(attribute, 5)]
    inputs = [_tensor(_fields(one)) for one in _parts(graph, 11)]
    return Described(
        ir=_number(model, 1),
        opset=_opset(model),
        inputs=tuple(one for one in inputs if one.name not in named),
        outputs=tuple(_tensor(_fields(one)) for one in _parts(graph, 12)),
        nodes=tuple(_node(node) for node in nodes),
        external=any(_is_elsewhere(weight) for weight in (*weights, *held)),
        functions=25 in model,
    )


def _opset(model: Fields) -> int:
    for part in _parts(model, 8):
        opset = _fields(part)
        if _text(opset, 1) in ("", "ai.onnx"):
            return _number(opset, 2)
    return 0


def _node(node: Fields) -> Node:
    attributes = [_fields(one) for one in _parts(node, 5)]
    return Node(
        operator=_text(node, 4),
        domain=_text(node, 7),
        inputs=tuple(_as_text(one) for one in _parts(node, 1)),
        outputs=tuple(_as_text(one) for one in _parts(node, 2)),
        has_graphs=any(6 in attribute or 11 in attribute for attribute in attributes),
    )


def _tensor(value: Fields) -> Tensor:
    kind = _fields(_one(value, 2, b""))
    tensor = _fields(_one(kind, 1, b""))
    shape = _fields(_one(tensor, 2, b""))
    sides = [_fields(one) for one in _parts(shape, 1)]
    return Tensor(
        _text(value, 1),
        _number(tensor, 1),
        tuple(_number(side, 1) if 1 in side else None for side in sides),
    )


def _is_elsewhere(weight: Fields) -> bool:
    return 13 in weight or _number(weight, 14) == _EXTERNAL


# The wire format of protocol buffers


def _fields(message: memoryview) -> Fields:
    found: dict[int, list[Value]] = {}
    for number, value in _read(message):
        found.setdefault(number, []).append(value)
    return found


def _read(message: memoryview) -> Iterator[tuple[int, Value]]:
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


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MOST_BYTES_OF_A_NUMBER):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise BadArtifact(_DAMAGED)


def _parts(fields: Fields, number: int) -> list[memoryview]:
    found = []
    for value in fields.get(number, ()):
        if isinstance(value, int):
            raise BadArtifact(_DAMAGED)
        found.append(value)
    return found


def _one(fields: Fields, number: int, otherwise: bytes | None = None) -> memoryview:
    parts = _parts(fields, number)
    if not parts and otherwise is None:
        raise BadArtifact(_DAMAGED)
    return parts[-1] if parts else memoryview(otherwise or b"")


def _number(fields: Fields, number: int) -> int:
    value = fields.get(number, [0])[-1]
    if not isinstance(value, int):
        raise BadArtifact(_DAMAGED)
    return value


def _text(fields: Fields, number: int) -> str:
    return _as_text(_one(fields, number, b""))


def _as_text(value: memoryview) -> str:
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as damage:
        raise BadArtifact(_DAMAGED) from damage
