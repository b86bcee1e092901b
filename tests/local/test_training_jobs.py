"""Does a training job on the local cloud see, do and leave what it would on SageMaker?"""

import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from local.sagemaker import account, toolkit
from local.sagemaker.box import IN_THE_IMAGE, Box, box, image
from stacks.assets.code import ROOT
from stacks.assets.training_files import training_modules
from tests.local.account import Aws, channel, request, unique, until

ENDS = ("Completed", "Failed", "Stopped")
# Writes what the job sees as JSON into its model.
LOOK = """
import json, os, pathlib, sys
ml = pathlib.Path(os.environ.get("LENSLOOP_ML_ROOT", "/opt/ml"))
seen = {
    "files": sorted(str(p.relative_to(ml)) for p in ml.rglob("*") if p.is_file()),
    "hyperparameters": json.loads((ml / "input/config/hyperparameters.json").read_text()),
    "environment": dict(os.environ),
    "path": sys.path,
    "arguments": sys.argv[1:],
}
print("accuracy=0.5\\naccuracy=0.75")
(ml / "model/seen.json").write_text(json.dumps(seen))
"""


def train(aws: Aws, program: str, bucket: str = "", **changes: Any) -> dict[str, Any]:
    """Runs a job to its end; its description."""
    job = request(aws, program, bucket or aws.bucket(), **changes)
    aws.sagemaker.create_training_job(**job)
    return ended(aws, job["TrainingJobName"])


def ended(aws: Aws, name: str) -> dict[str, Any]:
    return until(
        lambda: aws.sagemaker.describe_training_job(TrainingJobName=name),
        lambda d: d["TrainingJobStatus"] in ENDS,
        60,
    )


