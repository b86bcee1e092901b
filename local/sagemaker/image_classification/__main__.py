"""What does the built-in algorithm's container do? Here, in a few seconds: the same channels and
hyperparameters, the same refusals, and an artefact that MXNet reads.
"""

import os
import sys
from pathlib import Path

import numpy as np

from local.sagemaker.image_classification import artefact
from local.sagemaker.image_classification.contract import Refused, Wanted, wanted
from local.sagemaker.image_classification.forward import features
from local.sagemaker.image_classification.last_layer import LastLayer, Seen, taught
from local.sagemaker.image_classification.pictures import Listed, batches, listed
from local.sagemaker.image_classification.resnet import Network, resnet

_CALIBRATED_BY = 16  # pictures; enough for its batch normalisations


def main(ml: Path) -> int:
    try:
        _train(ml, wanted(ml))
    except Refused as reason:
        print(f"Customer Error: {reason}", file=sys.stderr)
        (ml / "output").mkdir(exist_ok=True)
        (ml / "output" / "failure").write_text(f"ClientError: {reason}")
        return 1
    return 0


def _train(ml: Path, asked: Wanted) -> None:
    data = ml / "input" / "data"
    train, validation = (listed(data, name, asked.classes) for name in ("train", "validation"))
    if len(train) != asked.samples:
        raise Refused(f"num_training_samples is {asked.samples}, and train.lst has {len(train)}")
    network = _begin(data, asked)
    if not (data / "model").is_dir():
        _calibrate(network, train, asked)
    learn, judge = _seen(network, train, asked), _seen(network, validation, asked)
    best = -1.0
    start = LastLayer(network.weights["fc1_weight"], network.weights["fc1_bias"])
    for epoch, layer in enumerate(taught(learn, start, asked.epochs)):
        print(f"Epoch[{epoch}] Train-accuracy={layer.accuracy(learn):.6f}")
        accuracy = layer.accuracy(judge) if validation else 0.0
        print(f"Epoch[{epoch}] Validation-accuracy={accuracy:.6f}", flush=True)
        if accuracy > best:
            best = accuracy
            _keep(ml / "model", network, layer, epoch + 1)


def _begin(data: Path, asked: Wanted) -> Network:
    """A network of random weights, or the one in the channel `model`."""
    network = resnet(asked.layers, asked.classes)
    if (data / "model").is_dir():
        before = artefact.read(data / "model" / "model.tar.gz")
        if {name: array.shape for name, array in before.items()} != {
            name: array.shape for name, array in network.weights.items()
        }:
            raise Refused("num_layers and num_classes must be those of the model to go on from")
        network.weights = before
    return network


def _calibrate(network: Network, train: list[Listed], asked: Wanted) -> None:
    some = train[:: max(1, len(train) // _CALIBRATED_BY)][:_CALIBRATED_BY]
    features(network, np.concatenate(list(batches(some, asked))), calibrate=True)


def _seen(network: Network, rows: list[Listed], asked: Wanted) -> Seen:
    width = network.weights["fc1_weight"].shape[1]
    found = [features(network, batch) for batch in batches(rows, asked)]
    everything = np.concatenate([np.empty((0, width), np.float32), *found])
    return Seen(everything, np.array([row.label for row in rows], int))


def _keep(folder: Path, network: Network, layer: LastLayer, epoch: int) -> None:
    """Only the best epoch stays."""
    for older in folder.glob("*.params"):
        older.unlink()
    network.weights["fc1_weight"] = layer.weights.astype(np.float32)
    network.weights["fc1_bias"] = layer.bias.astype(np.float32)
    artefact.write(folder, network, epoch)


if __name__ == "__main__":
    sys.exit(main(Path(os.environ.get("LENSLOOP_ML_ROOT", "/opt/ml"))))
