"""Which files does the algorithm leave? A network's layers and weights as MXNet writes them."""

import json
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from local.sagemaker.image_classification.resnet import Network

NAME = "image-classification"
_LIST, _V2, _FLOAT32 = 0x112, 0xF993FAC9, 0
_CPU = struct.pack("<ii", 1, 0)
_MXNET = 10301  # 1.3.1, whose format it is; any newer one reads it


def write(folder: Path, network: Network, epoch: int) -> None:
    shape = [1, 3, 224, 224]
    (folder / f"{NAME}-symbol.json").write_text(symbol(network))
    (folder / f"{NAME}-{epoch:04d}.params").write_bytes(params(_prefixed(network)))
    (folder / "model-shapes.json").write_text(json.dumps([{"shape": shape, "name": "data"}]))


def symbol(network: Network) -> str:
    variables = [i for i, layer in enumerate(network.layers) if layer.operator == "null"]
    nodes = []
    for layer in network.layers:
        inputs = [[place, 0, 0] for place in layer.inputs]
        node = {"op": layer.operator, "name": layer.name, "inputs": inputs}
        nodes.append(node | ({"attrs": dict(layer.attributes)} if layer.attributes else {}))
    content = {
        "nodes": nodes,
        "arg_nodes": variables,
        "node_row_ptr": list(range(len(nodes) + 1)),
        "heads": [[len(nodes) - 1, 0, 0]],
        "attrs": {"mxnet_version": ["int", _MXNET]},
    }
    return json.dumps(content, indent=2)


def params(arrays: Mapping[str, np.ndarray]) -> bytes:
    """As mxnet.nd.save of a dictionary."""
    parts = [struct.pack("<QQQ", _LIST, 0, len(arrays))]
    for array in arrays.values():
        sides = struct.pack(f"<{array.ndim}q", *array.shape)
        parts += [struct.pack("<IiI", _V2, 0, array.ndim), sides, _CPU, struct.pack("<i", _FLOAT32)]
        parts.append(np.ascontiguousarray(array, "<f4").tobytes())
    parts.append(struct.pack("<Q", len(arrays)))
    for name in arrays:
        encoded = name.encode()
        parts += [struct.pack("<Q", len(encoded)), encoded]
    return b"".join(parts)


def _prefixed(network: Network) -> dict[str, np.ndarray]:
    """MXNet keeps what is learnt and what is only counted apart."""
    return {
        f"{'aux' if '_moving_' in name else 'arg'}:{name}": array
        for name, array in network.weights.items()
    }


def read(archive: Path) -> dict[str, np.ndarray]:
    """The weights in an archive of an earlier job, which this stand-in wrote."""
    with tarfile.open(archive) as tar:
        (name,) = (name for name in tar.getnames() if name.endswith(".params"))
        file = tar.extractfile(name)
        data = file.read() if file else b""
    (count,) = struct.unpack_from("<Q", data, 16)
    arrays, at = [], 24
    for _ in range(count):
        (rank,) = struct.unpack_from("<I", data, at + 8)
        sides = struct.unpack_from(f"<{rank}q", data, at + 12)
        at += 12 + 8 * rank + 12
        arrays.append(np.frombuffer(data, "<f4", int(np.prod(sides)), at).reshape(sides))
        at += arrays[-1].nbytes
    names, at = [], at + 8
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, at)
        names.append(data[at + 8 : at + 8 + length].decode().partition(":")[2])
        at += 8 + length
    return dict(zip(names, arrays, strict=True))
