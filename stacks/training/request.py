"""What is SageMaker asked for? The whole CreateTrainingJob request; what depends on the run's data
set, or on the machine whose turn it is, is JSONata.

It is written by hand, because CDK's own task knows
neither spot capacity nor what a caught failure means.
"""

import json
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from lensloop.channel import channel
from lensloop.dataset.kept_features import ALL, UNCACHED
from lensloop.machines.disk import OWN_GB
from lensloop.machines.ladder import all_types
from lensloop.model import incremental
from lensloop.model.standards import BACKBONES
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.jsonata import EPOCH, filled, jsonata
from stacks.training.image import FRAMEWORK, VERSION

CODE = "/opt/ml/input/data/code"
ENTRY = "/opt/ml/input/data/entry"
WAIT_FOR_SPOT = Duration.minutes(30)

_METRICS = ("accuracy", "lowest_recall", "calibration_error")  # as the training prints them
# In names and addresses, where the workflow fills in what it holds.
_EPOCH, _DIGEST, _LIVE_EPOCH = f"{{{EPOCH}}}", "{$dataset.digest}", "{$dataset.live_epoch}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the image's own entry point is told to run."""

    program: str  # S3 address of training/start.py
    program_file: str  # its name there


@dataclass(frozen=True, kw_only=True)
class TrainingSpec:
    """What every job of the project has."""

    image_uri: str
    role: iam.IRole
    bucket: s3.IBucket
    code: str  # S3 address of the zip with our code
    code_file: str  # its name; Python imports from it as it is
    dependencies: str  # S3 address of the zip with its packages
    entry: Entry | None = None  # without one, we name the command


def create_training_job(spec: TrainingSpec, settings: Settings, *, prefix: str) -> dict[str, Any]:
    return {
        "TrainingJobName": jsonata(job_name(prefix)),
        "RoleArn": spec.role.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": spec.image_uri,
            "TrainingInputMode": "File",
            **_command(spec),
            "MetricDefinitions": _metrics(),
        },
        "Environment": _environment(spec),
        "InputDataConfig": jsonata(_channels(spec, settings)),
        "HyperParameters": {
            "algorithm": jsonata(
                f"$artefact = null ? '{settings.algorithm}' : $artefact.algorithm"
            ),
            "artefact": jsonata("$artefact = null ? '' : $artefact.uri"),
            "epoch": jsonata(f"$string({EPOCH})"),
            "digest": jsonata("$dataset.digest"),
            "project": settings.project,
            **_layers(settings),
            **_which_pictures(settings),
            **_epochs(settings),
            **_told_to_the_image(spec),
        },
        "OutputDataConfig": {"S3OutputPath": address(spec.bucket, names.TRAINING_PREFIX)},
        **_kept_features(spec, settings),
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": jsonata("$machine.instance"),
            "VolumeSizeInGB": jsonata(_disk_gb(settings)),
            **_kept_warm(settings),
        },
        "StoppingCondition": jsonata(stopping(settings)),
        "EnableNetworkIsolation": True,
        "EnableManagedSpotTraining": jsonata("$machine.spot"),
        "Tags": [{"Key": "lensloop", "Value": prefix}],
    }


def fixed(spec: TrainingSpec) -> dict[str, Any]:
    """What a deployment fixes of every job: with it `lensloop experiment` runs the same code
    (lensloop/experiment.py).
    """
    return {
        "role": spec.role.role_arn,
        "image": {"framework": FRAMEWORK, "version": VERSION},
        "environment": _environment(spec),
        "channels": _of_code(spec),
        "metrics": _metrics(),
        "entry": ENTRY,
        "wait_for_spot": int(WAIT_FOR_SPOT.to_seconds()),
    }


def job_name(prefix: str) -> str:
    """The name of this run's next job, as JSONata. Each job that a run asks for has a number of its
    own; an execution that is redriven has not, so that its job is refused by its name (and is not
    trained beside the run that took its place).
    """
    return filled(names.training_job(prefix, _EPOCH, "{$machine.attempt}"))


def _layers(settings: Settings) -> dict[str, str]:
    """How deep a network SageMaker's own algorithm was asked for: noted beside the model, because a
    later training may go on only from the same.
    """
    if settings.algorithm != incremental.ALGORITHM:
        return {}
    return {"layers": str(settings.image_classification_layers)}


def _epochs(settings: Settings) -> dict[str, str]:
    if settings.algorithm != "finetune":
        return {}
    return {"epochs": str(settings.finetune_epochs)}


def _metrics() -> list[dict[str, str]]:
    return [{"Name": f"test:{name}", "Regex": f"{name}=([0-9.]+)"} for name in _METRICS]


