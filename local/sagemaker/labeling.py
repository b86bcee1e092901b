"""What does the local cloud answer about Ground Truth? Labelling jobs of pictures, done by one
private workforce that says what `sagemaker.json` has it say (account.py); as AWS does, the end of
each is told to EventBridge. A job ends when every picture has its answer, so one that nobody
answers goes on, as where nobody comes to work.
"""

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
from ministack.core.concurrency import spawn_background
from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response
from ministack.services import eventbridge

from local import leftovers
from local.sagemaker import answers, role
from local.sagemaker.account import account
from local.sagemaker.answers import Answer, Request, invalid
from local.sagemaker.inputs import split_uri
from local.sagemaker.requests import wrong_form

logger = logging.getLogger("lensloop")

EVENT = "SageMaker Ground Truth Labeling Job State Change"
KNOWN_TASK = "PRE-ImageMultiClass"  # one label for each picture: all that this project asks for
LOOK_SECONDS = 0.2  # between two looks at what the workforce says
TEAM = "people"
SUMMARY = (
    "LabelingJobName",
    "LabelingJobArn",
    "CreationTime",
    "LastModifiedTime",
    "LabelingJobStatus",
    "LabelCounters",
    "FailureReason",
    "LabelingJobOutput",
    "InputConfig",
)

_jobs: Any = AccountRegionScopedDict()  # name → what DescribeLabelingJob answers


def job_arn(name: str) -> str:
    return answers.arn("labeling-job", name)


def resource_of(request: Request) -> str:
    """What AWS looks for in a policy; "" where the request names no job."""
    name = request.get("LabelingJobName")
    return job_arn(name) if name else ""


def create(request: Request) -> Answer:
    if wrong := [*wrong_form(request, "CreateLabelingJobRequest"), *_beyond_us(request)]:
        return invalid("; ".join(wrong))
    name = request["LabelingJobName"]
    if name in _jobs:
        return error_response_json(
            "ResourceInUse", f"A labeling job with this name already exists ({job_arn(name)})", 400
        )
    if not role.assumable(request["RoleArn"], job_arn(name)):
        return invalid(f"Could not assume role {request['RoleArn']}.")
    now = time.time()
    job = {key: value for key, value in request.items() if key != "Tags"}
    job |= {"LabelingJobArn": job_arn(name), "LabelingJobStatus": "InProgress"}
    job |= {"CreationTime": now, "LastModifiedTime": now, "JobReferenceCode": name[-8:]}
    job |= {"LabelCounters": _counters(0, 0)}
    _jobs[name] = job
    work = _Work(job, Path(os.environ[leftovers.MARK]))
    spawn_background(work.run, thread_name=f"labelling-{name}")
    return json_response({"LabelingJobArn": job_arn(name)})


def describe(request: Request) -> Answer:
    job = _jobs.get(request["LabelingJobName"])
    return json_response(job) if job else invalid("Requested resource not found.")


def list_jobs(request: Request) -> Answer:
    """The newest first."""
    found = []
    for job in sorted(_jobs.values(), key=lambda job: -job["CreationTime"]):
        if request.get("NameContains", "") in job["LabelingJobName"]:
            shown = {key: job[key] for key in SUMMARY if key in job}
            shown["WorkteamArn"] = job["HumanTaskConfig"]["WorkteamArn"]
            found.append(shown)
    return json_response({"LabelingJobSummaryList": found[: request.get("MaxResults", 100)]})


def list_workteams(request: Request) -> Answer:
    """As in a new account there is none, until `sagemaker.json` has one say something."""
    arn = answers.arn("workteam", f"private-crowd/{TEAM}")
    team = {"WorkteamName": TEAM, "WorkteamArn": arn, "MemberDefinitions": [], "Description": TEAM}
    says = account(Path(os.environ[leftovers.MARK])).workforce_says
    return json_response({"Workteams": [team] if says else []})


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "CreateLabelingJob": create,
    "DescribeLabelingJob": describe,
    "ListLabelingJobs": list_jobs,
    "ListWorkteams": list_workteams,
}


