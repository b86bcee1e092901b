"""Is a release logged as MLflow's REST API and SageMaker's signature want it, and once?"""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lambdas.aws import mlflow
from lambdas.aws.mlflow import App, MlflowError
from lensloop.model.registry import Logged, logged
from tests.model.test_registry import release

ARN = "arn:aws:sagemaker:eu-central-1:111122223333:mlflow-app/app-ABC"
NOW = 1_790_000_000


class Stub(ThreadingHTTPServer):
    """What MLflow's documentation says of the calls that we make."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, dict[str, Any], dict[str, str], str]] = []
        self.refuses = ""

    @property
    def app(self) -> App:
        return App(ARN, f"http://127.0.0.1:{self.server_port}")

    def answer(self, call: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if call == self.refuses:
            return 403, {"error_code": "PERMISSION_DENIED", "message": "not yours"}
        known = {
            "experiments/get-by-name": self.experiment,
            "experiments/create": self.new_experiment,
            "runs/search": self.search,
            "runs/create": self.new_run,
            "runs/log-batch": self.change,
            "runs/update": self.change,
        }
        return known[call](asked)

    def experiment(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        found = self.experiments.get(asked["experiment_name"])
        if found is None:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}
        return 200, {"experiment": {"experiment_id": found}}

    def new_experiment(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.experiments[asked["name"]] = "41"
        return 200, {"experiment_id": "41"}

    def search(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert asked["experiment_ids"] == ["41"]
        ids = []
        for run, written in self.runs.items():
            tag = written["tags"][0]
            if asked["filter"] == f"tags.`{tag['key']}` = '{tag['value']}'":
                ids.append(run)
        return 200, {"runs": [{"info": {"run_id": one}} for one in ids]} if ids else {}

    def new_run(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        run = f"run{len(self.runs)}"
        self.runs[run] = dict(asked)
        return 200, {"run": {"info": {"run_id": run}}}

    def change(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.runs[asked["run_id"]] |= asked
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self._serve({key: values[0] for key, values in query.items()}, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._serve(json.loads(body), body)

    def _serve(self, asked: dict[str, Any], body: bytes) -> None:
        call = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/")
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.calls.append((self.command, self.path, asked, headers, body.decode()))
        status, answer = self.server.answer(call, asked)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


LOGGED: Logged = logged(release())


def test_a_release_is_a_run_with_its_scores_and_where_it_comes_from(stub: Stub) -> None:
    run = mlflow.log(stub.app, LOGGED, NOW)
    written = stub.runs[run]
    assert stub.experiments == {"deeplens-trash": "41"}
    assert (written["experiment_id"], written["run_name"]) == ("41", "release-7")
    assert (written["status"], written["end_time"]) == ("FINISHED", NOW * 1000)
    assert {metric["key"]: metric["value"] for metric in written["metrics"]} == {
        "accuracy": 0.875,
        "calibration_error": 0.05,
        "test_pictures": 40.0,
        "lowest_recall": 0.75,
    }
    params = {param["key"]: param["value"] for param in written["params"]}
    assert (params["dataset"], params["training_job"]) == ("d1", "deeplens-trash-7-1")
    assert written["tags"] == [{"key": "lensloop.release", "value": f"7-{'ab' * 6}"}]


def test_logged_again_it_is_the_same_run(stub: Stub) -> None:
    assert mlflow.log(stub.app, LOGGED, NOW) == mlflow.log(stub.app, LOGGED, NOW + 9)
    assert len(stub.runs) == 1
    mlflow.log(stub.app, logged(release(epoch=8)), NOW)
    assert len(stub.runs) == 2


def test_every_request_is_signed_for_sagemakers_mlflow_and_names_the_app(stub: Stub) -> None:
    mlflow.log(stub.app, LOGGED, NOW)
    assert len(stub.calls) == 6
    for method, path, _, headers, body in stub.calls:
        assert headers["x-sm-mlflow-app-arn"] == ARN
        assert headers["x-amz-content-sha256"] == hashlib.sha256(body.encode()).hexdigest()
        said = headers["authorization"]
        assert "/eu-central-1/sagemaker-mlflow/aws4_request" in said
        assert said.endswith(_signature(stub, method, path, headers, body))


def _signature(stub: Stub, method: str, path: str, headers: dict[str, str], body: str) -> str:
    """As the other side works it out, from what arrived."""
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    request: Any = AWSRequest(
        method=method,
        url=stub.app.url + path,
        data=body.encode() or None,
        headers={name: headers[name] for name in signed},
    )
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(
        Credentials("AKIAIOSFODNN7EXAMPLE", "secret"), "sagemaker-mlflow", "eu-central-1"
    )
    canonical = signer.canonical_request(request)
    return str(signer.signature(signer.string_to_sign(request, canonical), request))


def test_a_refusal_says_what_mlflow_said(stub: Stub) -> None:
    stub.refuses = "runs/create"
    with pytest.raises(MlflowError, match="runs/create with 403 PERMISSION_DENIED: not yours"):
        mlflow.log(stub.app, LOGGED, NOW)
    stub.refuses = "experiments/get-by-name"
    with pytest.raises(MlflowError, match="get-by-name with 403"):
        mlflow.log(stub.app, LOGGED, NOW)


def test_an_app_that_does_not_answer_is_named(stub: Stub) -> None:
    with pytest.raises(MlflowError, match=r"http://127\.0\.0\.1:9 could not be asked"):
        mlflow.log(App(ARN, "http://127.0.0.1:9"), LOGGED, NOW)


def test_the_host_is_the_regions() -> None:
    assert mlflow.app(ARN) == App(ARN, "https://mlflow.sagemaker.eu-central-1.app.aws")
