"""Do we read the built-in algorithm's files as MXNet does, and refuse what is no such file?"""

import functools
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lensloop.wire.errors import BadArtifact
from local.sagemaker.image_classification import artefact, resnet
from local.sagemaker.image_classification.forward import features
from training.algorithms.image_classification import params as reading
from training.algorithms.image_classification.convert import Network
from training.algorithms.image_classification.params import read_params
from training.algorithms.image_classification.symbol import read_symbol
from training.algorithms.normalisation import MEAN, RAW, ZOO, Normalisation
from training.embed import session

ROOT = Path(__file__).parents[2]
MXNET = ROOT / ".build" / "mxnet" / "bin" / "python"
SCRIPT = Path(__file__).with_name("mxnet_artefacts.py")
LABELS = 6
BY_MXNET = ("resnet18_v1", "resnet50_v1", "resnet18_v2", "resnet50_v2")


def images(count: int = 2) -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (count, 224, 224, 3), dtype=np.uint8)


def prepared(pictures: np.ndarray, how: Normalisation) -> np.ndarray:
    """What a network of that normalisation is given, by its definition."""
    values = (pictures - np.array(how.mean)) / np.array(how.spread)
    return values.transpose(0, 3, 1, 2).astype(np.float32)


@functools.cache
def small() -> resnet.Network:
    """A network of the least depth; nobody changes it."""
    network = resnet.resnet(18, LABELS)
    features(network, prepared(images(), RAW), calibrate=True)
    weights = np.random.RandomState(2).normal(0, 0.3, (LABELS, 512))
    network.weights["fc1_weight"] = weights.astype(np.float32)
    return network


def read(folder: Path) -> Network:
    (weights,) = folder.glob("*.params")
    return Network.read(
        (folder / "image-classification-symbol.json").read_text(), weights.read_bytes()
    )