def _environment(spec: TrainingSpec) -> dict[str, str]:
    return {"PYTHONPATH": f"{CODE}/{spec.code_file}"}


def _of_code(spec: TrainingSpec) -> list[dict[str, Any]]:
    return [channel("code", spec.code), channel("dependencies", spec.dependencies)]


def _command(spec: TrainingSpec) -> dict[str, list[str]]:
    return {} if spec.entry else {"ContainerEntrypoint": ["python3", "-m", "training"]}


def _told_to_the_image(spec: TrainingSpec) -> dict[str, str]:
    """Hyperparameters of SageMaker's training toolkit, which reads each as JSON. It hands those
    that do not begin with `sagemaker_` to the program, as arguments.
    """
    if not spec.entry:
        return {}
    return {
        "sagemaker_program": json.dumps(spec.entry.program_file),
        "sagemaker_submit_directory": json.dumps(ENTRY),
    }


def _which_pictures(settings: Settings) -> dict[str, str]:
    if settings.algorithm not in BACKBONES:
        return {}
    trusted = f"$artefact = null ? '{UNCACHED}' : ''"
    return {"pictures": jsonata(f"$machine.everything ? '{ALL}' : ({trusted})")}


def _kept_features(spec: TrainingSpec, settings: Settings) -> dict[str, Any]:
    """What earlier jobs have kept is there before the job starts, and what it keeps itself is
    carried out while it runs, so that it goes on where it was when spot capacity is taken away.
    """
    if settings.algorithm == "finetune":  # with a backbone of its own, kept apart from the frozen
        return {"CheckpointConfig": {"S3Uri": address(spec.bucket, names.features("finetune"))}}
    if settings.algorithm not in BACKBONES:
        return {}
    return {"CheckpointConfig": {"S3Uri": address(spec.bucket, names.FEATURES_PREFIX)}}


def _either(everything: str, uncached: str) -> str:
    """For a job that is given every picture, and for one that is given those that are not kept. A
    model that was made elsewhere has a backbone of its own, which has looked at none.
    """
    return f"$machine.everything or $artefact != null ? {everything} : {uncached}"


def _disk_gb(settings: Settings) -> str:
    """What the pictures need, or all of the machine's own disk where that is less."""
    needed = _either("$dataset.fetched.everything_gb", "$dataset.fetched.volume_gb")
    own = {name: OWN_GB[name] for name in all_types(settings) if name in OWN_GB}
    if not own:
        return needed
    return f"$min([({needed}), $lookup({json.dumps(own)}, $machine.instance)])"


def _channels(spec: TrainingSpec, settings: Settings) -> str:
    """`live`, the release to be beaten, is there only once there is one; `artefact` when the model
    was made elsewhere.
    """
    always = [
        *_of_code(spec),
        channel("dataset", address(spec.bucket, names.dataset(_DIGEST, "manifest.csv.gz"))),
    ]
    if spec.entry:
        always.append(channel("entry", spec.entry.program))
    if settings.golden_set_accuracy:
        always.append(channel("golden", address(spec.bucket, names.GOLDEN_PREFIX)))
    pictures = _either(_pictures(spec, "images.manifest"), _pictures(spec, "fetch.manifest"))
    live = [channel("live", address(spec.bucket, names.release(_LIVE_EPOCH)))]
    artefact = [channel("artefact", "{$artefact.uri}")]
    parts = (
        f"[{pictures}]",
        f"$dataset.live_epoch = null ? [] : {filled(live)}",
        f"$artefact = null ? [] : {filled(artefact)}",
    )
    together = filled(always)
    for part in parts:
        together = f"$append({together}, {part})"
    return together


def _pictures(spec: TrainingSpec, listed: str) -> str:
    place = address(spec.bucket, names.dataset(_DIGEST, listed))
    return filled(channel("images", place, listed=True))


def address(bucket: s3.IBucket, key: str) -> str:
    return f"s3://{bucket.bucket_name}/{key}"


def _kept_warm(settings: Settings) -> dict[str, int]:
    seconds = settings.warm_pool_minutes * 60
    return {"KeepAlivePeriodInSeconds": seconds} if seconds else {}


def stopping(settings: Settings) -> str:
    longest = settings.max_training_minutes * 60
    # SageMaker counts the waiting for capacity in, and refuses a spot job that may not wait at all.
    waiting = longest + int(WAIT_FOR_SPOT.to_seconds())
    on_spot = {"MaxRuntimeInSeconds": longest, "MaxWaitTimeInSeconds": waiting}
    on_demand = {"MaxRuntimeInSeconds": longest}
    return f"$machine.spot ? {filled(on_spot)} : {filled(on_demand)}"
