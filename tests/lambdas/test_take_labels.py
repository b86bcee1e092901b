"""Are the labels of a job that has ended taken in, once, and is it noted what became of it?"""

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from lambdas import take_labels
from lambdas.aws import clients, imports
from tests.importers.test_groundtruth import told
from tests.lambdas.conftest import BUCKET, Aws

NAME = "deeplens-trash-20261126-120000"
OUTPUT = f"labeling/{NAME}/manifests/output/output.manifest"
ARN = f"arn:aws:sagemaker:us-east-1:000000000000:labeling-job/{NAME}"
EVENT = {"resources": [ARN], "detail": {"LabelingJobStatus": "Completed"}}
FRAME, GONE, MACHINE = (f"review/deeplens_a/{n}-unsure-ab.jpg" for n in range(3))


def output(key: str, **more: Any) -> str:
    return json.dumps(
        {"source-ref": f"s3://{BUCKET}/{key}", "label": 0, "label-metadata": told(**more)}
    )


def ended(monkeypatch: pytest.MonkeyPatch, uri: str = f"s3://{BUCKET}/{OUTPUT}") -> dict[str, Any]:
    """What the function answers once such a job has ended."""
    sagemaker = clients.sagemaker()
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_labeling_job", _described(uri), {"LabelingJobName": NAME})
        monkeypatch.setattr(clients, "sagemaker", lambda: sagemaker)
        return take_labels.handler(EVENT, None)


def _described(uri: str) -> dict[str, Any]:
    at, config = "2026-11-26T12:00:00Z", {"S3OutputPath": f"s3://{BUCKET}/labeling/"}
    source = {"DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{BUCKET}/x"}}}
    arns = {"LabelingJobArn": ARN, "RoleArn": "arn:aws:iam::000000000000:role/deeplens-labeling"}
    task = {
        "WorkteamArn": "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/bins",
        "UiConfig": {},
        "TaskTitle": "t",
        "TaskDescription": "d",
        "NumberOfHumanWorkersPerDataObject": 1,
        "TaskTimeLimitInSeconds": 300,
    }
    return {
        **arns,
        "LabelingJobStatus": "Completed",
        "LabelCounters": {},
        "CreationTime": at,
        "LastModifiedTime": at,
        "JobReferenceCode": "x",
        "LabelingJobName": NAME,
        "InputConfig": source,
        "OutputConfig": config,
        "HumanTaskConfig": task,
        "LabelingJobOutput": {"OutputDatasetS3Uri": uri},
    }


def test_pictures_come_to_lie_under_their_labels_and_a_note_says_the_rest(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        output(FRAME),
        output(GONE, name="metal"),
        output(MACHINE, **{"human-annotated": "no"}),
    ]
    aws.s3.put_object(Bucket=BUCKET, Key=OUTPUT, Body="\n".join(lines))
    aws.s3.put_object(Bucket=BUCKET, Key=FRAME, Body=b"a jar")
    for _ in range(2):  # EventBridge may say it twice
        said = ended(monkeypatch)
        assert (said["taken"], sorted(said["left_out"].values())) == (1, [1, 1])
    found = aws.s3.list_objects_v2(Bucket=BUCKET, Prefix="images/")["Contents"]
    assert [one["Key"] for one in found] == ["images/glass/review.deeplens_a.0-unsure-ab.jpg"]
    note = aws.s3.get_object(Bucket=BUCKET, Key=f"labeling/{NAME}/taken.json")["Body"].read()
    assert json.loads(note) == said
    (record,) = imports.records()
    assert record["source"] == f"groundtruth:s3://{BUCKET}/{OUTPUT}"
    assert len(record["version"]) == 16
    assert (record["pictures"], record["labels"]) == ({"glass": 1}, {"glass": "glass"})
    assert record["left_out"] == said["left_out"]
    assert record["finished"]


@pytest.mark.parametrize(
    ("uri", "body", "reason"),
    [
        (f"s3://another/{OUTPUT}", "", "It left no output manifest in this project's bucket."),
        (f"s3://{BUCKET}/images/glass/1.jpg", "", "It left no output manifest"),
        (f"s3://{BUCKET}/{OUTPUT}", "nonsense", "Line 1 is not JSON"),
    ],
)
def test_what_is_no_output_of_ours_brings_nothing(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, uri: str, body: str, reason: str
) -> None:
    aws.s3.put_object(Bucket=BUCKET, Key=OUTPUT, Body=body)
    said = ended(monkeypatch, uri)
    assert said["taken"] == 0
    assert list(imports.records()) == []
    assert [said for said in said["left_out"] if said.startswith(reason)]
