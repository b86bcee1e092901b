"""Which network does an MXNet symbol file describe? Its layers in order, read as data: the file is
somebody else's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.wire.errors import BadArtifact

MAX_CHARACTERS = 16 * 1024**2  # ResNet-200's has half a million
_MAX_LAYERS = 20_000  # ResNet-200 has 1,900, its weights counted
_MAX_SIDE = 1024  # of a kernel, stride or padding: far more than any network has
_WHOLE = re.compile(r"[0-9]{1,9}")
_TUPLE = re.compile(r"[(\[]\s*([0-9]{1,9}L?\s*(?:,\s*[0-9]{1,9}L?\s*)*),?\s*[)\]]")


@dataclass(frozen=True, eq=False)  # each is itself: comparing them would go through all before
class Layer:
    name: str
    operator: str
    attributes: Mapping[str, str]
    inputs: Sequence["Layer"]

    def text(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        written = self.attributes.get(name)
        return default if written is None else written.lower() in ("true", "1")

    def number(self, name: str, default: float) -> float:
        try:
            value = float(self.attributes.get(name, default))
        except ValueError:
            value = float("nan")
        if not 0 <= value <= _MAX_SIDE:
            raise self.odd(name)
        return value

    def pair(self, name: str, default: tuple[int, int]) -> list[int]:
        """Height and width."""
        written = self.attributes.get(name, "").strip()
        if written in ("", "()", "[]", "None"):
            return list(default)
        found = _TUPLE.fullmatch(written)
        sides = [int(side) for side in re.findall("[0-9]+", found[1])] if found else []
        if len(sides) != 2 or max(sides) > _MAX_SIDE:
            raise self.odd(name)
        return sides

    def whole(self, name: str, default: int) -> int:
        written = self.attributes.get(name, str(default))
        if not _WHOLE.fullmatch(written):
            raise self.odd(name)
        return int(written)

    def odd(self, name: str) -> BadArtifact:
        return BadArtifact(
            f"The network's layer {self.name} has the {name} {self.attributes.get(name)!r}, which"
            " cannot be converted."
        )


def read_symbol(text: str) -> list[Layer]:
    """The layers that the network's answer needs, in order, the answer last. Raises BadArtifact."""
    if len(text) > MAX_CHARACTERS:
        raise BadArtifact("The network's symbol file is far too long.")
    try:
        content = json.loads(text)
        layers = _layers(content["nodes"])
        (head,) = content["heads"]
        answer = _place(head, len(layers))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as damage:
        raise BadArtifact(f"The network's symbol file cannot be read: {damage!r}.") from damage
    return _needed(layers[: answer + 1])


def _needed(layers: Sequence[Layer]) -> list[Layer]:
    """Without what leads nowhere, such as a second output for training."""
    needed = {layers[-1]}
    for layer in reversed(layers):
        if layer in needed:
            needed.update(layer.inputs)
    return [layer for layer in layers if layer in needed]


def _layers(nodes: Sequence[Mapping[str, Any]]) -> list[Layer]:
    """Each names only layers before itself, so that there is no circle."""
    if not 1 <= len(nodes) <= _MAX_LAYERS:
        raise BadArtifact(f"The network's symbol file lists {len(nodes)} layers.")
    layers: list[Layer] = []
    for node in nodes:
        inputs = [layers[_place(source, len(layers))] for source in node["inputs"]]
        layers.append(Layer(str(node["name"]), str(node["op"]), _attributes(node), inputs))
    return layers


def _attributes(node: Mapping[str, Any]) -> dict[str, str]:
    """MXNet has called them by three names."""
    found = node.get("attrs") or node.get("attr") or node.get("param") or {}
    return {str(name): str(value) for name, value in found.items()}


def _place(source: Any, count: int) -> int:
    """Of a layer's first output, the only one that a classifier uses."""
    place, output = source[0], source[1]
    if type(place) is not int or not 0 <= place < count or output != 0:
        raise BadArtifact("The network's symbol file names a layer that is not there.")
    return place