def run_mxnet(*arguments: str) -> None:
    subprocess.run([str(MXNET), str(SCRIPT), *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> Path:
    """Folders of artefacts, each with MXNet's own answers for the same pictures."""
    if not MXNET.exists():
        pytest.skip("MXNet is not there to compare with; `make mxnet` installs it")
    folder = tmp_path_factory.mktemp("mxnet")
    np.save(folder / "pictures.npy", prepared(images(), ZOO))
    run_mxnet(str(folder), *BY_MXNET)
    (folder / "stand-in").mkdir()
    artefact.write(folder / "stand-in", small(), 3)
    run_mxnet(str(folder))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", [*BY_MXNET, "stand-in"])
def test_the_converted_network_answers_as_mxnet_does(answered, name):
    ours = session(read(answered / name).classifier(ZOO, temperature=1))
    probabilities = ours.run(None, {"image": images()})[0]
    theirs = np.load(answered / name / "answers.npy")
    assert np.abs(probabilities - theirs).max() <= 1e-5
    assert theirs.max() > 1.5 / LABELS  # it does prefer something


@pytest.mark.parametrize("how", [RAW, MEAN, ZOO], ids=lambda how: how.name)
def test_mean_and_spread_are_inside_the_model(how):
    network = Network.read(artefact.symbol(small()), artefact.params(small().weights))
    inside = session(network.embedder(how)).run(None, {"image": images(1)})[0]
    by_hand = features(small(), prepared(images(1), how))
    assert np.allclose(inside, by_hand, rtol=1e-3, atol=1e-3 * np.abs(by_hand).max())


def test_a_temperature_softens_the_answers_and_changes_nothing_else():
    network = Network.read(artefact.symbol(small()), artefact.params(small().weights))
    weights, bias = network.last_layer()
    picture = {"image": images(1)}
    given = session(network.embedder(RAW)).run(None, picture)[0]
    softened = session(network.classifier(RAW, temperature=3)).run(None, picture)[0]
    raised = np.exp((given @ weights + bias) / 3)
    assert np.allclose(softened, raised / raised.sum(), atol=1e-5)


def test_what_a_network_learnt_with_is_seen_by_its_first_layer():
    weights = artefact.params(small().weights)
    assert Network.read(artefact.symbol(small()), weights).normalisation == RAW
    without = json.loads(artefact.symbol(small()))
    for node in without["nodes"]:
        if node["name"] == "bn_data":
            node |= {"op": "identity", "inputs": node["inputs"][:1]}
    assert Network.read(json.dumps(without), weights).normalisation == ZOO


@pytest.mark.parametrize("layers", [18, 34, 50, 101, 152])
def test_a_network_of_any_depth_is_read(layers):
    network = resnet.resnet(layers, 2)
    found = read_symbol(artefact.symbol(network))
    assert found[-1].operator == "SoftmaxOutput"
    assert len(found) == len(network.layers)


@pytest.mark.parametrize(("kind", "wide"), [("<f2", 2), ("<f8", 1), ("<f4", 0)])
def test_weights_of_any_precision_become_float32(kind, wide):
    values = np.arange(6, dtype=kind).reshape(2, 3)
    assert np.array_equal(read_params(one(values, wide))["w"], values.astype(np.float32))


def one(
    values: np.ndarray, number: int = 0, *, name: bytes = b"arg:w", magic: int = 0xF993FAC9
) -> bytes:
    """A file with one array."""
    sparse = struct.pack("<i", 0) if magic != 0xF993FAC8 else b""
    head = struct.pack("<QQQI", 0x112, 0, 1, magic) + sparse + struct.pack("<I", values.ndim)
    sides = struct.pack(f"<{values.ndim}q", *values.shape)
    body = sides + struct.pack("<iii", 1, 0, number) + values.tobytes()
    return head + body + struct.pack("<QQ", 1, len(name)) + name


def old(values: np.ndarray) -> bytes:
    """As MXNet before 0.12 wrote them."""
    head = struct.pack("<QQQI", 0x112, 0, 1, values.ndim)
    sides = struct.pack(f"<{values.ndim}I", *values.shape)
    body = sides + struct.pack("<iii", 1, 0, 0) + values.tobytes()
    return head + body + struct.pack("<QQ", 1, 5) + b"arg:w"


W = np.ones((2, 3), "<f4")


@pytest.mark.parametrize(
    "data", [one(W), one(W, magic=0xF993FAC8), one(W, magic=0xF993FACA), old(W)]
)
def test_files_of_every_version_are_read(data):
    assert np.array_equal(read_params(data)["w"], W)


NAN = np.array([np.nan], "<f4")
HOSTILE = {
    "empty": (b"", "cut off"),
    "another format": (b"PK\x03\x04" + bytes(40), "no MXNet file"),
    "cut off": (one(W)[:-3], "cut off"),
    "more follows": (one(W) + b"x", "more follows"),
    "more arrays than bytes": (struct.pack("<QQQ", 0x112, 0, 2**60), "cut off"),
    "a huge side": (one(W).replace(struct.pack("<q", 3), struct.pack("<q", 2**62), 1), "cut off"),
    "a negative side": (one(W).replace(struct.pack("<q", 3), struct.pack("<q", -3), 1), "without"),
    "too many dimensions": (one(np.ones((1,) * 9, "<f4")), "9 dimensions"),
    "no dimension": (one(np.array(1, "<f4")), "0 dimensions"),
    "whole numbers": (one(np.ones(2, "<i4"), 4), "type 4"),
    "sparse": (
        one(W).replace(struct.pack("<Ii", 0xF993FAC9, 0), struct.pack("<Ii", 0xF993FAC9, 1)),
        "sparse",
    ),
    "no numbers": (one(NAN), "went astray"),
    "too large for float32": (one(np.array([1e300]), 1), "went astray"),
    "a name that is no text": (one(W, name=b"\xff\xfe"), "no text"),
    "a name twice": (artefact.params({"arg:w": W, "aux:w": W}), "a name of its own"),
}


@pytest.mark.parametrize(("data", "sentence"), HOSTILE.values(), ids=HOSTILE.keys())
def test_weights_that_are_none_are_refused_with_a_reason(data, sentence):
    with pytest.raises(BadArtifact, match=sentence):
        read_params(data)


def test_weights_larger_than_any_network_are_refused_unread(monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(BadArtifact, match="at most"):
        read_params(one(W))


@functools.cache
def _symbol() -> str:
    return artefact.symbol(resnet.resnet(18, LABELS))


def changed(**nodes: dict) -> str:
    """The small network, some layers of which are otherwise."""
    content = json.loads(_symbol())
    for node in content["nodes"]:
        for key, value in nodes.get(node["name"], {}).items():
            node[key] = node["attrs"] | value if key == "attrs" else value
    return json.dumps(content)


UNREADABLE = {
    "no JSON": ("{", "cannot be read"),
    "another JSON": ("[]", "cannot be read"),
    "deep": ("[" * 100_000, "cannot be read"),
    "two answers": (json.dumps({"nodes": [], "heads": [[0, 0], [1, 0]]}), "0 layers"),
    "a circle": (changed(conv0={"inputs": [[9_999, 0, 0], [1, 0, 0]]}), "not there"),
    "a place before the first": (changed(conv0={"inputs": [[-1, 0, 0]]}), "not there"),
    "another output": (changed(relu0={"inputs": [[3, 1, 0]]}), "not there"),
    "an operator that nobody knows": (changed(relu0={"op": "Custom"}), "operator Custom .relu0."),
    "an odd activation": (changed(relu0={"attrs": {"act_type": "odd"}}), "act_type 'odd'"),
    "code for a number": (changed(conv0={"attrs": {"stride": "(__import__('os'), 1)"}}), "stride"),
    "a huge padding": (changed(conv0={"attrs": {"pad": "(99999, 99999)"}}), "pad '"),
    "a kernel unlike its weights": (changed(conv0={"attrs": {"kernel": "(5, 5)"}}), "do not fit"),
    "an average over the border": (
        changed(pooling0={"attrs": {"pool_type": "avg", "pooling_convention": "full"}}),
        "pooling_convention",
    ),
    "weights that are missing": (changed(conv0_weight={"name": "gone"}), "gone .* missing"),
    "a second picture": (changed(bn0={"op": "elemwise_add"}, bn0_gamma={"name": "x"}), "missing"),
    "an end that is no softmax": (changed(softmax={"op": "Activation"}), "ends with Activation"),
    "answers that come from elsewhere": (changed(fc1={"op": "Flatten"}), "come from Flatten"),
    "layers of different widths": (changed(_plus0={"inputs": [[2, 0, 0], [8, 0, 0]]}), "not fit"),
}


@pytest.mark.parametrize(("symbol", "sentence"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_network_that_cannot_be_converted_is_refused_with_a_reason(symbol, sentence):
    with pytest.raises(BadArtifact, match=sentence):
        Network.read(symbol, artefact.params(small().weights)).classifier(RAW, 1)
