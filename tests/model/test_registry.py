"""Does the registry say of a release what it is, and does AWS's own model take it?"""

import json
from dataclasses import replace
from typing import Any

import pytest

from lensloop.model import registry
from lensloop.model.card import card
from lensloop.model.evaluation import read_evaluation
from lensloop.model.registry import ARCHIVED, Release, Stage, stage
from local.sagemaker.requests import wrong_form
from tests.model.evaluations import Counts, evaluation, scores

IMAGE = "763104351884.dkr.ecr.eu-central-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"
BUCKET = "deeplens-trash-111122223333-eu-central-1"
COUNTS: Counts = {"can": (20, 15), "glass": (20, 20), "paper": (0, 0)}


def release(counts: Counts = COUNTS, **changes: Any) -> Release:
    measured = read_evaluation(
        evaluation(scores(None, counts)) | {"dataset": "d1", "labels": sorted(counts)}
    )
    made = Release(
        prefix="deeplens-trash",
        epoch=7,
        bucket=BUCKET,
        manifest={"model": {"sha256": "ab" * 32}, "reject_threshold": 0.62},
        evaluation=measured,
        evaluation_sha256="cd" * 32,
        training=f"s3://{BUCKET}/training/deeplens-trash-7-1/output/model.tar.gz",
        image=IMAGE,
        algorithm="head",
        reasons=("accuracy 0.88 on 40 test pictures",),
        waits=False,
    )
    return replace(made, **changes)


def request(made: Release) -> dict[str, Any]:
    return registry.version(made, card(made))


def test_a_version_is_the_model_file_with_what_it_was_measured_at() -> None:
    made = request(release())
    container = made["InferenceSpecification"]["Containers"][0]
    assert container == {
        "Image": IMAGE,
        "ModelDataSource": {
            "S3DataSource": {
                "S3Uri": f"s3://{BUCKET}/releases/7/model.onnx",
                "S3DataType": "S3Object",
                "CompressionType": "None",
            }
        },
    }
    assert made["ModelPackageGroupName"] == "deeplens-trash-releases"
    assert made["ModelPackageDescription"] == "Release 7 of deeplens-trash"
    assert made["SkipModelValidation"] == "All"
    assert made["ModelMetrics"]["ModelQuality"]["Statistics"] == {
        "ContentType": "application/json",
        "ContentDigest": f"sha256:{'cd' * 32}",
        "S3Uri": f"s3://{BUCKET}/releases/7/evaluation.json",
    }
    assert made["CustomerMetadataProperties"] == {
        "epoch": "7",
        "dataset": "d1",
        "model_sha256": "ab" * 32,
        "training_job": "deeplens-trash-7-1",
        "algorithm": "head",
        "labels": "3",
        "test_pictures": "40",
        "accuracy": "0.8750",
        "lowest_recall": "0.7500",
        "calibration_error": "0.0500",
        "manifest": f"s3://{BUCKET}/releases/7/manifest.json",
        "run": f"s3://{BUCKET}/runs/7/report.html",
    }


@pytest.mark.parametrize(
    ("waits", "approval", "of_the_card"),
    [(False, "Approved", "Approved"), (True, "PendingManualApproval", "PendingReview")],
)
def test_a_release_that_waits_is_pending(waits: bool, approval: str, of_the_card: str) -> None:
    made = request(release(waits=waits))
    assert made["ModelApprovalStatus"] == approval
    assert made["ModelCard"]["ModelCardStatus"] == of_the_card


# Of the longest labels that there may be, more of them than a card has room for.
MANY: Counts = {f"{n:03d}{'🗑' * 60}": (2, n % 3 and 1) for n in range(500)}


@pytest.mark.parametrize("counts", [COUNTS, MANY], ids=["few labels", "many labels"])
def test_aws_takes_the_request_whatever_the_labels_are(counts: Counts) -> None:
    made = request(release(counts))
    assert wrong_form(made, "CreateModelPackageInput") == []
    for key, value in made["CustomerMetadataProperties"].items():
        assert 1 <= len(key) <= 128
        assert 1 <= len(value) <= 256


def test_asking_again_is_the_same_request_and_another_model_is_another() -> None:
    token = request(release())["ClientToken"]
    assert request(release())["ClientToken"] == token
    assert len(token) == 36
    others = [
        release(epoch=8),
        release(prefix="deeplens-trash-dev"),
        release(manifest={"model": {"sha256": "ef" * 32}, "reject_threshold": 0.6}),
    ]
    assert token not in [request(other)["ClientToken"] for other in others]


