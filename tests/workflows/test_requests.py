"""Would AWS accept what the workflows ask of it? Every request that the scenes make, against
botocore's own models.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from lensloop.machines.choose import CACHE_DAMAGED
from lensloop.machines.ladder import types
from lensloop.settings import Settings
from tests.workflows.conftest import synthesize
from tests.workflows.interpreter import Failure, Interpreter, Request, definition_of
from tests.workflows.scenes import (
    IMPORTED,
    NO_SPOT,
    RETRAINING,
    RETRAINING_SCENES,
    ROLLOUT,
    ROLLOUT_SCENES,
    Scene,
    failed_job,
)

SERVICES = {"sagemaker": "sagemaker", "sns": "sns", "states": "stepfunctions"}
_INTEGRATION = re.compile(r"arn:aws:states:::(?P<service>\w+):(?P<operation>\w+)(\.sync)?")


def mistakes(request: Request) -> list[str]:
    """What botocore's model of the operation finds wrong, patterns and enumerations included."""
    match = _INTEGRATION.fullmatch(request.resource)
    assert match, f"{request.resource} is no integration that is known here"
    model = botocore.session.get_session().get_service_model(SERVICES[match["service"]])
    operation = {name.lower(): name for name in model.operation_names}[match["operation"].lower()]
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    arguments = _as_botocore(request.arguments, shape)
    report = ParamValidator().validate(arguments, shape)
    return [
        *([report.generate_report()] if report.has_errors() else []),
        *_beyond(arguments, shape, operation),
    ]


