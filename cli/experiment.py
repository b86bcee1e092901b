"""How does a person try another training on real machines, beside the loop and without touching it?
`lensloop experiment`.

The SageMaker SDK starts the job, in an environment of its own; everything else is done here.
"""

import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cli import sdk, show
from cli.asked import Asked, asks
from cli.faults import RUN_FAILED
from cli.measured import NOTE, note_of, outcome, put
from cli.place import PROJECT, Place
from lambdas.aws.state import StateTable
from lensloop.dataset.fetched import to_fetch
from lensloop.dataset.kept_features import KeptFeatures
from lensloop.dataset.rows import read_rows
from lensloop.experiment import (
    DONE,
    START,
    Experiment,
    ExperimentError,
    check_algorithm,
    check_name,
    parameters,
    plan,
)
from lensloop.machines.ladder import Rung, types
from lensloop.settings import Settings
from lensloop.wire import names

Algorithm = Annotated[str | None, typer.Option(help="Default: the deployed one.")]
Instance = Annotated[
    str | None, typer.Option(help="SageMaker instance type. Default: one that suits the algorithm.")
]
Spot = Annotated[bool, typer.Option("--spot", help="On spot capacity, for which it may wait.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="A hyperparameter, such as epochs=20; may be repeated."),
]
Dataset = Annotated[
    str | None,
    typer.Option(help="Digest of a data set, or how it begins. Default: the one judged last."),
]
Name = Annotated[str | None, typer.Option(help="Default: the algorithm and the time.")]
Page = Annotated[
    str | None, typer.Option("--page", help="Only get the page of the experiment of this name.")
]


@asks
def experiment(
    asked: Asked,
    algorithm: Algorithm = None,
    instance: Instance = None,
    spot: Spot = False,
    parameter: Parameters = None,
    dataset: Dataset = None,
    name: Name = None,
    page_of: Page = None,
) -> None:
    """Train on a data set of choice with the deployed code, and see the model beside the live one.

    Nothing is judged, released or changed: the result is a page under experiments/<name>/.
    Interrupting it leaves the job running; `--page <name>` gets its page later.

    Exit code 0: it has a page; 4: its training job failed.
    """
    if page_of:
        note = note_of(asked.place, page_of)
    else:
        wanted = _wanted(asked.place, algorithm, instance, spot, parameter, dataset, name)
        note = _start(asked, wanted)
    told, file = outcome(asked.place, note, _silent if asked.as_json else show.say)
    if asked.as_json:
        show.give({"name": note["name"], "outcome": told["outcome"], "file": str(file)})
    else:
        for sentence in told["reasons"]:
            show.say(f"– {sentence}")
        show.say(file)
    if told["outcome"] != DONE:
        raise typer.Exit(RUN_FAILED)


def _silent(text: str) -> None:
    """With --json nothing else is said."""


# What is asked for


def _wanted(
    place: Place,
    algorithm: str | None,
    instance: str | None,
    spot: bool,
    parameter: list[str] | None,
    dataset: str | None,
    name: str | None,
) -> Experiment:
    settings = place.settings()
    chosen = algorithm or settings.algorithm
    check_algorithm(chosen)
    suited = replace(settings, algorithm=chosen)
    if chosen != settings.algorithm:
        suited = replace(suited, training_instance_type="")
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    table = StateTable(place.table())
    live = table.live()
    digest = _digest(place, dataset or table.trigger().digest)
    wanted = Experiment(
        name=name or f"{chosen}-{now}",
        algorithm=chosen,
        machine=Rung(instance or types(suited)[0], spot),
        digest=digest,
        volume_gb=_volume_gb(place, digest, suited),
        live_epoch=live.epoch if live else None,
        parameters=parameters(parameter or ()),
    )
    check_name(wanted.name)
    return wanted


def _digest(place: Place, beginning: str) -> str:
    """The whole of it. The one data set that begins so, and that can be trained on."""
    if not beginning:
        raise ExperimentError(
            "No data set was judged yet; `lensloop status` says what is going on."
        )
    listed = place.client("s3").list_objects_v2(
        Bucket=place.bucket, Prefix=f"{names.DATASETS_PREFIX}{beginning}", Delimiter="/"
    )
    found = [one["Prefix"].split("/")[1] for one in listed.get("CommonPrefixes", [])]
    if len(found) != 1:
        many = f"{len(found)} data sets begin" if found else "There is no data set that begins"
        raise ExperimentError(f"{many} with `{beginning}`; each run's page names its own.")
    return found[0]


def _volume_gb(place: Place, digest: str, settings: Settings) -> int:
    """A disk for every picture, and for what the job sees of them."""
    key = names.dataset(digest, "manifest.csv.gz")
    packed = place.client("s3").get_object(Bucket=place.bucket, Key=key)["Body"].read()
    rows = [*read_rows(io.StringIO(gzip.decompress(packed).decode("utf-8"), newline=""))]
    least = settings.training_volume_gb
    return to_fetch(rows, KeptFeatures(), 0, least, settings.algorithm).everything_gb


# The job


def _start(asked: Asked, wanted: Experiment) -> dict[str, Any]:
    place, settings = asked.place, asked.place.settings()
    planned = plan(
        wanted, _deployed(place), settings, bucket=place.bucket, region=place.region_name
    )
    interpreter = sdk.python()
    _take(place, wanted, planned)
    with show.busy(f"Starting experiment {wanted.name} …"):
        started = sdk.start(place, interpreter, planned)
    note = {"name": wanted.name, "digest": wanted.digest, "plan": planned, **started}
    put(place, wanted.name, NOTE, json.dumps(note, indent=1).encode())
    if not asked.as_json:
        show.say(f"Experiment {wanted.name} trains as {started['job']} on {wanted.machine}.")
    return note


def _deployed(place: Place) -> Mapping[str, Any]:
    """What the stack says of its training jobs."""
    stacks = place.client("cloudformation")
    try:
        stack = stacks.describe_stacks(StackName=f"{place.prefix}-retraining")["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise place.nothing_here() from None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    if "TrainingJobs" not in outputs:
        raise ExperimentError("What is deployed is older than this command; deploy first.")
    found: dict[str, Any] = json.loads(outputs["TrainingJobs"])
    return found


def _take(place: Place, wanted: Experiment, planned: Mapping[str, Any]) -> None:
    """Its name, which nobody had, and its folder."""
    note = {"name": wanted.name, "digest": wanted.digest, "plan": planned}
    try:
        put(place, wanted.name, NOTE, json.dumps(note).encode(), IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        raise ExperimentError(
            f"There is an experiment called {wanted.name}; choose another --name."
        ) from None
    put(place, wanted.name, START, (PROJECT / "training" / START).read_bytes())
