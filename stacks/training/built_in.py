"""What is SageMaker asked for when its own image classification trains? A request of its own: other
channels, other hyperparameters, and an image that is AWS's.

After "Input/Output Interface for the Image Classification Algorithm" and "Image Classification
Hyperparameters" in SageMaker's guide; tests/stacks/test_built_in.py holds it against them.
"""

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from lensloop.channel import channel
from lensloop.dataset.lists import SHORTEST_SIDE
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.jsonata import EPOCH, filled, jsonata
from stacks.training import request

_IMAGE = "application/x-image"
_MODEL = "application/x-sagemaker-model"
_SIDE = 224  # pixels: what a camera gives a model, and what the pretrained weights learnt with
# AWS's example of transfer learning has it; the default of 0.1 is for learning from nothing.
_LEARNING_RATE = "0.01"
# Without a gain in so many epochs it stops; before the first ten it never does.
_PATIENCE, _AT_LEAST = "5", "10"
# 100,000 copies are 4 GB, and it makes a file of all of them beside.
_DISK_GB = 30
_DIGEST = "{$dataset.digest}"


@dataclass(frozen=True, kw_only=True)
class BuiltInSpec:
    image_uri: str
    role: iam.IRole
    bucket: s3.IBucket


def create_built_in_job(spec: BuiltInSpec, settings: Settings, *, prefix: str) -> dict[str, Any]:
    """`$copies` is what the step before it has listed."""
    return {
        "TrainingJobName": jsonata(request.job_name(prefix)),
        "RoleArn": spec.role.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": spec.image_uri,
            "TrainingInputMode": "File",
        },
        "InputDataConfig": jsonata(_channels(spec)),
        "HyperParameters": _hyperparameters(settings),
        "OutputDataConfig": {"S3OutputPath": request.address(spec.bucket, names.TRAINING_PREFIX)},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": jsonata("$machine.instance"),
            "VolumeSizeInGB": _DISK_GB,
        },
        # It goes on from there when spot capacity is taken away, and on the next machine.
        "CheckpointConfig": {
            "S3Uri": jsonata(
                filled(request.address(spec.bucket, names.checkpoints(f"{{{EPOCH}}}")))
            ),
        },
        "StoppingCondition": jsonata(request.stopping(settings)),
        # Nobody documents whether it fetches its pretrained weights or brings them. It is AWS's own
        # code, and sees only pictures that we have made (lensloop/dataset/lists.py).
        "EnableNetworkIsolation": False,
        "EnableManagedSpotTraining": jsonata("$machine.spot"),
        "Tags": [{"Key": "lensloop", "Value": prefix}],
    }


def _hyperparameters(settings: Settings) -> dict[str, str]:
    """Strings, all of them: SageMaker's API knows no other."""
    return {
        "num_classes": jsonata("$string($copies.classes)"),
        "num_training_samples": jsonata("$string($copies.pictures)"),
        "num_layers": str(settings.image_classification_layers),
        "image_shape": f"3,{_SIDE},{_SIDE}",
        "resize": str(SHORTEST_SIDE),
        "use_pretrained_model": "1",
        "epochs": str(settings.image_classification_epochs),
        "mini_batch_size": jsonata("$string($copies.batch)"),
        "learning_rate": _LEARNING_RATE,
        "early_stopping": "True",
        "early_stopping_min_epochs": _AT_LEAST,
        "early_stopping_patience": _PATIENCE,
    }


def _channels(spec: BuiltInSpec) -> str:
    """`model`, to go on from, is there only when the live release has the same classes."""

    def of_dataset(file: str) -> str:
        return request.address(spec.bucket, names.dataset(_DIGEST, file))

    always = [
        _channel("train", of_dataset(names.TRAIN_OBJECTS), listed=True),
        _channel("validation", of_dataset(names.VALIDATION_OBJECTS), listed=True),
        _channel("train_lst", of_dataset(names.TRAIN_LST)),
        _channel("validation_lst", of_dataset(names.VALIDATION_LST)),
    ]
    earlier = [_channel("model", "{$copies.model}") | {"ContentType": _MODEL}]
    return f"$append({filled(always)}, $copies.model = null ? [] : {filled(earlier)})"


def _channel(name: str, address: str, *, listed: bool = False) -> dict[str, Any]:
    return channel(name, address, listed=listed) | {"ContentType": _IMAGE}
