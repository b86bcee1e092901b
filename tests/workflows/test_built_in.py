"""With SageMaker's own algorithm: is it asked for what its documentation takes, and does its
network reach our job, the verdict and the cameras?
"""

import re
from typing import Any

import pytest

from lensloop.settings import Settings
from stacks.training.instance import types as known_types
from tests.workflows.interpreter import Failure, Interpreter, Request, Run
from tests.workflows.scenes import (
    DATASET,
    MODEL,
    NO_SPOT,
    OWN_FAULT,
    RETRAINING,
    TO_RELEASE,
    TO_TRAIN,
    failed_job,
)
from tests.workflows.test_requests import mistakes

COPIES = {"classes": 3, "pictures": 216, "batch": 32, "model": None}
ANSWERS = RETRAINING | {"copy-pictures": COPIES}
JOB = "arn:aws:states:::sagemaker:createTrainingJob.sync"
BEFORE = TO_TRAIN[: TO_TRAIN.index("Take the first machine")]
DELETED = ["Find deleted pictures", "Any deleted?"]
NETWORK = ["Copy pictures", "Take the first GPU machine", "Train the network"]

# "Image Classification Hyperparameters", as the guide lists them: what is required, and what each
# may be. Everything is a string in the API.
WHOLE, FLOAT = r"[1-9][0-9]*", r"0?\.[0-9]+|[0-9]+(\.[0-9]+)?"
DOCUMENTED = {
    "num_classes": WHOLE,
    "num_training_samples": WHOLE,
    "num_layers": "18|34|50|101|152|200",
    "image_shape": "3,224,224",
    "resize": WHOLE,
    "use_pretrained_model": "0|1",
    "epochs": WHOLE,
    "mini_batch_size": WHOLE,
    "learning_rate": FLOAT,
    "early_stopping": "True|False",
    "early_stopping_min_epochs": WHOLE,
    "early_stopping_patience": WHOLE,
}
REQUIRED = {"num_classes", "num_training_samples", "resize"}


