"""What is SageMaker Ground Truth asked, so that people label pictures? The one CreateLabelingJob
request, and the files that it names.

labeling/<job>/input.manifest, labels.json, template.liquid     written by `lensloop label start`
labeling/<job>/manifests/output/output.manifest                 Ground Truth's answer
labeling/<job>/taken.json                                       what became of it
"""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lensloop.wire.errors import LensloopError
from lensloop.wire.names import LABELING_PREFIX

# What Ground Truth's role may read: where frames come back, and what a person puts there.
UNLABELLED_PREFIX = "unlabelled/"
ATTRIBUTE = "label"  # of a line of its output
MOST_LABELS = 50  # Ground Truth's limit for image classification
MOST_PICTURES = 100_000  # and of a job's
_TASK_SECONDS = 300  # for one picture; after it somebody else is asked
_KEPT_SECONDS = 10 * 24 * 3600  # as long as AWS keeps a task for a private workforce by default
_AT_ONCE = 1000
# Whose functions hand out tasks and put answers together, by region: as the API's reference lists
# them (PreHumanTaskLambdaArn). Ground Truth is in these regions.
_ACCOUNTS = {
    "ap-northeast-1": "477331159723",
    "ap-northeast-2": "845288260483",
    "ap-south-1": "565803892007",
    "ap-southeast-1": "377565633583",
    "ap-southeast-2": "454466003867",
    "ca-central-1": "918755190332",
    "eu-central-1": "203001061592",
    "eu-west-1": "568282634449",
    "eu-west-2": "487402164563",
    "us-east-1": "432418664414",
    "us-east-2": "266458841044",
    "us-west-2": "081040173940",
}
_KEY = re.compile(r"labeling/([a-z0-9-]+)/")


class LabelingError(LensloopError):
    """No job can be asked for so; the message says what to change."""


@dataclass(frozen=True)
class Job:
    """`role` and `workteam` are ARNs. `workers`: who look at each picture; of one alone Ground
    Truth knows no confidence."""

    name: str
    bucket: str
    region: str
    role: str
    workteam: str
    labels: Sequence[str]
    workers: int = 1

    def key(self, file: str) -> str:
        return f"{LABELING_PREFIX}{self.name}/{file}"

    def uri(self, file: str) -> str:
        return f"s3://{self.bucket}/{self.key(file)}"


def request(job: Job) -> dict[str, Any]:
    """Of CreateLabelingJob. Raises LabelingError."""
    _check(job)
    functions = f"arn:aws:lambda:{job.region}:{_ACCOUNTS[job.region]}:function:"
    return {
        "LabelingJobName": job.name,
        "LabelAttributeName": ATTRIBUTE,
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": job.uri(INPUT)}}},
        "OutputConfig": {"S3OutputPath": f"s3://{job.bucket}/{LABELING_PREFIX}"},
        "RoleArn": job.role,
        "LabelCategoryConfigS3Uri": job.uri(LABELS),
        "HumanTaskConfig": {
            "WorkteamArn": job.workteam,
            "UiConfig": {"UiTemplateS3Uri": job.uri(TEMPLATE)},
            "PreHumanTaskLambdaArn": f"{functions}PRE-ImageMultiClass",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"{functions}ACS-ImageMultiClass"
            },
            "TaskTitle": "What is in the picture?",
            "TaskDescription": "Choose the label that fits the picture best.",
            "NumberOfHumanWorkersPerDataObject": job.workers,
            "TaskTimeLimitInSeconds": _TASK_SECONDS,
            "TaskAvailabilityLifetimeInSeconds": _KEPT_SECONDS,
            "MaxConcurrentTaskCount": _AT_ONCE,
        },
    }


INPUT, LABELS, TEMPLATE = "input.manifest", "labels.json", "template.liquid"


def files(job: Job, pictures: Sequence[str]) -> dict[str, bytes]:
    """What the request names, by key. `pictures`: their keys in the bucket. Raises
    LabelingError."""
    if not pictures:
        raise LabelingError("There is no picture to label.")
    if len(pictures) > MOST_PICTURES:
        raise LabelingError(
            f"{len(pictures):,} pictures are more than Ground Truth takes in one job"
            f" ({MOST_PICTURES:,}). Name a folder with fewer."
        )
    lines = [json.dumps({"source-ref": f"s3://{job.bucket}/{key}"}) for key in pictures]
    labels = {
        "document-version": "2018-11-28",
        "labels": [{"label": label} for label in job.labels],
    }
    return {
        job.key(INPUT): "\n".join(lines).encode(),
        job.key(LABELS): json.dumps(labels, ensure_ascii=False).encode(),
        job.key(TEMPLATE): _template(job.labels).encode(),
    }


def taken_key(name: str) -> str:
    return f"{LABELING_PREFIX}{name}/taken.json"


def of_key(key: str) -> str:
    """The job whose output this is; empty for what is none."""
    match = _KEY.match(key)
    return match[1] if match and key.endswith("/output.manifest") else ""


def _check(job: Job) -> None:
    if job.region not in _ACCOUNTS:
        raise LabelingError(
            f"Ground Truth labels pictures in {', '.join(sorted(_ACCOUNTS))}, and not in"
            f" {job.region}. `lensloop review` labels them on this machine."
        )
    if not 2 <= len(job.labels) <= MOST_LABELS:
        raise LabelingError(
            f"Ground Truth takes 2 to {MOST_LABELS} labels, not {len(job.labels)}. Name those that"
            " the pictures may show with --labels."
        )


def _template(labels: Sequence[str]) -> str:
    """Of SageMaker's own elements; the labels are written in, so that none is read as a program."""
    categories = html.escape(json.dumps(list(labels), ensure_ascii=False), quote=True)
    for brace in "{}":  # Liquid's
        categories = categories.replace(brace, f"&#{ord(brace)};")
    return f"""<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-image-classifier
    name="crowd-image-classifier"
    src="{{{{ task.input.taskObject | grant_read_access }}}}"
    header="What is in the picture?"
    categories="{categories}">
    <full-instructions header="Labelling pictures">
      Choose the label that fits the picture best.
    </full-instructions>
    <short-instructions>Choose the label that fits best.</short-instructions>
  </crowd-image-classifier>
</crowd-form>
"""