def reset() -> None:
    _jobs.clear()


def _beyond_us(request: Request) -> list[str]:
    """What AWS takes and the local cloud cannot do: better refused than pretended."""
    task = request.get("HumanTaskConfig", {}).get("PreHumanTaskLambdaArn", "")
    known = str(task).endswith(f":{KNOWN_TASK}")
    return [] if known else [f"the local cloud knows {KNOWN_TASK} only (PreHumanTaskLambdaArn)"]


def _counters(labelled: int, of: int) -> dict[str, int]:
    return {
        "TotalLabeled": labelled,
        "HumanLabeled": labelled,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 0,
        "Unlabeled": of - labelled,
    }


class _Work:
    """One job, on a thread of its own, with the rights of its role and no others."""

    def __init__(self, job: dict[str, Any], state: Path) -> None:
        self._job, self._state = job, state
        endpoint = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
        self._s3 = role.client("s3", role.credentials(job["RoleArn"]), endpoint)

    def run(self) -> None:
        try:
            lines = self._labelled()
            if lines is not None:
                self._write(lines)
                self._ends("Completed")
        except (botocore.exceptions.ClientError, ValueError, KeyError) as error:
            self._job["FailureReason"] = f"ClientError: {error}"[:1024]
            self._ends("Failed")
        except Exception as error:  # our own bug must end the job as well, or its test waits on
            logger.exception("Labelling job %s", self._job["LabelingJobName"])
            self._job["FailureReason"] = f"InternalServerError: {error}"[:1024]
            self._ends("Failed")

    def _labelled(self) -> list[str] | None:
        """The lines of the output; None where the job was forgotten meanwhile."""
        source = self._job["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        uris = [json.loads(line)["source-ref"] for line in self._read(source).splitlines()]
        told = json.loads(self._read(self._job["LabelCategoryConfigS3Uri"]))
        labels = [one["label"] for one in told["labels"]]
        self._read(self._job["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"])
        for uri in uris:
            self._read(uri)  # each is shown to people with a link that the role signs
        while _jobs.get(self._job["LabelingJobName"]) is self._job:
            says = account(self._state).says
            given = {uri: label for uri in uris if (label := says(split_uri(uri)[1])) in labels}
            self._job["LabelCounters"] = _counters(len(given), len(uris))
            if len(given) == len(uris):
                return [self._line(uri, given[uri], labels) for uri in uris]
            time.sleep(LOOK_SECONDS)
        return None

    def _line(self, uri: str, label: str, labels: list[str]) -> str:
        """As Ground Truth's documentation shows it; of one worker it knows no confidence."""
        attribute = self._job["LabelAttributeName"]
        several = self._job["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"] > 1
        about = {
            "class-name": label,
            "confidence": 0.95 if several else 0.0,
            "type": "groundtruth/image-classification",
            "job-name": f"labeling-job/{self._job['LabelingJobName']}",
            "human-annotated": "yes",
            "creation-date": time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime()),
        }
        line = {"source-ref": uri, attribute: labels.index(label), f"{attribute}-metadata": about}
        return json.dumps(line)

    def _write(self, lines: list[str]) -> None:
        folder = self._job["OutputConfig"]["S3OutputPath"].rstrip("/")
        uri = f"{folder}/{self._job['LabelingJobName']}/manifests/output/output.manifest"
        bucket, key = split_uri(uri)
        self._s3.put_object(Bucket=bucket, Key=key, Body="\n".join(lines).encode())
        self._job["LabelingJobOutput"] = {"OutputDatasetS3Uri": uri}

    def _read(self, uri: str) -> bytes:
        bucket, key = split_uri(uri)
        return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def _ends(self, status: str) -> None:
        self._job |= {"LabelingJobStatus": status, "LastModifiedTime": time.time()}
        event = {
            "Source": "aws.sagemaker",
            "DetailType": EVENT,
            "Resources": [self._job["LabelingJobArn"]],
            "Detail": json.dumps({"LabelingJobStatus": status}),
        }
        eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)
