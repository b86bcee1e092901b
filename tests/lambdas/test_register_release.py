"""From a published release to a version in the registry, on the local cloud: made once, whatever is
repeated, moved on by the rollout, and never in a release's way.
"""

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas import check_rollout, deploy_release, publish_release, register_release
from lambdas.aws import clients, mlflow, registry
from lambdas.aws.state import state_table
from lensloop.model.registry import stage
from lensloop.settings import Settings
from lensloop.wire import names
from tests.lambdas.conftest import BUCKET, MODEL, PREFIX, Aws, model_files

GROUP = names.model_group(PREFIX)
EVENT = {"epoch": 7, "digest": "d1", "model": MODEL, "reasons": ["accuracy 1.00"]}


def versions(client: Any) -> list[dict[str, Any]]:
    listed = client.list_model_packages(ModelPackageGroupName=GROUP, SortOrder="Ascending")
    found: list[dict[str, Any]] = listed["ModelPackageSummaryList"]
    return found


def publish(aws: Aws, epoch: int = 7) -> dict[str, Any]:
    aws.lease(epoch)
    aws.put_model(model_files())
    publish_release.handler({"epoch": epoch, "digest": "d1", "model": MODEL}, None)
    return register_release.handler(EVENT | {"epoch": epoch}, None)


def stages(client: Any) -> list[tuple[str, str]]:
    found = []
    for version in versions(client):
        life = version.get("ModelLifeCycle", {"Stage": "", "StageStatus": ""})
        found.append((life["Stage"], life["StageStatus"]))
    return found


