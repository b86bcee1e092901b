"""How does a release get into an MLflow app of SageMaker? By MLflow's own REST API, signed.

The packages `mlflow` and `sagemaker-mlflow` weigh hundreds of MB. What the second one adds to a
request is here: host, header and signature, as its source has them
(github.com/aws/sagemaker-mlflow).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from lensloop.model.registry import Logged
from lensloop.wire.errors import LensloopError

SERVICE = "sagemaker-mlflow"
_SECONDS = 20  # an app that sleeps answers late; the release waits for it
_MISSING = "RESOURCE_DOES_NOT_EXIST"


class MlflowError(LensloopError):
    """The app refused, or could not be reached."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class App:
    arn: str
    url: str


def app(arn: str) -> App:
    region = arn.split(":")[3]
    return App(arn, f"https://mlflow.sagemaker.{region}.app.aws")


def log(target: App, logged: Logged, now: int) -> str:
    """The run's id. What was logged before is found by its tag, and logged again as it was."""
    experiment = _experiment(target, logged.experiment)
    run = _known_run(target, experiment, logged) or _new_run(target, experiment, logged, now)
    milliseconds = now * 1000
    metrics = [
        {"key": key, "value": value, "timestamp": milliseconds, "step": 0}
        for key, value in logged.metrics.items()
    ]
    batch = {"run_id": run, "metrics": metrics, "params": _pairs(logged.params)}
    _ask(target, "POST", "runs/log-batch", batch)
    ended = {"run_id": run, "status": "FINISHED", "end_time": milliseconds}
    _ask(target, "POST", "runs/update", ended)
    return run


def _experiment(target: App, name: str) -> str:
    try:
        found = _ask(target, "GET", "experiments/get-by-name", {"experiment_name": name})
        return str(found["experiment"]["experiment_id"])
    except MlflowError as error:
        if error.code != _MISSING:
            raise
    return str(_ask(target, "POST", "experiments/create", {"name": name})["experiment_id"])


def _known_run(target: App, experiment: str, logged: Logged) -> str:
    key, value = logged.tag
    query = {
        "experiment_ids": [experiment],
        "filter": f"tags.`{key}` = '{value}'",
        "max_results": 1,
    }
    found = _ask(target, "POST", "runs/search", query).get("runs") or []
    return str(found[0]["info"]["run_id"]) if found else ""


def _new_run(target: App, experiment: str, logged: Logged, now: int) -> str:
    request = {
        "experiment_id": experiment,
        "run_name": logged.name,
        "start_time": now * 1000,
        "tags": _pairs(dict([logged.tag])),
    }
    return str(_ask(target, "POST", "runs/create", request)["run"]["info"]["run_id"])


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _ask(target: App, method: str, call: str, content: Mapping[str, Any]) -> dict[str, Any]:
    url, body = f"{target.url}/api/2.0/mlflow/{call}", b""
    if method == "GET":
        # The signature wants %20 for a space, and not the + of a form.
        url += "?" + urlencode(content, quote_via=quote)
    else:
        body = json.dumps(content).encode()
    try:
        answer = URLLib3Session(timeout=_SECONDS).send(_signed(target, method, url, body))
    except BotoCoreError as error:
        raise MlflowError(f"{target.url} could not be asked for {call}: {error}") from error
    if answer.status_code != HTTPStatus.OK:
        raise _refusal(call, answer.status_code, answer.content)
    found: dict[str, Any] = json.loads(answer.content or b"{}")
    return found


def _refusal(call: str, status: int, body: bytes) -> MlflowError:
    try:
        said = json.loads(body)
        code, message = str(said["error_code"]), str(said.get("message", ""))
    except (ValueError, KeyError, TypeError):
        code, message = "", body[:200].decode(errors="replace")
    return MlflowError(f"MLflow answered {call} with {status} {code}: {message}", code)


def _signed(target: App, method: str, url: str, body: bytes) -> AWSPreparedRequest:
    headers = {
        "x-sm-mlflow-app-arn": target.arn,
        "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
    }
    if body:
        headers["Content-Type"] = "application/json"
    request = AWSRequest(method=method, url=url, data=body or None, headers=headers)
    credentials, region = boto3.Session().get_credentials(), target.arn.split(":")[3]
    if credentials is None:
        raise MlflowError("There are no credentials to sign a request to MLflow with.")
    SigV4Auth(credentials, SERVICE, region).add_auth(request)
    return request.prepare()
