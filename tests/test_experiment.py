"""Is an experiment named, parametrised and told as a person means it?"""

from typing import Any

import pytest

from lensloop.experiment import (
    Experiment,
    ExperimentError,
    check_algorithm,
    check_name,
    parameters,
    plan,
    result,
)
from lensloop.failure import sentence
from lensloop.machines.ladder import Rung
from lensloop.pages.headline import headline
from lensloop.record import Findings
from lensloop.settings import Settings

NOW = "2026-11-26T12:00:00+00:00"
JOB: dict[str, Any] = {
    "TrainingJobName": "deeplens-trash-experiment-1",
    "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/x",
    "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed",
    "TrainingTimeInSeconds": 90,
    "BillableTimeInSeconds": 30,
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge"},
    "EnableManagedSpotTraining": True,
    "ModelArtifacts": {"S3ModelArtifacts": "s3://b/experiments/x/model.tar.gz"},
}
SCORES = {"accuracy": 0.9134, "images": 72}
EVALUATION = {"candidate": {"all": SCORES}, "live": None, "unfamiliar": None}
REPORT = {"images": 360, "rejected": 3, "labels": {"can": {}}, "lost": []}


@pytest.mark.parametrize("name", ["a", "0-fine", "finetune-20261126-120000", "x" * 40])
def test_names_that_are_safe_in_an_address_are_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "-a", "A", "a/b", "x" * 41, "a b", "ä", "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        check_name(name)
    assert str(refused.value) == (
        f"`{name}` cannot be an experiment's name: 1 to 40 lower-case letters, digits and hyphens,"
        " and no hyphen first."
    )


def test_sagemakers_own_algorithm_is_no_experiment() -> None:
    check_algorithm("head")
    check_algorithm("finetune")
    with pytest.raises(ExperimentError) as refused:
        check_algorithm("image-classification")
    assert str(refused.value) == (
        "`image-classification` trains in a container of SageMaker's own, which no experiment"
        " starts: set `algorithm` in a --stage of its own instead."
    )


def test_parameters_are_names_and_texts() -> None:
    assert parameters(["epochs=20", "rate=1e-3", "note=a=b\nc", "Deep-Rate_2="]) == {
        "epochs": "20",
        "rate": "1e-3",
        "note": "a=b\nc",
        "Deep-Rate_2": "",
    }
    assert parameters([]) == {}


@pytest.mark.parametrize("word", ["epochs", "=20", "2x=1", "a b=1"])
def test_what_is_no_parameter_is_refused(word: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        parameters(["epochs=1", word])
    assert str(refused.value) == f"`{word}` is no parameter; write it as `name=value`."


@pytest.mark.parametrize(
    "name",
    ["algorithm", "artefact", "epoch", "digest", "project", "pictures", "sagemaker_program"],
)
def test_what_says_what_the_job_is_about_is_no_parameter(name: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        parameters([f"{name}=1"])
    assert str(refused.value) == f"`{name}` is set by Lensloop and no parameter."


DEPLOYED: dict[str, Any] = {
    "role": "arn:aws:iam::111122223333:role/training",
    "image": {"framework": "pytorch", "version": "2.13"},
    "environment": {"PYTHONPATH": "/code.zip"},
    "channels": [{"ChannelName": "code"}],
    "metrics": [{"Name": "test:accuracy", "Regex": "x"}],
    "entry": "/opt/ml/input/data/entry",
    "wait_for_spot": 1800,
}
SETTINGS = Settings(stage="dev", max_training_minutes=30)


def planned(**changes: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "name": "mine",
        "algorithm": "finetune",
        "machine": Rung("ml.g5.xlarge", True),
        "digest": "d1",
        "volume_gb": 42,
        "live_epoch": 5,
        "parameters": {"epochs": "20"},
    }
    experiment = Experiment(**(wanted | changes))
    return plan(experiment, DEPLOYED, SETTINGS, bucket="b", region="eu-west-1")


def channel(name: str, address: str, kind: str = "S3Prefix") -> dict[str, Any]:
    source = {
        "S3DataType": kind,
        "S3Uri": address,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}}


def test_a_plan_says_the_whole_request_but_for_name_and_image() -> None:
    assert planned() == {
        "base_job_name": "deeplens-trash-dev-experiment",
        "image": {
            "framework": "pytorch",
            "version": "2.13",
            "instance_type": "ml.g5.xlarge",
            "region": "eu-west-1",
        },
        "request": {
            "RoleArn": DEPLOYED["role"],
            "AlgorithmSpecification": {"MetricDefinitions": DEPLOYED["metrics"]},
            "Environment": {"PYTHONPATH": "/code.zip"},
            "InputDataConfig": [
                {"ChannelName": "code"},
                channel("dataset", "s3://b/datasets/d1/manifest.csv.gz"),
                channel("images", "s3://b/datasets/d1/images.manifest", "ManifestFile"),
                channel("entry", "s3://b/experiments/mine/start.py"),
                channel("live", "s3://b/releases/5/"),
            ],
            "HyperParameters": {
                "epochs": "20",
                "algorithm": "finetune",
                "epoch": "0",
                "digest": "d1",
                "project": "trash",
                "sagemaker_program": '"start.py"',
                "sagemaker_submit_directory": '"/opt/ml/input/data/entry"',
            },
            "OutputDataConfig": {"S3OutputPath": "s3://b/experiments/mine/"},
            "ResourceConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.g5.xlarge",
                "VolumeSizeInGB": 42,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 3600},
            "EnableNetworkIsolation": True,
            "EnableManagedSpotTraining": True,
            "Tags": [{"Key": "lensloop", "Value": "deeplens-trash-dev"}],
        },
    }