def _as_botocore(value: Any, shape: Any) -> Any:
    """Step Functions writes members with a capital first letter,
    and takes JSON text as an object.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        members = {name.lower(): name for name in shape.members}
        names = {key: members.get(key.lower(), key) for key in value}
        return {
            names[key]: (
                _as_botocore(item, shape.members[names[key]])  # type: ignore[index]
                if names[key] in shape.members
                else item
            )
            for key, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_as_botocore(item, shape.member) for item in value]
    if shape.type_name == "string" and isinstance(value, Mapping):
        return json.dumps(value)
    return value


def _beyond(value: Any, shape: Any, path: str) -> Iterator[str]:  # noqa: C901 - one branch for each kind of shape
    """What ParamValidator leaves to the service."""
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            if name in shape.members:
                yield from _beyond(item, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from _beyond(item, shape.member, f"{path}[{number}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from _beyond(item, shape.value, f"{path}[{name}]")
    elif shape.type_name == "string":
        yield from _beyond_in_text(value, shape, path)


def _beyond_in_text(value: str, shape: Any, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
    pattern = shape.metadata.get("pattern", "")
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):
        yield f"{path}: {value!r} does not match {pattern}"
    if len(value) > shape.metadata.get("max", len(value)):
        yield f"{path}: longer than {shape.metadata['max']}"


@pytest.mark.parametrize(
    ("workflow", "answers", "scenes", "kinds"),
    [
        (
            "retraining",
            RETRAINING,
            RETRAINING_SCENES,
            {"createTrainingJob.sync", "startExecution"},
        ),
        (
            "retraining_on_demand",
            RETRAINING,
            RETRAINING_SCENES[:1],
            {"createTrainingJob.sync", "startExecution"},
        ),
        (
            "retraining_by_the_image",
            RETRAINING,
            RETRAINING_SCENES[:1],
            {"createTrainingJob.sync", "startExecution"},
        ),
        ("rollout", ROLLOUT, ROLLOUT_SCENES, set()),  # it only calls functions
    ],
    ids=["retraining", "retraining on demand", "retraining by the image", "rollout"],
)
def test_every_request_is_one_that_aws_accepts(
    workflow: str,
    answers: dict[str, Any],
    scenes: list[Scene],
    kinds: set[str],
    interpreter: Interpreter,
    request: pytest.FixtureRequest,
) -> None:
    definition = request.getfixturevalue(workflow)
    requests = [
        asked
        for scene in scenes
        for asked in interpreter.run(definition, answers | scene.answers).requests
        if ":function:" not in asked.resource
    ]
    assert {asked.resource.rsplit(":", 1)[-1] for asked in requests} == kinds
    assert [mistake for asked in requests for mistake in mistakes(asked)] == []


@pytest.mark.parametrize(
    ("resource", "arguments", "mistake"),
    [
        (
            "arn:aws:states:::sns:publish",
            {"TopicArn": "t", "Massage": "m", "Message": "m"},
            "Unknown parameter",
        ),
        ("arn:aws:states:::sns:publish", {"TopicArn": "t"}, "Missing required parameter"),
        (
            "arn:aws:states:::states:startExecution",
            {"StateMachineArn": "a" * 300, "Input": {}},
            "longer than",
        ),
        (
            "arn:aws:states:::sagemaker:createTrainingJob.sync",
            {
                "TrainingJobName": "has a blank",
                "AlgorithmSpecification": {"TrainingInputMode": "Disk"},
                "RoleArn": "arn:aws:iam::111122223333:role/r",
                "OutputDataConfig": {"S3OutputPath": "s3://b/"},
                "StoppingCondition": {},
            },
            "does not match",
        ),
    ],
)
def test_the_check_finds_mistakes(resource: str, arguments: dict[str, Any], mistake: str) -> None:
    assert mistake in " ".join(mistakes(Request(resource, arguments)))


def test_without_spot_each_type_is_tried_on_demand_only(
    retraining_on_demand: dict[str, Any],
    interpreter: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SETTINGS", Settings(training_spot=False).to_json())
    run = interpreter.run(retraining_on_demand, RETRAINING | {"createTrainingJob.sync": NO_SPOT})
    jobs = run.of("createTrainingJob.sync")
    assert [job["EnableManagedSpotTraining"] for job in jobs] == [False, False, False]
    assert [job["ResourceConfig"]["InstanceType"] for job in jobs] == [*types(Settings())]


def test_a_machine_is_kept_warm_where_that_is_wanted(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    warm = synthesize(training_spot=False, warm_pool_minutes=20).to_json()
    [job] = interpreter.run(definition_of(warm, "-retraining"), RETRAINING).of(
        "createTrainingJob.sync"
    )
    [cold] = interpreter.run(retraining, RETRAINING).of("createTrainingJob.sync")
    assert job["ResourceConfig"] == cold["ResourceConfig"] | {"KeepAlivePeriodInSeconds": 1200}


def test_training_is_isolated_and_runs_our_code(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    [job] = interpreter.run(retraining, RETRAINING).of("createTrainingJob.sync")
    assert job["EnableNetworkIsolation"] is True
    assert job["AlgorithmSpecification"]["ContainerEntrypoint"] == ["python3", "-m", "training"]
    assert job["Environment"] == {"PYTHONPATH": "/opt/ml/input/data/code/0123.zip"}


def test_the_images_own_entry_point_is_told_what_to_run(
    retraining: dict[str, Any], retraining_by_the_image: dict[str, Any], interpreter: Interpreter
) -> None:
    """As SageMaker's training toolkit wants to be told: its hyperparameters are JSON themselves.
    Nothing else of the request is different.
    """
    [ours] = interpreter.run(retraining, RETRAINING).of("createTrainingJob.sync")
    [job] = interpreter.run(retraining_by_the_image, RETRAINING).of("createTrainingJob.sync")
    told = {
        "sagemaker_program": '"89ab.py"',
        "sagemaker_submit_directory": '"/opt/ml/input/data/entry"',
    }
    assert job["HyperParameters"] == ours["HyperParameters"] | told
    assert ours["AlgorithmSpecification"] == job["AlgorithmSpecification"] | {
        "ContainerEntrypoint": ["python3", "-m", "training"]
    }
    assert "ContainerEntrypoint" not in job["AlgorithmSpecification"]
    [entry] = [c for c in job["InputDataConfig"] if c["ChannelName"] == "entry"]
    assert entry["DataSource"]["S3DataSource"]["S3Uri"] == "s3://assets/89ab.py"
    assert [c for c in job["InputDataConfig"] if c != entry] == ours["InputDataConfig"]
    assert job["Environment"] == ours["Environment"]


def test_a_job_is_given_the_data_set_and_the_release_to_be_beaten(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    [job] = interpreter.run(retraining, RETRAINING).of("createTrainingJob.sync")
    sources = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]
        for channel in job["InputDataConfig"]
    }
    kinds = {name: source["S3DataType"] for name, source in sources.items()}
    assert kinds == dict.fromkeys(sources, "S3Prefix") | {"images": "ManifestFile"}
    addresses = {name: source["S3Uri"].split("/", 3)[3] for name, source in sources.items()}
    assert addresses == {
        "code": "0123.zip",
        "dependencies": "4567.zip",
        "dataset": "datasets/d1/manifest.csv.gz",
        "images": "datasets/d1/fetch.manifest",
        "live": "releases/5/",
    }
    assert job["HyperParameters"] == {
        "algorithm": "head",
        "artefact": "",
        "epoch": "7",
        "digest": "d1",
        "project": "trash",
        "pictures": "uncached",
    }


def test_a_job_finds_what_earlier_ones_have_kept_and_a_disk_for_what_it_fetches(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    [job] = interpreter.run(retraining, RETRAINING).of("createTrainingJob.sync")
    assert job["CheckpointConfig"]["S3Uri"].endswith("/features/")
    assert job["ResourceConfig"]["VolumeSizeInGB"] == 30


def test_where_what_is_kept_is_damaged_the_next_job_is_given_every_picture(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    damaged = Failure("States.TaskFailed", failed_job(f"AlgorithmError: {CACHE_DAMAGED}: 12 rows."))
    answers = [damaged, RETRAINING["createTrainingJob.sync"]]
    run = interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": answers})
    _, job = run.of("createTrainingJob.sync")
    [images] = [c for c in job["InputDataConfig"] if c["ChannelName"] == "images"]
    listed = images["DataSource"]["S3DataSource"]["S3Uri"]
    assert listed.endswith("/datasets/d1/images.manifest")
    assert job["HyperParameters"]["pictures"] == "all"
    assert job["ResourceConfig"]["VolumeSizeInGB"] == 40
    assert job["CheckpointConfig"]["S3Uri"].endswith("/features/")


def test_finetune_is_told_its_epochs_and_keeps_its_checkpoints_apart(
    retraining_by_finetune: dict[str, Any], interpreter: Interpreter
) -> None:
    [job] = interpreter.run(retraining_by_finetune, RETRAINING).of("createTrainingJob.sync")
    assert job["HyperParameters"]["algorithm"] == "finetune"
    assert job["HyperParameters"]["epochs"] == "12"
    assert "pictures" not in job["HyperParameters"]
    assert job["CheckpointConfig"]["S3Uri"].endswith("/features/finetune/")
    assert job["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"


@pytest.mark.parametrize(("needed", "asked"), [(80, 80), (400, 125)])
def test_of_a_machine_with_a_disk_of_its_own_no_larger_one_is_asked_for(
    retraining_by_finetune: dict[str, Any], interpreter: Interpreter, needed: int, asked: int
) -> None:
    fetched = RETRAINING["assemble-dataset"]["fetched"] | {"volume_gb": needed}
    answers = {"assemble-dataset": RETRAINING["assemble-dataset"] | {"fetched": fetched}}
    [job] = interpreter.run(retraining_by_finetune, RETRAINING | answers).of(
        "createTrainingJob.sync"
    )
    assert job["ResourceConfig"]["VolumeSizeInGB"] == asked


def test_the_first_job_has_no_release_to_beat(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    first = RETRAINING["assemble-dataset"] | {"live_epoch": None}
    run = interpreter.run(retraining, RETRAINING | {"assemble-dataset": first})
    [job] = run.of("createTrainingJob.sync")
    assert [channel["ChannelName"] for channel in job["InputDataConfig"]] == [
        *("code", "dependencies", "dataset", "images")
    ]


def test_the_golden_set_is_a_channel_only_where_it_is_asked_for(interpreter: Interpreter) -> None:
    asked = definition_of(synthesize(golden_set_accuracy=0.9).to_json(), "-retraining")
    [job] = interpreter.run(asked, RETRAINING).of("createTrainingJob.sync")
    [golden] = [each for each in job["InputDataConfig"] if each["ChannelName"] == "golden"]
    source = golden["DataSource"]["S3DataSource"]
    assert source["S3DataType"] == "S3Prefix"
    assert source["S3Uri"].endswith("/golden/")


def test_a_model_from_elsewhere_is_given_to_our_job_with_its_name(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    wanted = RETRAINING["assemble-dataset"] | {"imported": IMPORTED}
    run = interpreter.run(retraining, RETRAINING | {"assemble-dataset": wanted})
    [job] = run.of("createTrainingJob.sync")
    assert job["HyperParameters"]["algorithm"] == "imported"
    assert job["HyperParameters"]["artefact"] == IMPORTED["uri"]
    [channel] = [c for c in job["InputDataConfig"] if c["ChannelName"] == "artefact"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == IMPORTED["uri"]
    assert run.output["imported"] == IMPORTED["digest"]
