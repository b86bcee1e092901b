"""What does the built-in algorithm refuse? Hyperparameters, machines and channels, in the order in
which it looks at them.

After "Image Classification Hyperparameters" and "Input/Output Interface" of SageMaker's guide.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FAMILIES = ("p2", "p3", "g4dn", "g5")  # it has no code for a processor
CHANNELS = ("train", "validation", "train_lst", "validation_lst")
CONTENT = "application/x-image"
DEPTHS = (18, 34, 50, 101, 152, 200)
KNOWN = frozenset(
    {
        *("num_classes", "num_training_samples", "num_layers", "image_shape", "resize", "epochs"),
        *("use_pretrained_model", "mini_batch_size", "learning_rate", "lr_scheduler_step"),
        *("lr_scheduler_factor", "optimizer", "momentum", "weight_decay", "beta_1", "beta_2"),
        *("eps", "gamma", "augmentation_type", "precision_dtype", "top_k", "multi_label"),
        *("checkpoint_frequency", "early_stopping", "early_stopping_min_epochs", "kv_store"),
        *("early_stopping_patience", "early_stopping_tolerance"),
    }
)


class Refused(Exception):
    """What the customer did wrong; the job's FailureReason."""


@dataclass(frozen=True)
class Wanted:
    classes: int
    samples: int
    layers: int
    side: int
    resize: int
    epochs: int
    batch: int


def wanted(ml: Path) -> Wanted:
    """What the job asks for. Raises Refused."""
    config = ml / "input" / "config"
    _check_machine(json.loads((config / "resourceconfig.json").read_text()))
    _check_channels(json.loads((config / "inputdataconfig.json").read_text()))
    return _hyperparameters(json.loads((config / "hyperparameters.json").read_text()))


def _check_machine(resources: Mapping[str, str]) -> None:
    kind = resources["current_instance_type"]
    if kind.split(".")[1] not in FAMILIES:
        raise Refused(f"GPU instances are needed for training; {kind} has none that is supported")


def _check_channels(channels: Mapping[str, Mapping[str, str]]) -> None:
    for name in CHANNELS:
        if name not in channels:
            raise Refused(f"the channel {name} is missing")
        if channels[name].get("ContentType") != CONTENT:
            raise Refused(f"the channel {name} must have the content type {CONTENT}")


def _hyperparameters(given: Mapping[str, str]) -> Wanted:
    if unknown := sorted(set(given) - KNOWN):
        raise Refused(f"Additional hyperparameters are not allowed: {', '.join(unknown)}")
    shape = given.get("image_shape", "3,224,224")
    if shape != "3,224,224":
        raise Refused(f"this stand-in knows image_shape 3,224,224 only, not {shape}")
    found = Wanted(
        classes=_whole(given, "num_classes", low=2),
        samples=_whole(given, "num_training_samples", low=1),
        layers=_whole(given, "num_layers", "152"),
        side=224,
        resize=_whole(given, "resize", low=224),
        epochs=_whole(given, "epochs", "30", low=1),
        batch=_whole(given, "mini_batch_size", "32", low=1),
    )
    if found.layers not in DEPTHS:
        raise Refused(f"num_layers is {found.layers}; it must be one of {DEPTHS}")
    if found.batch > found.samples:
        raise Refused(f"mini_batch_size {found.batch} is above num_training_samples")
    return found


def _whole(given: Mapping[str, str], name: str, default: str = "", low: int = 0) -> int:
    written = given.get(name, default)
    if not isinstance(written, str):
        raise Refused(f"hyperparameters are strings; {name} is {written!r}")
    if not written:
        raise Refused(f"the hyperparameter {name} is required")
    if not written.isdigit() or int(written) < low:
        raise Refused(f"{name} is {written!r}; it must be a whole number from {low} on")
    return int(written)
