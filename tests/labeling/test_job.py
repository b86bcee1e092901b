"""Is Ground Truth asked what its API takes, with the functions that AWS names for the region?"""

import functools
import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape
from botocore.validate import validate_parameters

from lensloop.labeling import job as rules
from lensloop.labeling.job import Job, LabelingError

JOB = Job(
    "deeplens-trash-20261126-120000",
    "deeplens-trash-000000000000-eu-west-1",
    "eu-west-1",
    "arn:aws:iam::000000000000:role/deeplens-trash-labeling",
    "arn:aws:sagemaker:eu-west-1:000000000000:workteam/private-crowd/bins",
    ("glass", "可回收物"),
)


@functools.cache
def model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("sagemaker")


def documented(member: str) -> str:
    """What the API's reference says of a part of the request's human task."""
    request: Any = model().operation_model("CreateLabelingJob").input_shape
    task: Any = request.members["HumanTaskConfig"]
    inner: Any = task.members["AnnotationConsolidationConfig"]
    shape: Shape = {**inner.members, **task.members}[member]
    return str(shape.documentation)


def test_the_request_is_one_that_the_api_takes() -> None:
    shape: Any = model().operation_model("CreateLabelingJob").input_shape
    validate_parameters(rules.request(JOB), shape)


@pytest.mark.parametrize("region", sorted(rules._ACCOUNTS))
def test_the_functions_of_each_region_are_those_of_the_api_reference(region: str) -> None:
    task = rules.request(replace(JOB, region=region))["HumanTaskConfig"]
    both = {
        "PreHumanTaskLambdaArn": task["PreHumanTaskLambdaArn"],
        "AnnotationConsolidationLambdaArn": task["AnnotationConsolidationConfig"][
            "AnnotationConsolidationLambdaArn"
        ],
    }
    for member, arn in both.items():
        assert f">{arn}<" in documented(member)


def test_the_files_name_each_picture_and_each_label_once() -> None:
    files = rules.files(JOB, ["review/deeplens_a/1.jpg", 'unlabelled/a "b".jpg'])
    root = f"labeling/{JOB.name}/"
    lines = files[f"{root}input.manifest"].decode().splitlines()
    uris = [json.loads(line)["source-ref"] for line in lines]
    there = f"s3://{JOB.bucket}/"
    assert uris == [f"{there}review/deeplens_a/1.jpg", f'{there}unlabelled/a "b".jpg']
    labels = json.loads(files[f"{root}labels.json"])["labels"]
    assert labels == [{"label": "glass"}, {"label": "可回收物"}]
    asked = rules.request(JOB)
    there_too = {
        asked["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"],
        asked["LabelCategoryConfigS3Uri"],
        asked["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"],
    }
    assert there_too == {f"s3://{JOB.bucket}/{key}" for key in files}


def test_a_label_cannot_leave_its_place_in_the_page() -> None:
    odd = ('"><script>alert(1)</script>', "{{ task }}")
    files = rules.files(replace(JOB, labels=odd), ["review/a/1.jpg"])
    page = files[JOB.key("template.liquid")].decode()
    assert "<script>alert" not in page
    assert page.count("{{") == 1, "only the picture's address is filled in"
    assert "task.input.taskObject | grant_read_access" in page


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"region": "eu-north-1"}, "not in eu-north-1"),
        ({"labels": ("glass",)}, "2 to 50 labels, not 1"),
        ({"labels": tuple(map(str, range(51)))}, "2 to 50 labels, not 51"),
    ],
)
def test_a_job_that_ground_truth_would_refuse_is_not_asked_for(
    change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(LabelingError, match=sentence):
        rules.request(replace(JOB, **change))


@pytest.mark.parametrize(("count", "sentence"), [(0, "no picture"), (100_001, "100,001 pictures")])
def test_a_job_has_pictures_but_not_too_many(count: int, sentence: str) -> None:
    with pytest.raises(LabelingError, match=sentence):
        rules.files(JOB, ["review/a/1.jpg"] * count)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (f"labeling/{JOB.name}/manifests/output/output.manifest", JOB.name),
        (f"labeling/{JOB.name}/input.manifest", ""),
        ("review/x/output.manifest", ""),
        ("labeling/../x/output.manifest", ""),
        ("", ""),
    ],
)
def test_an_output_is_known_by_its_place(key: str, name: str) -> None:
    assert rules.of_key(key) == name
