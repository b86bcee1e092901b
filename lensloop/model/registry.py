"""What does SageMaker's Model Registry say about a release? A version of the project's group: what
it is, what it was measured at, where it comes from and how far it has got.

Nothing is ever hosted from it. The registry is where people who use SageMaker look for models, and
where they may approve one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lensloop.model.evaluation import Evaluation
from lensloop.rollout import FAILED, PAUSED, PROVEN, SKIPPED, SUPERSEDED, UNANSWERED, WAITING
from lensloop.wire import names

APPROVED, PENDING = "Approved", "PendingManualApproval"
_TOKEN = 36  # characters that AWS takes
EPOCH = "epoch"


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the registry is told of one."""

    prefix: str
    epoch: int
    bucket: str
    manifest: Mapping[str, Any]
    evaluation: Evaluation
    evaluation_sha256: str
    training: str  # the S3 address of what the training job left
    image: str  # that it was trained in
    algorithm: str
    reasons: tuple[str, ...]  # of the verdict
    waits: bool  # for a person's approval
    sources: tuple[str, ...] = ()  # of the pictures, a sentence for each import

    def uri(self, file: str) -> str:
        return f"s3://{self.bucket}/{names.release(self.epoch, file)}"

    @property
    def job(self) -> str:
        """The training job's name, which SageMaker puts into the address of what it leaves."""
        below = self.training.removeprefix(f"s3://{self.bucket}/{names.TRAINING_PREFIX}")
        return below.split("/")[0]


@dataclass(frozen=True)
class Stage:
    name: str
    status: str


ARCHIVED = Stage("Archived", "Superseded")
TAKEN_BACK = Stage("Archived", "TakenBack")
_STAGES = {"canary": "Staging", "fleet": "Production"}
_STATUSES = {
    WAITING: "RollingOut",
    PROVEN: "Proven",
    FAILED: "Failed",
    UNANSWERED: "Unanswered",
    SUPERSEDED: "Superseded",
    PAUSED: "Paused",
    SKIPPED: "Unanswered",
}


def stage(wave: str, state: str) -> Stage:
    """Where a release is while the cameras of a wave are at it."""
    return Stage(_STAGES[wave], _STATUSES[state])


def version(release: Release, card: str) -> dict[str, Any]:
    """The CreateModelPackage request. Asking again with the same makes nothing new."""
    source = {
        "S3Uri": release.uri("model.onnx"),
        "S3DataType": "S3Object",
        "CompressionType": "None",
    }
    container = {
        # The API wants to know what could serve it. It is the image it was trained in, which has no
        # ONNX runtime: whoever wants to host the model names another.
        "Image": release.image,
        "ModelDataSource": {"S3DataSource": source},
    }
    return {
        "ModelPackageGroupName": names.model_group(release.prefix),
        "ModelPackageDescription": f"Release {release.epoch} of {release.prefix}",
        "ModelApprovalStatus": PENDING if release.waits else APPROVED,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["application/x-image"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "SkipModelValidation": "All",
        "Domain": "COMPUTER_VISION",
        "Task": "IMAGE_CLASSIFICATION",
        "ModelMetrics": {"ModelQuality": {"Statistics": _statistics(release)}},
        "ModelCard": {
            "ModelCardContent": card,
            "ModelCardStatus": "PendingReview" if release.waits else "Approved",
        },
        "CustomerMetadataProperties": properties(release),
        "ClientToken": _token(release),
    }


def properties(release: Release) -> dict[str, str]:
    """AWS takes letters, digits, spaces and `_.:/=+-@` in them, and at most 256: no reasons."""
    measured = release.evaluation.candidate.all
    recalls = [one.recall for one in measured.labels.values() if one.recall is not None]
    return {
        EPOCH: str(release.epoch),
        "dataset": release.evaluation.dataset,
        "model_sha256": str(release.manifest["model"]["sha256"]),
        "training_job": release.job,
        "algorithm": release.algorithm,
        "labels": str(len(release.evaluation.labels)),
        "test_pictures": str(measured.images),
        "accuracy": f"{measured.accuracy:.4f}",
        "lowest_recall": f"{min(recalls, default=0.0):.4f}",
        "calibration_error": f"{measured.calibration_error:.4f}",
        "manifest": release.uri("manifest.json"),
        "run": f"s3://{release.bucket}/{names.run(release.epoch, 'report.html')}",
    }


def epoch_in(package: Mapping[str, Any]) -> int | None:
    """Of which release a version is, as DescribeModelPackage answers; None: none of ours."""
    text = (package.get("CustomerMetadataProperties") or {}).get(EPOCH, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _statistics(release: Release) -> dict[str, str]:
    return {
        "ContentType": "application/json",
        "ContentDigest": f"sha256:{release.evaluation_sha256}",
        "S3Uri": release.uri("evaluation.json"),
    }


def _token(release: Release) -> str:
    """The same for the same release, so that a retry whose first answer was lost gets that answer;
    another for a release of that number from before the state was lost.
    """
    words = f"{release.prefix} {release.epoch} {release.manifest['model']['sha256']}"
    return hashlib.sha256(words.encode()).hexdigest()[:_TOKEN]


# Lineage: what led to a release, in SageMaker's own graph


@dataclass(frozen=True)
class Artifact:
    """Something with an address; AWS keeps one for each address."""

    name: str
    kind: str
    uri: str


@dataclass(frozen=True)
class Chain:
    """data set → training job → version in the registry → release."""

    dataset: Artifact
    component: str  # the training job, by the name that AWS gives it as a part of the graph
    package: Artifact
    release: Artifact


# In SageMaker's words, from each link of the chain to the next.
Link = Literal["ContributedTo", "Produced", "AssociatedWith"]
LINKS: tuple[Link, ...] = ("ContributedTo", "Produced", "AssociatedWith")


def chain(release: Release, package: str) -> Chain:
    """The job's own channels are in the graph by themselves, the data set's address among them."""
    dataset = release.evaluation.dataset
    manifest = f"s3://{release.bucket}/{names.dataset(dataset, 'manifest.csv.gz')}"
    base = f"{release.prefix}-release-{release.epoch}"
    return Chain(
        Artifact(f"{release.prefix}-data-set-{dataset[:12]}", "DataSet", manifest),
        f"{release.job}-aws-training-job",
        Artifact(f"{base}-version", "ModelPackage", package),
        Artifact(base, "Release", release.uri("manifest.json")),
    )


# MLflow, where there is an app of it


@dataclass(frozen=True)
class Logged:
    """A release as a run of MLflow's."""

    experiment: str
    name: str
    tag: tuple[str, str]  # by which it is found again
    params: Mapping[str, str]
    metrics: Mapping[str, float]


def logged(release: Release) -> Logged:
    measured = release.evaluation.candidate.all
    metrics = {
        "accuracy": measured.accuracy,
        "calibration_error": measured.calibration_error,
        "test_pictures": float(measured.images),
    }
    recalls = [one.recall for one in measured.labels.values() if one.recall is not None]
    if recalls:
        metrics["lowest_recall"] = min(recalls)
    kept = ("dataset", "model_sha256", "training_job", "algorithm", "labels", "manifest", "run")
    told = properties(release)
    return Logged(
        experiment=release.prefix,
        name=f"release-{release.epoch}",
        tag=("lensloop.release", f"{release.epoch}-{told['model_sha256'][:12]}"),
        params={key: told[key] for key in kept},
        metrics=metrics,
    )