@pytest.mark.parametrize(
    ("instance", "asked"), [("ml.g4dn.xlarge", 125), ("ml.g5.xlarge", 180), ("ml.m5.xlarge", 180)]
)
def test_no_more_disk_is_asked_for_than_a_machine_with_one_of_its_own_has(
    instance: str, asked: int
) -> None:
    request = planned(machine=Rung(instance, False), volume_gb=180)["request"]
    assert request["ResourceConfig"]["VolumeSizeInGB"] == asked


def test_on_demand_nothing_waits_and_without_a_release_nothing_is_beside_it() -> None:
    request = planned(machine=Rung("ml.m5.xlarge", False), live_epoch=None)["request"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}
    assert request["EnableManagedSpotTraining"] is False
    names = [one["ChannelName"] for one in request["InputDataConfig"]]
    assert names == ["code", "dataset", "images", "entry"]


def test_the_result_is_a_record_whose_model_stands_beside_the_live_one() -> None:
    live = {"epoch": 5, "all": {"accuracy": 0.8801}}
    told = result("trash", "d1", JOB, Findings(REPORT, {**EVALUATION, "live": live}), NOW)
    assert (told["outcome"], told["epoch"], told["failure"]) == ("experiment", 0, None)
    assert told["reasons"] == [
        "accuracy 0.913 on 72 test pictures",
        "the live model (release 5): 0.880 on the same pictures",
    ]
    assert told["execution"] == JOB["TrainingJobArn"]
    assert (told["project"], told["ended_at"]) == ("trash", NOW)
    assert told["training"] == {
        "jobs": [
            {
                "name": "deeplens-trash-experiment-1",
                "status": "Completed",
                "seconds": 90,
                "billable_seconds": 30,
                "instance": "ml.g5.xlarge",
                "spot": True,
            }
        ],
        "model": "s3://b/experiments/x/model.tar.gz",
        "tried": [],
    }
    dataset = told["dataset"] or {}
    assert {name: dataset[name] for name in ("digest", "images", "rejected", "report")} == {
        "digest": "d1",
        "images": 360,
        "rejected": 3,
        "report": "datasets/d1/report.html",
    }
    assert headline(told).sentence == (
        "An experiment: its model was measured, and nothing was released"
    )


def test_where_nothing_is_live_the_model_stands_alone() -> None:
    told = result("trash", "d1", JOB, Findings(REPORT, EVALUATION), NOW)
    assert told["reasons"] == ["accuracy 0.913 on 72 test pictures"]


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        ({"FailureReason": "AlgorithmError: no torch"}, "AlgorithmError: no torch"),
        (
            {"SecondaryStatus": "MaxRuntimeExceeded"},
            "The training job ended as MaxRuntimeExceeded.",
        ),
    ],
)
def test_a_job_that_failed_says_why(ending: dict[str, str], why: str) -> None:
    job = JOB | {"TrainingJobStatus": "Failed"} | ending
    for missing in ("ModelArtifacts", "BillableTimeInSeconds", "EnableManagedSpotTraining"):
        job.pop(missing)
    told = result("trash", "d1", job, Findings(), NOW)
    assert (told["outcome"], told["reasons"]) == ("experiment-failed", [why])
    assert told["failure"] is not None
    assert sentence(told["failure"]) == why
    assert (told["training"] or {})["model"] is None
    [made] = (told["training"] or {})["jobs"]
    assert (made["billable_seconds"], made["spot"]) == (None, False)
    dataset = told["dataset"] or {}
    assert (dataset["images"], dataset["rejected"]) == (0, 0)
    assert headline(told).tone == "bad"
