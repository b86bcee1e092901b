"""Would SageMaker take what a run hands to the training job?"""

import json

import botocore.session
import pytest
from botocore.validate import ParamValidator

from lensloop.settings import Settings
from lensloop.training_job import channels, hyperparameters
from tests.dataset.conftest import Picture, Project


@pytest.mark.parametrize("live", [None, 7])
def test_the_request_is_valid_against_botocore(live: int | None) -> None:
    operation = (
        botocore.session.get_session()
        .get_service_model("sagemaker")
        .operation_model("CreateTrainingJob")
    )
    request = {
        "TrainingJobName": "deeplens-trash-8-1",
        "RoleArn": "arn:aws:iam::111122223333:role/training",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/training/"},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.xlarge",
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "InputDataConfig": channels("bucket", "0" * 64, live),
        "HyperParameters": hyperparameters(Settings(), 8, "0" * 64),
    }
    assert operation.input_shape is not None
    report = ParamValidator().validate(request, operation.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_live_release_is_a_channel_once_there_is_one() -> None:
    assert [c["ChannelName"] for c in channels("b", "d", None)] == ["dataset", "images"]
    live = channels("b", "d", 7)[-1]
    assert live["ChannelName"] == "live"
    assert live["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/releases/7/"


def test_the_image_manifest_lists_exactly_the_accepted_keys(
    project: Project, picture: Picture
) -> None:
    names = ["plain.jpg", 'quote".jpg', "ünï.jpg", "space and (brackets).jpg"]
    for number, name in enumerate(names):
        project.s3[f"images/glass/{name}"] = picture(number)
    project.s3["images/glass/text.jpg"] = b"text"
    result = project.run()
    prefix, *keys = json.loads(project.file("images.manifest"))
    assert prefix == {"prefix": "s3://deeplens-test/"}
    assert keys == sorted(f"images/glass/{name}" for name in names)
    uri = result["training"]["channels"][1]["DataSource"]["S3DataSource"]["S3Uri"]
    assert uri == f"s3://deeplens-test/datasets/{result['digest']}/images.manifest"


def test_an_empty_image_manifest_is_still_a_manifest(project: Project) -> None:
    project.run()
    assert json.loads(project.file("images.manifest")) == [{"prefix": "s3://deeplens-test/"}]
