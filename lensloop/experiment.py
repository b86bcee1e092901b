"""What does an experiment ask of SageMaker, and what is its result? A training job like a run's, on
a data set of choice, that no gate judges and no camera ever hears of.

The request is in the words of CreateTrainingJob; what a deployment fixes of it is an output of the
stack (stacks/training/request.py). tests/workflows/test_experiments.py holds it against the
workflow's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lensloop import record
from lensloop.channel import channel
from lensloop.machines import disk
from lensloop.machines.ladder import Rung
from lensloop.model import incremental
from lensloop.record import Findings, Record
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import LensloopError

START = "start.py"  # what the image's own entry point runs; lies beside the experiment
DONE, FAILED = "experiment", "experiment-failed"  # outcomes
# As long as a folder's name that people still read, and safe in an address.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PARAMETER = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=(.*)", re.DOTALL)
# Those say what the job is about; an experiment that changed them would not be what it says.
_OURS = frozenset({"algorithm", "artefact", "epoch", "digest", "project", "pictures"})


class ExperimentError(LensloopError):
    """The experiment cannot be made as it was asked for; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    name: str
    algorithm: str
    machine: Rung
    digest: str
    volume_gb: int
    live_epoch: int | None
    parameters: Mapping[str, str]


def check_algorithm(algorithm: str) -> None:
    if algorithm == incremental.ALGORITHM:
        raise ExperimentError(
            f"`{algorithm}` trains in a container of SageMaker's own, which no experiment starts:"
            " set `algorithm` in a --stage of its own instead."
        )


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ExperimentError(
            f"`{name}` cannot be an experiment's name: 1 to 40 lower-case letters, digits and"
            " hyphens, and no hyphen first."
        )


def parameters(written: Sequence[str]) -> dict[str, str]:
    """`epochs=20` → {"epochs": "20"}; SageMaker knows hyperparameters as text only."""
    found: dict[str, str] = {}
    for word in written:
        pair = _PARAMETER.fullmatch(word)
        if not pair:
            raise ExperimentError(f"`{word}` is no parameter; write it as `name=value`.")
        if pair[1] in _OURS or pair[1].startswith("sagemaker_"):
            raise ExperimentError(f"`{pair[1]}` is set by Lensloop and no parameter.")
        found[pair[1]] = pair[2]
    return found


def plan(
    experiment: Experiment,
    deployed: Mapping[str, Any],
    settings: Settings,
    *,
    bucket: str,
    region: str,
) -> dict[str, Any]:
    """For experiments/run.py: the request, and what the SDK makes its name and image of."""
    prefix = names.prefix(settings.project, settings.stage)
    longest = settings.max_training_minutes * 60
    waiting = {"MaxWaitTimeInSeconds": longest + deployed["wait_for_spot"]}
    return {
        # A stage has at most 8 letters: its jobs are never called so.
        "base_job_name": f"{prefix}-experiment",
        "image": {
            **deployed["image"],
            "instance_type": experiment.machine.instance,
            "region": region,
        },
        "request": {
            "RoleArn": deployed["role"],
            "AlgorithmSpecification": {"MetricDefinitions": deployed["metrics"]},
            "Environment": deployed["environment"],
            "InputDataConfig": [*deployed["channels"], *_channels(experiment, bucket)],
            "HyperParameters": {
                **experiment.parameters,
                "algorithm": experiment.algorithm,
                "epoch": "0",
                "digest": experiment.digest,
                "project": settings.project,
                "sagemaker_program": json.dumps(START),
                "sagemaker_submit_directory": json.dumps(deployed["entry"]),
            },
            "OutputDataConfig": {"S3OutputPath": _at(bucket, names.experiment(experiment.name))},
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": experiment.machine.instance,
                "VolumeSizeInGB": disk.to_ask_for(
                    experiment.volume_gb, experiment.machine.instance
                ),
            },
            "StoppingCondition": {
                "MaxRuntimeInSeconds": longest,
                **(waiting if experiment.machine.spot else {}),
            },
            "EnableNetworkIsolation": True,
            "EnableManagedSpotTraining": experiment.machine.spot,
            "Tags": [{"Key": "lensloop", "Value": prefix}],
        },
    }


def _channels(experiment: Experiment, bucket: str) -> list[dict[str, Any]]:
    folder, digest = names.experiment(experiment.name), experiment.digest
    found = [
        channel("dataset", _at(bucket, names.dataset(digest, "manifest.csv.gz"))),
        channel("images", _at(bucket, names.dataset(digest, "images.manifest")), listed=True),
        channel("entry", _at(bucket, f"{folder}{START}")),
    ]
    if experiment.live_epoch is not None:
        found.append(channel("live", _at(bucket, names.release(experiment.live_epoch))))
    return found


def _at(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"


def result(project: str, digest: str, job: Mapping[str, Any], found: Findings, now: str) -> Record:
    """The record of an experiment whose job has ended; `job` is its description. Its model is
    beside the live one's in `scores`, judged by the same job on the same pictures.
    """
    event = {
        "outcome": DONE if job["TrainingJobStatus"] == "Completed" else FAILED,
        "verdict": {"reasons": _sentences(found.evaluation)} if found.evaluation else None,
        "dataset": _dataset(digest, found.report),
        "training": {"jobs": [_job(job)], "model": _model(job)},
        "failure": _failure(job),
        "execution": job["TrainingJobArn"],
    }
    return record.of_retraining(record.empty(project, 0), event, found, now)


def _sentences(evaluation: Mapping[str, Any]) -> list[str]:
    """Its model beside the live one. No verdict: nobody asked the gate."""
    ours, live = evaluation["candidate"]["all"], evaluation.get("live")
    found = [f"accuracy {ours['accuracy']:.3f} on {ours['images']} test pictures"]
    if live:
        theirs = f"{live['all']['accuracy']:.3f} on the same pictures"
        found.append(f"the live model (release {live['epoch']}): {theirs}")
    return found


def _dataset(digest: str, report: Mapping[str, Any] | None) -> dict[str, Any]:
    known = report or {}
    return {
        "digest": digest,
        "images": known.get("images", 0),
        "rejected": known.get("rejected", 0),
        "report": names.dataset(digest, "report.html"),
    }


def _job(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": job["TrainingJobName"],
        "status": job["TrainingJobStatus"],
        "seconds": job.get("TrainingTimeInSeconds"),
        "billable_seconds": job.get("BillableTimeInSeconds"),
        "instance": job["ResourceConfig"]["InstanceType"],
        "spot": bool(job.get("EnableManagedSpotTraining")),
    }


def _model(job: Mapping[str, Any]) -> str | None:
    return (job.get("ModelArtifacts") or {}).get("S3ModelArtifacts")


def _failure(job: Mapping[str, Any]) -> dict[str, str] | None:
    if job["TrainingJobStatus"] == "Completed":
        return None
    why = job.get("FailureReason") or f"The training job ended as {job['SecondaryStatus']}."
    return {"Cause": why}