def seen(aws: Aws, description: dict[str, Any]) -> dict[str, Any]:
    assert description["TrainingJobStatus"] == "Completed", description.get("FailureReason")
    bucket, _, key = (
        description["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    )
    packed = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        file = tar.extractfile("seen.json")
        assert file is not None
        found: dict[str, Any] = json.load(file)
        return found


def put(aws: Aws, bucket: str, *keys: str) -> None:
    for key in keys:
        aws.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def test_a_job_finds_its_channels_configuration_and_arguments(aws: Aws) -> None:
    bucket = aws.bucket()
    put(
        aws,
        bucket,
        "images/can/ü 1.jpg",
        "images/can/2.jpg",
        "images/new",
        "datasets/d/manifest.csv.gz",
        "datasets/d2/x",
    )
    manifest = [{"prefix": f"s3://{bucket}/images/"}, "can/ü 1.jpg", "can/2.jpg"]
    aws.s3.put_object(
        Bucket=bucket, Key="datasets/d/images.manifest", Body=json.dumps(manifest).encode()
    )
    channels = [
        channel("images", f"s3://{bucket}/datasets/d/images.manifest", "ManifestFile"),
        channel("dataset", f"s3://{bucket}/datasets/d/manifest.csv.gz"),
        channel("folder", f"https://s3.us-east-1.amazonaws.com/{bucket}/datasets/d/"),
    ]
    job = request(aws, LOOK, bucket, InputDataConfig=channels)
    job["AlgorithmSpecification"]["ContainerArguments"] = ["train"]
    job |= {"HyperParameters": {"epoch": "7"}, "Environment": {"COLOUR": "green"}}
    aws.sagemaker.create_training_job(**job)
    found = seen(aws, ended(aws, job["TrainingJobName"]))
    assert found["files"] == [
        "input/config/hyperparameters.json",
        "input/config/inputdataconfig.json",
        "input/config/resourceconfig.json",
        "input/data/dataset/manifest.csv.gz",
        "input/data/folder/images.manifest",
        "input/data/folder/manifest.csv.gz",
        "input/data/images/can/2.jpg",
        "input/data/images/can/ü 1.jpg",
        "input/data/program/program.py",
    ]
    assert found["hyperparameters"] == {"epoch": "7"}
    assert found["environment"]["COLOUR"] == "green"
    assert found["environment"]["TRAINING_JOB_NAME"] == job["TrainingJobName"]
    assert found["arguments"] == ["train"]


def test_a_job_is_described_as_sagemaker_does(aws: Aws) -> None:
    description = train(aws, LOOK)
    steps = [step["Status"] for step in description["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [(m["MetricName"], m["Value"]) for m in description["FinalMetricDataList"]] == [
        ("test:accuracy", 0.75)
    ]
    assert description["BillableTimeInSeconds"] >= 1
    streams = aws.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs",
        logStreamNamePrefix=f"{description['TrainingJobName']}/algo-1-",
    )["logStreams"]
    events = aws.logs.get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=streams[0]["logStreamName"]
    )["events"]
    assert [event["message"] for event in events] == ["accuracy=0.5", "accuracy=0.75"]


def test_a_job_imports_nothing_from_our_environment(aws: Aws) -> None:
    found = seen(aws, train(aws, LOOK))
    ours = [folder for folder in found["path"] if "site-packages" in folder or "/work/" in folder]
    assert set(ours) <= {str(IN_THE_IMAGE)}


def test_a_job_finds_what_the_image_has_behind_what_it_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has, brings = tmp_path / "has", tmp_path / "brings"
    for folder, names in ((has, ("torch", "numpy")), (brings, ("numpy",))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.py").write_text(f"whose = {folder.name!r}")
    monkeypatch.setattr("local.sagemaker.box.IN_THE_IMAGE", has)
    program = "import numpy, torch; print(numpy.whose, torch.whose)"
    printed = subprocess.run(
        ["python3", "-c", program],
        env={"PATH": image(tmp_path / "image"), "PYTHONPATH": str(brings)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == "brings has\n"


def test_without_those_packages_a_job_has_python_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.sagemaker.box.IN_THE_IMAGE", tmp_path / "nothing")
    image(tmp_path)
    assert "PYTHONPATH" not in (tmp_path / "bin" / "python3").read_text()


def test_a_job_imports_from_a_zip_in_a_channel(aws: Aws) -> None:
    bucket = aws.bucket()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("learning/__init__.py", "")
        zipped.writestr("learning/__main__.py", LOOK)
    aws.s3.put_object(Bucket=bucket, Key="code/a1.zip", Body=archive.getvalue())
    job = request(aws, "", bucket, InputDataConfig=[channel("code", f"s3://{bucket}/code/a1.zip")])
    job["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python3", "-m", "learning"]
    job["Environment"] = {"PYTHONPATH": "/opt/ml/input/data/code/a1.zip"}
    aws.sagemaker.create_training_job(**job)
    assert seen(aws, ended(aws, job["TrainingJobName"]))


def by_the_image(aws: Aws, code: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A job without an entry point of ours: the image's runs training/start.py."""
    bucket, archive = aws.bucket(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, text in code:
            zipped.writestr(name, text)
    aws.s3.put_object(Bucket=bucket, Key="code/a1.zip", Body=archive.getvalue())
    aws.s3.upload_file(str(ROOT / "training/start.py"), bucket, "89ab.py")
    channels = [
        channel("code", f"s3://{bucket}/code/a1.zip"),
        channel("entry", f"s3://{bucket}/89ab.py"),
    ]
    job = request(aws, "", bucket, InputDataConfig=channels, EnableNetworkIsolation=True)
    del job["AlgorithmSpecification"]["ContainerEntrypoint"]
    job["Environment"] = {"PYTHONPATH": "/opt/ml/input/data/code/a1.zip"}
    job["HyperParameters"] = {
        "epoch": "7",
        "algorithm": "head",
        "sagemaker_program": '"89ab.py"',
        "sagemaker_submit_directory": '"/opt/ml/input/data/entry"',
    }
    aws.sagemaker.create_training_job(**job)
    return ended(aws, job["TrainingJobName"])


def test_the_images_entry_point_runs_the_training_without_arguments(aws: Aws) -> None:
    job = by_the_image(aws, [("training/__init__.py", ""), ("training/__main__.py", LOOK)])
    found = seen(aws, job)
    assert found["arguments"] == []
    assert "code/89ab.py" in found["files"]
    assert found["hyperparameters"]["epoch"] == "7"


def test_the_images_entry_point_tells_a_failure_in_the_words_of_our_training(aws: Aws) -> None:
    ours = ((str(path), (ROOT / path).read_text()) for path in training_modules())
    job = by_the_image(aws, ours)
    assert job["FailureReason"] == (
        "AlgorithmError: The channel `dependencies` holds 0 zip files; it must hold exactly one.,"
        " exit code: 1"
    )


def test_a_program_that_dies_under_the_images_entry_point_is_told_by_the_toolkit(aws: Aws) -> None:
    code = [("training/__init__.py", ""), ("training/__main__.py", "raise SystemExit(3)")]
    assert by_the_image(aws, code)["FailureReason"] == (
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 3, exit code: 1"
    )


@pytest.mark.parametrize("named", [{}, {"sagemaker_program": '"a.py"'}])
def test_a_job_that_names_nothing_to_run_is_refused(aws: Aws, named: dict[str, str]) -> None:
    job = request(aws, LOOK, aws.bucket(), HyperParameters=named)
    del job["AlgorithmSpecification"]["ContainerEntrypoint"]
    aws.sagemaker.create_training_job(**job)
    reason = ended(aws, job["TrainingJobName"])["FailureReason"]
    assert reason.startswith("ClientError")
    assert "sagemaker_program and sagemaker_submit_directory" in reason


def test_the_toolkit_hands_over_every_hyperparameter_that_is_not_its_own() -> None:
    """In the order, and read as JSON, as sagemaker-training 5.1.4 did it."""
    told = {
        "sagemaker_program": '"89ab.py"',
        "sagemaker_submit_directory": '"/entry"',
        "epoch": "7",
        "algorithm": "head",
    }
    _, _, _, _, *words = toolkit.command(told)
    assert words == ["/entry", "89ab.py", "--algorithm", "head", "--epoch", "7"]


def test_network_isolation_cuts_the_network_and_takes_the_credentials(aws: Aws) -> None:
    if not box().sealed:
        pytest.skip(
            "this machine gives no namespaces to keep a job in; docs/local-cloud.md says so"
        )
    reach = f"import socket; socket.create_connection(('127.0.0.1', {aws.cloud.port}), 2)"
    assert train(aws, reach)["TrainingJobStatus"] == "Completed"
    cut_off = train(aws, reach, EnableNetworkIsolation=True)
    assert cut_off["FailureReason"].startswith("AlgorithmError")
    found = seen(aws, train(aws, LOOK, EnableNetworkIsolation=True))
    assert not [
        name
        for name in found["environment"]
        if "SECRET" in name or "TOKEN" in name or "ENDPOINT" in name
    ]


def test_a_job_acts_as_its_role(aws: Aws) -> None:
    bucket = aws.bucket()
    put(aws, bucket, "a/1")
    unread = train(
        aws,
        LOOK,
        bucket,
        RoleArn=aws.role("s3:PutObject"),
        InputDataConfig=[channel("a", f"s3://{bucket}/a/")],
    )
    assert "s3:ListBucket" in unread["FailureReason"]
    unwritten = train(aws, LOOK, bucket, RoleArn=aws.role("s3:GetObject", "s3:ListBucket"))
    assert "s3:PutObject" in unwritten["FailureReason"]


def test_a_failure_is_told_in_the_words_of_the_job(aws: Aws) -> None:
    sad = (
        "import os, sys; ml = os.environ.get('LENSLOOP_ML_ROOT', '/opt/ml')\n"
        "open(ml + '/output/failure', 'w').write('Too few pictures.'); "
        "open(ml + '/output/data/why.txt', 'w')\nsys.exit(3)"
    )
    bucket = aws.bucket()
    description = train(aws, sad, bucket)
    assert description["TrainingJobStatus"] == "Failed"
    assert description["FailureReason"] == "AlgorithmError: Too few pictures., exit code: 3"
    kept = [found["Key"] for found in aws.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert f"training/{description['TrainingJobName']}/output/output.tar.gz" in kept
    assert not [key for key in kept if key.endswith("model.tar.gz")]


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        ([("a", "s3://{bucket}/nothing/", "S3Prefix")], "no S3 objects found"),
        ([("a", "s3://{bucket}/bad.manifest", "ManifestFile")], "the manifest must be a JSON list"),
        (
            [("a", "s3://{bucket}/outside.manifest", "ManifestFile")],
            "would land outside its channel",
        ),
        ([("a", "s3://no-such-bucket-here/", "S3Prefix")], "NoSuchBucket"),
    ],
)
def test_data_that_cannot_be_brought_ends_the_job(
    aws: Aws, channels: list[tuple[str, str, str]], reason: str
) -> None:
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="bad.manifest", Body=b"{}")
    aws.s3.put_object(
        Bucket=bucket,
        Key="outside.manifest",
        Body=json.dumps([{"prefix": f"s3://{bucket}/"}, "../../x"]).encode(),
    )
    wanted = [channel(name, uri.format(bucket=bucket), kind) for name, uri, kind in channels]
    description = train(aws, LOOK, bucket, InputDataConfig=wanted)
    assert description["FailureReason"].startswith("ClientError")
    assert reason in description["FailureReason"]


def test_a_job_is_stopped_and_keeps_its_model(aws: Aws) -> None:
    job = request(aws, "import time; time.sleep(60)", aws.bucket())
    aws.sagemaker.create_training_job(**job)
    name = job["TrainingJobName"]
    until(
        lambda: aws.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"],
        lambda s: s == "Training",
    )
    aws.sagemaker.stop_training_job(TrainingJobName=name)
    description = ended(aws, name)
    assert (description["TrainingJobStatus"], description["SecondaryStatus"]) == (
        "Stopped",
        "Stopped",
    )
    assert description["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")


# Counts how often it was started, in a file that is kept.
COUNT = """
import os, pathlib, sys, time
kept = pathlib.Path(os.environ.get("LENSLOOP_ML_ROOT", "/opt/ml")) / "checkpoints"
(kept / "runs").mkdir(exist_ok=True)
file = kept / "runs" / "count"
before = int(file.read_text()) if file.exists() else 0
draft = kept / ".count.part"
draft.write_text(str(before + 1))
draft.rename(file)
"""


def counted(aws: Aws, bucket: str) -> str:
    listed = aws.s3.list_objects_v2(Bucket=bucket, Prefix="kept/").get("Contents", [])
    if "kept/runs/count" not in [found["Key"] for found in listed]:
        return ""
    return str(aws.s3.get_object(Bucket=bucket, Key="kept/runs/count")["Body"].read().decode())


def test_what_a_job_keeps_is_there_while_it_runs_and_when_it_is_killed(aws: Aws) -> None:
    bucket = aws.bucket()
    keep = {"S3Uri": f"s3://{bucket}/kept"}
    program = f"{COUNT}\ntime.sleep(60)"
    job = request(aws, program, bucket, CheckpointConfig=keep)
    aws.sagemaker.create_training_job(**job)
    until(lambda: counted(aws, bucket), lambda count: count == "1")
    found = aws.sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
    assert found["TrainingJobStatus"] == "InProgress"
    aws.sagemaker.stop_training_job(TrainingJobName=job["TrainingJobName"])
    ended(aws, job["TrainingJobName"])
    failed = train(aws, f"{COUNT}\nsys.exit(3)", bucket, CheckpointConfig=keep)
    assert failed["TrainingJobStatus"] == "Failed"
    assert counted(aws, bucket) == "2"
    elsewhere = {**keep, "LocalPath": "/opt/ml/checkpoints/"}
    assert train(aws, COUNT, bucket, CheckpointConfig=elsewhere)["CheckpointConfig"] == elsewhere
    assert counted(aws, bucket) == "3"


def test_a_role_that_may_not_keep_anything_fails_the_job(aws: Aws) -> None:
    bucket = aws.bucket()
    keep = {"S3Uri": f"s3://{bucket}/kept"}
    role = aws.role("s3:GetObject", "s3:ListBucket")
    failed = train(aws, COUNT, bucket, CheckpointConfig=keep, RoleArn=role)
    assert failed["TrainingJobStatus"] == "Failed"
    assert "PutObject" in failed["FailureReason"]


def test_a_job_that_keeps_nothing_has_no_folder_for_it(aws: Aws) -> None:
    look = """
import os, pathlib
ml = pathlib.Path(os.environ.get("LENSLOOP_ML_ROOT", "/opt/ml"))
assert not (ml / "checkpoints").exists()
"""
    assert train(aws, look)["TrainingJobStatus"] == "Completed"


def test_a_job_that_takes_too_long_is_stopped(aws: Aws) -> None:
    description = train(
        aws, "import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1}
    )
    assert (description["TrainingJobStatus"], description["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )


def test_stopping_the_workflow_stops_its_job(aws: Aws) -> None:
    job = request(aws, "import time; time.sleep(60)", aws.bucket())
    resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    machine = aws.machine(
        {"Train": {"Type": "Task", "Resource": resource, "Parameters": job, "End": True}}
    )
    execution = aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
    until(lambda: _status(aws, job["TrainingJobName"]), lambda status: status == "Training")
    aws.stepfunctions.stop_execution(executionArn=execution)
    assert ended(aws, job["TrainingJobName"])["TrainingJobStatus"] == "Stopped"


def _status(aws: Aws, name: str) -> str:
    try:
        return str(aws.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"])
    except botocore.exceptions.ClientError:
        return ""


def test_state_changes_reach_eventbridge(aws: Aws) -> None:
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
    }
    url, arn = aws.queue({"Version": "2012-10-17", "Statement": [allow | {"Resource": "*"}]})
    rule = unique("rule")
    pattern = {"source": ["aws.sagemaker"], "detail": {"TrainingJobStatus": ["Completed"]}}
    aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "it", "Arn": arn}])
    name = train(aws, "pass")["TrainingJobName"]
    found = until(lambda: aws.sqs.receive_message(QueueUrl=url).get("Messages", []), bool)
    assert json.loads(found[0]["Body"])["detail"]["TrainingJobName"] == name


def test_nothing_of_a_job_stays_on_the_machine(aws: Aws) -> None:
    train(aws, LOOK)
    assert until(lambda: list(aws.cloud._state.jobs.iterdir()), lambda left: not left) == []
    assert box().prefix != ("unshare", "-m") or not Path("/opt/ml").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"TrainingJobName": "no spaces"}, "regular expression"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Could not assume role"),
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds must be set"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}},
            "only for managed spot",
        ),
        ({"HyperParameters": {"a": "b" * 2501}}, "at most 2500"),
        (
            {
                "ResourceConfig": {
                    "InstanceCount": 2,
                    "InstanceType": "ml.m5.xlarge",
                    "VolumeSizeInGB": 1,
                }
            },
            "one instance",
        ),
        (
            {
                "ResourceConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.toaster",
                    "VolumeSizeInGB": 1,
                }
            },
            "enum value set",
        ),
        ({"CheckpointConfig": {"S3Uri": "kept"}}, "regular expression pattern"),
        (
            {"CheckpointConfig": {"S3Uri": "s3://bucket/kept", "LocalPath": "/tmp/kept"}},
            "below /opt/ml only",
        ),
    ],
)
def test_requests_that_sagemaker_refuses_are_refused(
    aws: Aws, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=complaint):
        aws.sagemaker.create_training_job(**request(aws, LOOK, aws.bucket(), **changes))


