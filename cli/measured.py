"""What came of an experiment? Its job's end, its record and its page, under experiments/<name>/."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli import opened
from cli.place import Place
from lambdas.aws.artifact import fetch
from lensloop import record
from lensloop.archive import parsed, read_files
from lensloop.experiment import ExperimentError, result
from lensloop.model import insights, mistakes
from lensloop.pages.run import page
from lensloop.record import Findings, Record
from lensloop.wire import names

NOTE = "experiment.json"  # what was asked for, and the job's name; its being there takes the name
_SECONDS_BETWEEN_LOOKS = 2.0
_EVALUATION = "evaluation.json"
_ENDED = frozenset({"Completed", "Failed", "Stopped"})


def note_of(place: Place, name: str) -> dict[str, Any]:
    s3 = place.client("s3")
    try:
        answer = s3.get_object(Bucket=place.bucket, Key=names.experiment(name, NOTE))
    except s3.exceptions.NoSuchKey:
        raise ExperimentError(f"There is no experiment called {name}.") from None
    note: dict[str, Any] = json.loads(answer["Body"].read())
    if "job" not in note:
        raise ExperimentError(f"Experiment {name} never came to a training job.")
    return note


def outcome(
    place: Place, note: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[Record, Path]:
    """Once its job has ended: the record and the page, in the bucket and in a file here."""
    name = note["name"]
    job = _ended(place, note["job"], say)
    found = _findings(place, note["digest"], job)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = result(place.project, note["digest"], job, found, now)
    shown = {**told, "title": f"Experiment {name}"}
    html = page(shown, found.report, found.mistakes, found.insights, found.evaluation).encode()
    put(place, name, "run.json", record.to_json(told), ContentType="application/json")
    put(place, name, "report.html", html, ContentType="text/html; charset=utf-8")
    file = opened.cache(place) / f"experiment-{name}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(html)
    return told, file


def _ended(place: Place, name: str, say: Callable[[str], None]) -> Mapping[str, Any]:
    sagemaker, phase = place.client("sagemaker"), ""
    while True:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        if job["TrainingJobStatus"] in _ENDED:
            return {**job}
        if job["SecondaryStatus"] != phase:
            phase = job["SecondaryStatus"]
            say(f"{name}: {phase}")
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _findings(place: Place, digest: str, job: Mapping[str, Any]) -> Findings:
    s3, bucket = place.client("s3"), place.bucket
    key = names.dataset(digest, "report.json")
    report = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    model = (job.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
    if job["TrainingJobStatus"] != "Completed" or not model:
        return Findings(report=report)
    archive, _ = fetch(s3, bucket, model)
    wanted = (_EVALUATION, mistakes.FILE, insights.FILE)
    files = read_files(archive, lambda name: name in wanted)
    read = {name: parsed(files, name) for name in files}
    shown = insights.read_insights(read[insights.FILE]) if insights.FILE in read else None
    return Findings(
        report=report,
        evaluation=read.get(_EVALUATION),
        mistakes=read.get(mistakes.FILE),
        insights=shown,
    )


def put(place: Place, name: str, file: str, body: bytes, **more: Any) -> None:
    key = names.experiment(name, file)
    place.client("s3").put_object(Bucket=place.bucket, Key=key, Body=body, **more)