@pytest.fixture(autouse=True)
def _by_the_built_in(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTINGS", Settings(algorithm="image-classification").to_json())


def run(interpreter: Interpreter, definition: dict[str, Any], **answers: Any) -> Run:
    return interpreter.run(definition, ANSWERS | answers)


@pytest.fixture
def jobs(retraining_by_the_built_in: dict[str, Any], interpreter: Interpreter) -> list[Any]:
    return run(interpreter, retraining_by_the_built_in).of("createTrainingJob.sync")


def test_its_network_is_judged_and_released_like_any_model(
    retraining_by_the_built_in: dict[str, Any], interpreter: Interpreter
) -> None:
    ran = run(interpreter, retraining_by_the_built_in)
    assert ran.path[1:-2] == [*BEFORE, *NETWORK, *TO_RELEASE[len(BEFORE) :]]
    assert ran.output["outcome"] == "released"
    [reported] = ran.of("tell")
    assert [job["name"] for job in reported["training"]["jobs"]] == [
        *("deeplens-trash-7-1", "deeplens-trash-7-2")
    ]


def test_both_requests_are_what_aws_accepts(jobs: list[Any]) -> None:
    assert len(jobs) == 2
    for job in jobs:
        assert mistakes(Request(JOB, job)) == []


def test_the_hyperparameters_are_those_of_the_documentation(jobs: list[Any]) -> None:
    given = jobs[0]["HyperParameters"]
    assert set(given) >= REQUIRED
    for name, value in given.items():
        assert isinstance(value, str)
        assert re.fullmatch(DOCUMENTED[name], value), (name, value)
    assert (given["num_classes"], given["num_training_samples"]) == ("3", "216")
    assert int(given["mini_batch_size"]) <= int(given["num_training_samples"])
    assert int(given["resize"]) >= int(given["image_shape"].split(",")[1])


def test_pictures_and_lists_come_in_four_channels(jobs: list[Any]) -> None:
    channels = {channel["ChannelName"]: channel for channel in jobs[0]["InputDataConfig"]}
    assert set(channels) == {"train", "validation", "train_lst", "validation_lst"}
    assert {channel["ContentType"] for channel in channels.values()} == {"application/x-image"}
    sources = {name: c["DataSource"]["S3DataSource"] for name, c in channels.items()}
    assert {
        name: (s["S3DataType"], s["S3Uri"].split("/", 3)[3]) for name, s in sources.items()
    } == {
        "train": ("ManifestFile", "datasets/d1/train.manifest"),
        "validation": ("ManifestFile", "datasets/d1/validation.manifest"),
        "train_lst": ("S3Prefix", "datasets/d1/train.lst"),
        "validation_lst": ("S3Prefix", "datasets/d1/validation.lst"),
    }
    assert {source["S3DataDistributionType"] for source in sources.values()} == {"FullyReplicated"}


def test_it_runs_on_a_gpu_that_it_knows_and_asks_for_nothing_that_such_a_machine_refuses(
    jobs: list[Any],
) -> None:
    resources = jobs[0]["ResourceConfig"]
    assert resources["InstanceType"] in known_types()
    assert resources["InstanceType"].split(".")[1] in ("g4dn", "g5")
    # Their disks are of the machine itself and have keys of their own.
    assert "VolumeKmsKeyId" not in resources
    assert jobs[1]["ResourceConfig"]["InstanceType"].split(".")[1] == "m5"


def test_it_may_be_interrupted_because_it_keeps_how_far_it_is(jobs: list[Any]) -> None:
    job = jobs[0]
    assert job["EnableManagedSpotTraining"] is True
    assert job["CheckpointConfig"]["S3Uri"].endswith("/training/checkpoints/7/")
    times = job["StoppingCondition"]
    assert times["MaxWaitTimeInSeconds"] >= times["MaxRuntimeInSeconds"]


def test_no_command_and_no_metric_of_ours_is_given_to_awss_own_image(jobs: list[Any]) -> None:
    assert set(jobs[0]["AlgorithmSpecification"]) == {"TrainingImage", "TrainingInputMode"}
    assert "/image-classification:1" in jobs[0]["AlgorithmSpecification"]["TrainingImage"]
    assert "Environment" not in jobs[0]


def test_our_job_is_given_its_network(jobs: list[Any]) -> None:
    ours = jobs[1]
    assert ours["HyperParameters"]["algorithm"] == "image-classification"
    assert (ours["HyperParameters"]["artefact"], ours["HyperParameters"]["layers"]) == (MODEL, "18")
    [channel] = [c for c in ours["InputDataConfig"] if c["ChannelName"] == "artefact"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == MODEL
    # No backbone that is the same in every run: it is given every picture, and keeps nothing.
    [pictures] = [c for c in ours["InputDataConfig"] if c["ChannelName"] == "images"]
    assert pictures["DataSource"]["S3DataSource"]["S3Uri"].endswith("/images.manifest")
    assert "pictures" not in ours["HyperParameters"]
    assert "CheckpointConfig" not in ours
    assert ours["EnableNetworkIsolation"] is True


def test_it_goes_on_from_the_live_network_where_that_has_the_same_classes(
    retraining_by_the_built_in: dict[str, Any], interpreter: Interpreter
) -> None:
    ran = run(
        interpreter, retraining_by_the_built_in, **{"copy-pictures": COPIES | {"model": MODEL}}
    )
    job = ran.of("createTrainingJob.sync")[0]
    [channel] = [c for c in job["InputDataConfig"] if c["ChannelName"] == "model"]
    assert channel["ContentType"] == "application/x-sagemaker-model"
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == MODEL
    assert mistakes(Request(JOB, job)) == []


def test_a_lack_of_machines_leads_to_the_next_gpu(
    retraining_by_the_built_in: dict[str, Any], interpreter: Interpreter
) -> None:
    ran = run(interpreter, retraining_by_the_built_in, **{"createTrainingJob.sync": NO_SPOT})
    asked = [
        (job["ResourceConfig"]["InstanceType"], job["EnableManagedSpotTraining"])
        for job in ran.of("createTrainingJob.sync")
    ]
    assert asked == [
        *(("ml.g4dn.xlarge", True), ("ml.g4dn.xlarge", False)),
        *(("ml.g5.xlarge", True), ("ml.g5.xlarge", False)),
    ]
    assert ran.output["outcome"] == "no-machine"


def test_what_the_algorithm_refuses_is_no_matter_of_the_machine(
    retraining_by_the_built_in: dict[str, Any], interpreter: Interpreter
) -> None:
    refused = Failure("States.TaskFailed", failed_job("ClientError: num_training_samples is 9"))
    for fault in (refused, OWN_FAULT):
        ran = run(interpreter, retraining_by_the_built_in, **{"createTrainingJob.sync": fault})
        assert len(ran.of("createTrainingJob.sync")) == 1
        assert ran.path[1:-2] == [*BEFORE, *NETWORK, "Choose machine", "Which fault?", *DELETED]


def test_copies_are_of_the_data_set_and_know_what_is_live(
    retraining_by_the_built_in: dict[str, Any], interpreter: Interpreter
) -> None:
    [asked] = run(interpreter, retraining_by_the_built_in).of("copy-pictures")
    assert asked == {"digest": "d1", "live_epoch": DATASET["live_epoch"]}