def test_spot_training_with_a_waiting_time_is_taken(aws: Aws) -> None:
    patience = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}
    description = train(aws, LOOK, EnableManagedSpotTraining=True, StoppingCondition=patience)
    assert description["EnableManagedSpotTraining"]
    assert description["TrainingJobStatus"] == "Completed"


def test_a_role_that_does_not_trust_sagemaker_is_refused(aws: Aws) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="Could not assume role"):
        train(aws, LOOK, RoleArn=aws.role("s3:*", trusts={"Service": "lambda.amazonaws.com"}))


def test_a_name_is_used_once(aws: Aws) -> None:
    job = request(aws, "pass", aws.bucket())
    aws.sagemaker.create_training_job(**job)
    with pytest.raises(aws.sagemaker.exceptions.ResourceInUse):
        aws.sagemaker.create_training_job(**job)


@pytest.fixture
def say(aws: Aws) -> Iterator[Callable[..., None]]:
    """What this account has of SageMaker, for one test."""
    file = aws.cloud.ca_pem.parent / account.FILE

    def write(**told: Any) -> None:
        file.write_text(json.dumps(told))

    yield write
    file.unlink(missing_ok=True)


@pytest.mark.parametrize("spot", [True, False])
def test_a_quota_of_0_refuses_in_the_words_of_aws_until_it_is_granted(
    aws: Aws, say: Callable[..., None], spot: bool
) -> None:
    name = f"ml.m5.xlarge for {'spot ' if spot else ''}training job usage"
    patience = {"MaxRuntimeInSeconds": 60} | ({"MaxWaitTimeInSeconds": 90} if spot else {})
    job = request(
        aws, "pass", aws.bucket(), EnableManagedSpotTraining=spot, StoppingCondition=patience
    )
    say(quotas={name: 0})
    with pytest.raises(aws.sagemaker.exceptions.ResourceLimitExceeded, match=f"'{name}' is 0 Inst"):
        aws.sagemaker.create_training_job(**job)
    say(quotas={name: 1})
    aws.sagemaker.create_training_job(**job)
    assert ended(aws, job["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_quota_counts_the_jobs_that_run(aws: Aws, say: Callable[..., None]) -> None:
    say(quotas={"ml.m5.xlarge for training job usage": 1})
    busy, late = (request(aws, "import time; time.sleep(60)", aws.bucket()) for _ in range(2))
    aws.sagemaker.create_training_job(**busy)
    with pytest.raises(aws.sagemaker.exceptions.ResourceLimitExceeded, match="utilization of 1"):
        aws.sagemaker.create_training_job(**late)
    aws.sagemaker.stop_training_job(TrainingJobName=busy["TrainingJobName"])
    ended(aws, busy["TrainingJobName"])


def test_where_there_is_no_machine_a_job_fails_by_itself(
    aws: Aws, say: Callable[..., None]
) -> None:
    say(no_machines=["ml.m5.xlarge"])
    description = train(aws, "pass")
    assert description["FailureReason"].startswith("CapacityError: Unable to provision")


@pytest.mark.parametrize("lacking", ["no_machines", "no_spot"])
def test_a_job_that_waits_too_long_for_spot_capacity_is_stopped_and_has_no_model(
    aws: Aws, say: Callable[..., None], lacking: str
) -> None:
    say(**{lacking: ["ml.m5.xlarge"]})
    patience = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}
    description = train(aws, "pass", EnableManagedSpotTraining=True, StoppingCondition=patience)
    assert (description["TrainingJobStatus"], description["SecondaryStatus"]) == (
        "Stopped",
        "MaxWaitTimeExceeded",
    )
    assert "ModelArtifacts" not in description


def test_what_is_lacking_on_spot_capacity_only_trains_on_demand(
    aws: Aws, say: Callable[..., None]
) -> None:
    say(no_spot=["ml.m5.xlarge"])
    assert train(aws, "pass")["TrainingJobStatus"] == "Completed"


WARM: dict[str, Any] = {
    "ResourceConfig": {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.xlarge",
        "VolumeSizeInGB": 1,
        "KeepAlivePeriodInSeconds": 600,
    }
}


def test_keeping_a_machine_has_a_quota_of_its_own(aws: Aws, say: Callable[..., None]) -> None:
    say(quotas={"ml.m5.xlarge for training warm pool usage": 0})
    assert train(aws, "pass")["TrainingJobStatus"] == "Completed"
    with pytest.raises(
        aws.sagemaker.exceptions.ResourceLimitExceeded, match="training warm pool usage' is 0 Inst"
    ):
        train(aws, "pass", **WARM)


def test_a_machine_on_spot_capacity_is_not_kept(aws: Aws) -> None:
    patience = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}
    spot: dict[str, Any] = {"EnableManagedSpotTraining": True, "StoppingCondition": patience}
    with pytest.raises(botocore.exceptions.ClientError, match="managed spot training"):
        train(aws, "pass", **WARM, **spot)