def test_a_release_becomes_a_version_that_holds_its_files(aws: Aws, sagemaker: Any) -> None:
    answer = publish(aws)
    assert answer["problems"] == []
    [version] = versions(sagemaker)
    assert version["ModelPackageArn"] == answer["package"] == state_table().package(7)
    assert version["ModelApprovalStatus"] == "Approved"
    found = sagemaker.describe_model_package(ModelPackageName=answer["package"])
    bucket = answer_bucket(found)
    evaluation = aws.s3.get_object(Bucket=bucket, Key="releases/7/evaluation.json")["Body"].read()
    statistics = found["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics["ContentDigest"] == f"sha256:{hashlib.sha256(evaluation).hexdigest()}"
    assert found["CustomerMetadataProperties"]["training_job"] == "deeplens-trash-7-1"


def answer_bucket(found: dict[str, Any]) -> str:
    source = found["InferenceSpecification"]["Containers"][0]["ModelDataSource"]["S3DataSource"]
    assert source["S3Uri"].endswith("/releases/7/model.onnx")
    return str(source["S3Uri"].split("/")[2])


def ascendants(client: Any, uri: str) -> list[tuple[str, str]]:
    """What led to the artifact of this address: kinds and addresses, or names."""
    [start] = client.list_artifacts(SourceUri=uri)["ArtifactSummaries"]
    graph = client.query_lineage(StartArns=[start["ArtifactArn"]], Direction="Ascendants")
    found = []
    for vertex in graph["Vertices"]:
        name = vertex["Arn"].rpartition("/")[2]
        if vertex["LineageType"] == "Artifact":
            name = client.describe_artifact(ArtifactArn=vertex["Arn"])["Source"]["SourceUri"]
        found.append((vertex["Type"], name))
    return found


MANIFEST = f"s3://{BUCKET}/releases/7/manifest.json"
DATASET = ("DataSet", f"s3://{BUCKET}/datasets/d1/manifest.csv.gz")


def test_a_release_leads_back_to_its_version_its_job_and_its_data_set(
    aws: Aws, sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = "arn:aws:sagemaker:us-east-1:000000000000:experiment-trial-component/the-job"
    asked: list[str] = []

    def describe(TrialComponentName: str) -> dict[str, str]:
        asked.append(TrialComponentName)
        return {"TrialComponentArn": component}

    monkeypatch.setattr(clients.sagemaker(), "describe_trial_component", describe)
    package = publish(aws)["package"]
    register_release.handler(EVENT, None)
    expected = [
        ("ModelPackage", package),
        ("SageMakerTrainingJob", "the-job"),
        DATASET,
    ]
    assert ascendants(sagemaker, MANIFEST) == expected
    assert set(asked) == {"deeplens-trash-7-1-aws-training-job"}
    [release] = sagemaker.list_artifacts(SourceUri=MANIFEST)["ArtifactSummaries"]
    assert (release["ArtifactName"], release["ArtifactType"]) == (
        "deeplens-trash-release-7",
        "Release",
    )


def test_a_job_that_sagemakers_lineage_does_not_know_is_left_out(aws: Aws, sagemaker: Any) -> None:
    answer = publish(aws, 8)
    assert answer["problems"] == []
    found = ascendants(sagemaker, MANIFEST.replace("/7/", "/8/"))
    assert found == [("ModelPackage", answer["package"])]


def test_a_lineage_that_refuses_is_a_sentence_beside_a_version(
    aws: Aws, sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        error: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(error, "ListArtifacts")

    monkeypatch.setattr(clients.sagemaker(), "list_artifacts", refuse)
    answer = publish(aws)
    assert answer["package"]
    assert [problem[:58] for problem in answer["problems"]] == [
        "The release could not be put into SageMaker's lineage: An "
    ]


def test_registering_again_makes_no_second_version(aws: Aws, sagemaker: Any) -> None:
    first = publish(aws)
    assert register_release.handler(EVENT, None) == first
    # The first time broke off after the version was made and before it was noted.
    aws.table.delete_item(Key={"id": "package#7"})
    assert register_release.handler(EVENT, None) == first
    assert len(versions(sagemaker)) == 1
    assert state_table().package(7) == first["package"]


def test_a_registry_that_refuses_is_a_sentence_and_no_failure(
    aws: Aws, sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINING_IMAGE", "an image with spaces")
    answer = publish(aws)
    assert answer["package"] == ""
    [problem] = answer["problems"]
    assert problem.startswith("The release could not be registered in SageMaker's Model Registry:")
    assert "'an image with spaces'" in problem
    assert state_table().package(7) == ""


def test_the_rollout_moves_the_version_on_and_archives_the_one_before(
    aws: Aws, sagemaker: Any
) -> None:
    publish(aws)
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    assert stages(sagemaker) == [("", "")], "no canary is there to try it"
    order = deploy_release.handler({"epoch": 7, "wave": "fleet"}, None)
    assert stages(sagemaker) == [("Production", "RollingOut")]
    looked = {"epoch": 7, "wave": "fleet", "job": order["job"], "started_at": order["started_at"]}
    assert check_rollout.handler(looked, None)["state"] == "failed"  # nobody is in it
    assert stages(sagemaker) == [("Production", "Failed")]

    publish(aws, 8)
    deploy_release.handler({"epoch": 8, "wave": "fleet"}, None)
    assert stages(sagemaker) == [("Archived", "Superseded"), ("Production", "RollingOut")]
    # A late look of the older rollout takes nothing from the newer release.
    registry.show_production(7, stage("fleet", "waiting"))
    assert stages(sagemaker)[1] == ("Production", "RollingOut")


def test_a_release_with_canaries_is_staged_first(aws: Aws, sagemaker: Any) -> None:
    aws.iot.create_thing(thingName="deeplens_a")
    aws.iot.add_thing_to_thing_group(thingGroupName=f"{PREFIX}-canary", thingName="deeplens_a")
    publish(aws)
    deploy_release.handler({"epoch": 7, "wave": "canary"}, None)
    assert stages(sagemaker) == [("Staging", "RollingOut")]


def test_a_stage_that_cannot_be_shown_stops_no_rollout(aws: Aws) -> None:
    state_table().note_package(7, "arn:aws:sagemaker:us-east-1:000000000000:model-package/gone/1")
    assert "does not show that release 7" in registry.show_stage(7, stage("canary", "waiting"))
    assert registry.show_stage(9, stage("canary", "waiting")) == "", "it was never registered"


APP = "arn:aws:sagemaker:eu-central-1:000000000000:mlflow-app/app-1"


def test_a_release_is_logged_in_mlflow_only_where_an_app_is_named(
    aws: Aws, sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Any] = []

    def log(app: Any, logged: Any, now: int) -> str:
        runs.append((app, logged))
        raise mlflow.MlflowError("MLflow answered runs/create with 403")

    monkeypatch.setattr(mlflow, "log", log)
    assert publish(aws)["problems"] == []
    monkeypatch.setenv("SETTINGS", Settings(mlflow_app_arn=APP).to_json())
    answer = register_release.handler(EVENT, None)
    assert answer["package"]
    assert answer["problems"] == [
        "The release could not be logged in MLflow: MLflow answered runs/create with 403"
    ]
    [(app, logged)] = runs
    assert (app.arn, logged.name) == (APP, "release-7")
