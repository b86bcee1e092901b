"""How does SageMaker learn of a release? As a version of the project's group in its Model Registry.

It is an addition: whatever goes wrong here is a sentence of the run's record, and the release goes
on to the cameras.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws import clients, mlflow
from lambdas.aws.associations import link
from lambdas.aws.mlflow import MlflowError
from lambdas.aws.registry import show_decision
from lambdas.aws.state import state_table
from lensloop.importing import provenance
from lensloop.model.approval import Decision
from lensloop.model.card import card
from lensloop.model.evaluation import read_evaluation
from lensloop.model.registry import Release, chain, logged, version
from lensloop.settings import Settings
from lensloop.wire import names


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    release = _release(event)
    problems: list[str] = []
    if older := int(event.get("instead_of") or 0):
        decision = Decision(older, approved=False, note=f"superseded by release {release.epoch}")
        problems += filter(None, [show_decision(decision)])
    arn = _tried("registered in SageMaker's Model Registry", lambda: register(release), problems)
    if arn:
        _tried("put into SageMaker's lineage", lambda: link(chain(release, arn)), problems)
    if app_arn := Settings.from_json(os.environ["SETTINGS"]).mlflow_app_arn:
        now, app = int(time.time()), mlflow.app(app_arn)
        _tried("logged in MLflow", lambda: mlflow.log(app, logged(release), now), problems)
    return {"package": arn, "problems": problems}


def register(release: Release) -> str:
    """The version's ARN: the rollout, and whoever approves, find it by the state table."""
    known = state_table().package(release.epoch)
    if known:
        return known
    request = version(release, card(release))
    try:
        made = _make(request)
    except ClientError as error:
        if not _made_group(request["ModelPackageGroupName"]):
            raise error
        made = _make(request)
    state_table().note_package(release.epoch, made)
    return made


def _make(request: dict[str, Any]) -> str:
    return clients.sagemaker().create_model_package(**request)["ModelPackageArn"]


def _made_group(name: str) -> bool:
    """The first release finds none. CloudFormation could make it in most regions, but never delete
    it once it has versions.
    """
    try:
        clients.sagemaker().create_model_package_group(
            ModelPackageGroupName=name,
            ModelPackageGroupDescription="Lensloop: every release, a version each",
        )
    except ClientError:
        return False  # it is there, or may not be made: what went wrong before is what to tell
    return True


def _tried(what: str, do: Callable[[], str], problems: list[str]) -> str:
    try:
        return do()
    except (BotoCoreError, ClientError, MlflowError) as error:
        problems.append(f"The release could not be {what}: {error}")
        return ""


def _release(event: dict[str, Any]) -> Release:
    """As it was published."""
    settings, epoch = Settings.from_json(os.environ["SETTINGS"]), int(event["epoch"])
    evaluation = _read(epoch, "evaluation.json")
    judged = read_evaluation(json.loads(evaluation))
    return Release(
        prefix=names.prefix(settings.project, settings.stage),
        epoch=epoch,
        bucket=os.environ["BUCKET"],
        manifest=json.loads(_read(epoch, "manifest.json")),
        evaluation=judged,
        evaluation_sha256=hashlib.sha256(evaluation).hexdigest(),
        training=event["model"],
        image=os.environ["TRAINING_IMAGE"],
        algorithm=settings.algorithm,
        reasons=tuple(event["reasons"]),
        waits=bool(event.get("waits")),
        sources=_sources(judged.dataset),
    )


def _sources(digest: str) -> tuple[str, ...]:
    """Of the pictures, as far as imports left a record, and the data set still has its report."""
    try:
        report = json.loads(_get(names.dataset(digest, "report.json")))
    except clients.s3().exceptions.NoSuchKey:
        return ()
    return tuple(provenance.sentence(record) for record in report.get("imports", ()))


def _read(epoch: int, file: str) -> bytes:
    return _get(names.release(epoch, file))


def _get(key: str) -> bytes:
    return clients.s3().get_object(Bucket=os.environ["BUCKET"], Key=key)["Body"].read()