def test_a_machine_takes_a_while_to_start(aws: Aws, say: Callable[..., None]) -> None:
    say(launch_seconds=2)
    description = train(aws, "pass")
    began, *_, over = description["SecondaryStatusTransitions"]
    assert (over["StartTime"] - began["StartTime"]).total_seconds() >= 2


def test_passing_a_role_to_sagemaker_needs_permission_for_sagemaker(aws: Aws) -> None:
    job = request(aws, "pass", aws.bucket())
    maker = aws.role("sagemaker:CreateTrainingJob", trusts={"AWS": "*"})
    with pytest.raises(botocore.exceptions.ClientError, match="iam:PassRole"):
        aws.as_role(maker, "sagemaker").create_training_job(**job)


@pytest.mark.parametrize("passed_to", ["sagemaker.amazonaws.com", "lambda.amazonaws.com"])
def test_a_workflow_passes_its_job_a_role_only_to_sagemaker(aws: Aws, passed_to: str) -> None:
    job = request(aws, "pass", aws.bucket())
    role = aws.role("sagemaker:CreateTrainingJob")
    allow = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": job["RoleArn"]}
    allow["Condition"] = {"StringEquals": {"iam:PassedToService": passed_to}}  # type: ignore[assignment]
    aws.iam.put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="pass",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    resource = "arn:aws:states:::sagemaker:createTrainingJob"
    states = {"Train": {"Type": "Task", "Resource": resource, "Parameters": job, "End": True}}
    assert (aws.run(states, role)["status"] == "SUCCEEDED") == (
        passed_to == "sagemaker.amazonaws.com"
    )


def test_without_namespaces_the_job_is_told_where_its_folder_is() -> None:
    open_box, root = Box(()), Path("/state/jobs/j/ml")
    assert open_box.command(root, ["run", "--data=/opt/ml/input"], network=False) == [
        "run",
        f"--data={root}/input",
    ]
    assert open_box.variables(root, {"PYTHONPATH": "/opt/ml/input/data/code/a.zip"}) == {
        "PYTHONPATH": f"{root}/input/data/code/a.zip",
        "LENSLOOP_ML_ROOT": str(root),
    }
