"""Does an experiment ask SageMaker for what the workflow asks, but for what it says it changes? Its
plan, and what the SDK's ModelTrainer makes of it.
"""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from cli import sdk
from cli.place import LocalCloud, Place
from lensloop.experiment import Experiment, ExperimentError, plan
from lensloop.machines.choose import CACHE_DAMAGED
from lensloop.machines.ladder import Rung
from lensloop.settings import Settings
from stacks.training.request import TrainingSpec, fixed
from tests.workflows.conftest import ENTRY
from tests.workflows.interpreter import Failure, Interpreter
from tests.workflows.scenes import RETRAINING, failed_job

SDK = Path(os.environ.get(sdk.ENVIRONMENT) or sdk.PYTHON)
ASKED: dict[str, Any] = {
    "name": "twenty-epochs",
    "algorithm": "head",
    "digest": "d1",
    "volume_gb": 40,
    "live_epoch": 5,
}


@pytest.fixture(scope="module")
def deployed() -> dict[str, Any]:
    """The stack's output, of the training that tests/workflows/conftest.py synthesizes."""
    stack = Stack(App(), "Any")
    return fixed(
        TrainingSpec(
            image_uri="",
            role=iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/training"),
            bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "bucket"),
            code="s3://assets/0123.zip",
            code_file="0123.zip",
            dependencies="s3://assets/4567.zip",
        )
    )


@pytest.fixture
def of_the_workflow(
    retraining_by_the_image: dict[str, Any], interpreter: Interpreter
) -> dict[str, Any]:
    """As the workflow asks where AWS's own image starts our code, as it does for ModelTrainer, and
    where a job is given every picture: an experiment begins with nothing kept.
    """
    damaged = Failure("States.TaskFailed", failed_job(f"AlgorithmError: {CACHE_DAMAGED}"))
    answers = {"createTrainingJob.sync": [damaged, RETRAINING["createTrainingJob.sync"]]}
    run = interpreter.run(retraining_by_the_image, RETRAINING | answers)
    return dict(run.of("createTrainingJob.sync")[-1])


def planned(deployed: dict[str, Any], spot: bool = True, **changes: Any) -> dict[str, Any]:
    experiment = Experiment(machine=Rung("ml.m5.xlarge", spot), parameters={}, **(ASKED | changes))
    return plan(experiment, deployed, Settings(), bucket="bucket", region="eu-central-1")


def channels(job: dict[str, Any]) -> dict[str, Any]:
    return {channel["ChannelName"]: channel for channel in job["InputDataConfig"]}


def test_a_plan_is_the_workflows_request_but_for_where_it_writes_and_what_starts_it(
    deployed: dict[str, Any], of_the_workflow: dict[str, Any]
) -> None:
    ours, theirs = planned(deployed)["request"], of_the_workflow
    bucket = theirs["OutputDataConfig"]["S3OutputPath"].split("/")[2]
    text = json.dumps(ours).replace("s3://bucket/", f"s3://{bucket}/")
    ours = json.loads(text.replace("start.py", ENTRY.program_file))
    assert ours["OutputDataConfig"] == {"S3OutputPath": f"s3://{bucket}/experiments/twenty-epochs/"}
    of_the_loop = {"epoch": "0", "artefact": "", "pictures": "all"}  # which keeps what it has seen
    assert ours["HyperParameters"] | of_the_loop == theirs["HyperParameters"] | {"epoch": "0"}
    entry = channels(ours).pop("entry")
    assert entry["DataSource"]["S3DataSource"]["S3Uri"].startswith(
        f"s3://{bucket}/experiments/twenty-epochs/"
    )
    rest = [channel for channel in theirs["InputDataConfig"] if channel["ChannelName"] != "entry"]
    assert [one for one in ours["InputDataConfig"] if one != entry] == rest
    assert theirs.pop("CheckpointConfig")["S3Uri"].endswith("/features/")
    different = {"OutputDataConfig", "HyperParameters", "InputDataConfig", "RoleArn"}
    specification = dict(theirs["AlgorithmSpecification"])
    assert specification.pop("TrainingImage")
    assert specification.pop("TrainingInputMode") == "File"  # which ModelTrainer says by itself
    assert {name: ours[name] for name in ours.keys() - different} == {
        **{name: theirs[name] for name in theirs.keys() - different - {"TrainingJobName"}},
        "AlgorithmSpecification": specification,
    }


def test_on_demand_no_waiting_for_capacity_is_asked_for(deployed: dict[str, Any]) -> None:
    request = planned(deployed, spot=False)["request"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert request["EnableManagedSpotTraining"] is False


def test_the_first_experiment_has_no_live_model_beside_it(deployed: dict[str, Any]) -> None:
    assert "live" not in channels(planned(deployed, live_epoch=None)["request"])


class Stub(BaseHTTPRequestHandler):
    """SageMaker, as far as it is asked for."""

    seen: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.seen.append((operation, json.loads(body)))
        name = json.loads(body)["TrainingJobName"]
        answer = {"TrainingJobArn": f"arn:aws:sagemaker:eu-central-1:1:training-job/{name}"}
        answer |= {"TrainingJobName": name, "TrainingJobStatus": "InProgress"}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Its address, and what it was asked."""
    seen: list[tuple[str, dict[str, Any]]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Seeing", (Stub,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.mark.slow
@pytest.mark.skipif(
    not SDK.exists(), reason="the SageMaker SDK is not installed; `make experiments` does it"
)
@pytest.mark.parametrize(
    ("instance", "build"), [("ml.m5.xlarge", "2.13-cpu-"), ("ml.g5.xlarge", "2.13-cu")]
)
def test_model_trainer_asks_for_exactly_what_is_planned(
    deployed: dict[str, Any],
    stub: tuple[str, list[tuple[str, dict[str, Any]]]],
    instance: str,
    build: str,
) -> None:
    address, seen = stub
    experiment = Experiment(machine=Rung(instance, True), parameters={"epochs": "20"}, **ASKED)
    wanted = plan(experiment, deployed, Settings(), bucket="bucket", region="eu-central-1")
    started = sdk.start(_at(address), SDK, wanted)
    [(operation, request), *looks] = seen
    assert operation == "CreateTrainingJob"
    assert {operation for operation, _ in looks} <= {"DescribeTrainingJob"}
    assert started["job"] == request.pop("TrainingJobName")
    assert started["job"].startswith("deeplens-trash-experiment-")
    specification = request["AlgorithmSpecification"]
    assert specification.pop("TrainingImage") == started["image"]
    assert f"dkr.ecr.eu-central-1.amazonaws.com/pytorch:{build}" in started["image"]
    assert specification.pop("TrainingInputMode") == "File"
    assert request["OutputDataConfig"].pop("CompressionType") == "GZIP"  # which is the default
    assert request == wanted["request"]


@pytest.mark.slow
@pytest.mark.skipif(
    not SDK.exists(), reason="the SageMaker SDK is not installed; `make experiments` does it"
)
def test_what_the_sdk_cannot_do_is_one_sentence(deployed: dict[str, Any]) -> None:
    wanted = planned(deployed)
    wanted["image"]["version"] = "0.1"
    with pytest.raises(ExperimentError, match="could not start the job: ValueError"):
        sdk.start(_at("http://127.0.0.1:1"), SDK, wanted)


def _at(address: str) -> Place:
    cloud = LocalCloud(address, "eu-central-1", "key", "secret", "", 0, "")
    return Place("trash", "", "eu-central-1", cloud)