@pytest.mark.parametrize(
    ("properties", "epoch"),
    [
        ({"epoch": "7"}, 7),
        ({"epoch": "seven"}, None),
        ({"epoch": "²"}, None),
        ({"epoch": ""}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_version_says_of_which_release_it_is(properties: Any, epoch: int | None) -> None:
    assert registry.epoch_in({"CustomerMetadataProperties": properties}) == epoch


def test_a_package_of_somebody_else_is_of_no_release() -> None:
    assert registry.epoch_in({}) is None


@pytest.mark.parametrize(
    ("wave", "state", "expected"),
    [
        ("canary", "waiting", Stage("Staging", "RollingOut")),
        ("canary", "proven", Stage("Staging", "Proven")),
        ("canary", "failed", Stage("Staging", "Failed")),
        ("canary", "superseded", Stage("Staging", "Superseded")),
        ("fleet", "waiting", Stage("Production", "RollingOut")),
        ("fleet", "proven", Stage("Production", "Proven")),
        ("fleet", "failed", Stage("Production", "Failed")),
        ("fleet", "superseded", Stage("Production", "Superseded")),
    ],
)
def test_staging_is_what_canaries_try_and_production_what_the_fleet_gets(
    wave: str, state: str, expected: Stage
) -> None:
    assert stage(wave, state) == expected
    assert Stage("Archived", "Superseded") == ARCHIVED


# The card


def content(made: Release) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(card(made))
    return read


def test_the_card_follows_sagemakers_own_schema() -> None:
    shapes = pytest.importorskip("sagemaker.core.shapes.model_card_shapes")
    read = content(release())
    shapes.ModelCardContent.model_validate(read)
    _knows(shapes.ModelCardContent, read)
    # What a version's card may say of the model itself.
    assert set(read["model_overview"]) == {"model_creator", "model_artifact"}


def test_the_card_says_where_imported_pictures_came_from() -> None:
    many = tuple(f"{number} from a place, licence MIT, 2026-11-27." for number in range(21))
    told = content(release(sources=many))["additional_information"]["custom_details"]
    assert told["pictures imported"].split("\n") == [*many[:20], "and 1 more"]
    assert "pictures imported" not in content(release())["additional_information"]["custom_details"]


def _knows(shape: Any, given: Any) -> None:
    """Pydantic passes over what a schema does not have."""
    dumped = shape.model_validate(given).model_dump(exclude_unset=True, mode="json")
    assert _keys(dumped) == _keys(given)


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(inner) for key, inner in value.items()}
    return [_keys(inner) for inner in value] if isinstance(value, list) else None


def test_the_card_says_what_was_measured_the_lowest_recall_first() -> None:
    [of_test] = content(release())["evaluation_details"]
    assert of_test["datasets"] == [f"s3://{BUCKET}/datasets/d1/manifest.csv.gz"]
    whole, by_label = of_test["metric_groups"]
    assert {row["name"]: row["value"] for row in whole["metric_data"]} == {
        "accuracy": 0.875,
        "calibration error": 0.05,
        "pictures": 40,
        "reject threshold": 0.62,
    }
    assert [(row["name"], row["value"], row["notes"]) for row in by_label["metric_data"]] == [
        ("can", 0.75, "20 test pictures"),
        ("glass", 1.0, "20 test pictures"),
    ]
    assert {row["type"] for row in whole["metric_data"]} == {"number"}


def test_the_card_says_where_the_model_comes_from_and_why_it_was_released() -> None:
    read = content(release())
    assert read["model_overview"]["model_artifact"] == [f"s3://{BUCKET}/releases/7/model.onnx"]
    training = read["training_details"]
    assert training["training_observations"] == "accuracy 0.88 on 40 test pictures"
    assert training["training_job_details"]["training_environment"] == {"container_image": [IMAGE]}
    assert read["additional_information"]["custom_details"] == {
        "release": "7",
        "training job": "deeplens-trash-7-1",
        "algorithm": "head",
    }
    long = release(reasons=("x" * 2000,))
    assert len(content(long)["training_details"]["training_observations"]) == 1024


def test_the_card_names_the_worst_hundred_of_many_labels() -> None:
    text = card(release(MANY))
    assert len(text) <= 100_000
    assert "\n" not in text
    rows = json.loads(text)["evaluation_details"][0]["metric_groups"][1]["metric_data"]
    assert [row["value"] for row in rows] == [0.0] * 100


# Lineage


def test_the_chain_leads_from_the_data_set_over_job_and_version_to_the_release() -> None:
    package = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/deeplens-trash-releases/3"
    found = registry.chain(release(), package)
    assert found.dataset == registry.Artifact(
        "deeplens-trash-data-set-d1", "DataSet", f"s3://{BUCKET}/datasets/d1/manifest.csv.gz"
    )
    assert found.component == "deeplens-trash-7-1-aws-training-job"
    assert found.package == registry.Artifact(
        "deeplens-trash-release-7-version", "ModelPackage", package
    )
    assert found.release == registry.Artifact(
        "deeplens-trash-release-7", "Release", f"s3://{BUCKET}/releases/7/manifest.json"
    )
    assert registry.LINKS == ("ContributedTo", "Produced", "AssociatedWith")
    for artifact in (found.dataset, found.package, found.release):
        made = {
            "ArtifactName": artifact.name,
            "ArtifactType": artifact.kind,
            "Source": {"SourceUri": artifact.uri},
        }
        assert wrong_form(made, "CreateArtifactRequest") == []
