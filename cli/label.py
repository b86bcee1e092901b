"""How does a person have others label pictures? `lensloop label start|list`, by SageMaker Ground
Truth; `lensloop review` is for one person at this machine.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import records, show
from cli.asked import Asked, asks
from cli.place import Place
from lambdas.aws.listing import list_below
from lensloop.labeling import job as rules
from lensloop.labeling.job import UNLABELLED_PREFIX, Job, LabelingError
from lensloop.reasons import counted
from lensloop.review import naming
from lensloop.wire import names
from lensloop.wire.formats import ENDINGS

app = typer.Typer(
    no_args_is_help=True, help="Have people label pictures, by SageMaker Ground Truth."
)
_SHOWN = 20  # jobs

Prefix = Annotated[
    str, typer.Argument(help=f"What to label: {names.REVIEW_PREFIX}… or {UNLABELLED_PREFIX}….")
]
Labels = Annotated[
    str, typer.Option(help="Separated by commas. Default: those of the newest data set.")
]
Workteam = Annotated[
    str, typer.Option(help="Its ARN. Default: the only private one of the account.")
]
Workers = Annotated[int, typer.Option(min=1, max=9, help="Who look at each picture.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the request, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Without a question.")]


@dataclass(frozen=True)
class _Listed:
    name: str
    status: str
    labelled: str
    taken: str


@app.command()
@asks
def start(
    asked: Asked,
    prefix: Prefix = names.REVIEW_PREFIX,
    labels: Labels = "",
    workteam: Workteam = "",
    workers: Workers = 1,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Give pictures that nobody has labelled to a private workforce. What people say comes in by
    itself when the job has ended. Ground Truth costs money for each picture.
    """
    place = asked.place
    _check(place, prefix)
    with show.busy("Looking …"):
        pictures = _pictures(place, prefix)
        made = Job(
            f"{place.prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}",
            place.bucket,
            place.region_name,
            place.role(names.labeling_role(place.prefix)),
            workteam or _workteam(place),
            _labels(place, labels),
            workers,
        )
        request, files = rules.request(made), rules.files(made, pictures)
    told = {"pictures": len(pictures), "dry_run": dry_run, "request": request}
    if not asked.as_json:
        _tell(made, len(pictures))
    if not dry_run and _is_wanted(yes):
        for key, body in files.items():
            place.client("s3").put_object(Bucket=place.bucket, Key=key, Body=body)
        place.client("sagemaker").create_labeling_job(**request)
        if not asked.as_json:
            show.say(f"{made.name} is started. `lensloop label list` shows how far it is.")
    elif not asked.as_json:
        show.say("Nothing was changed.")
    if asked.as_json:
        show.give(told)


@app.command("list")
@asks
def list_(asked: Asked) -> None:
    """How far the labelling jobs are, and what was taken of those that have ended."""
    with show.busy("Looking …"):
        found = _jobs(asked.place)
    if asked.as_json:
        show.give([vars(one) for one in found])
        return
    if not found:
        show.say("There is no labelling job yet; `lensloop label start` makes one.")
        return
    table = Table("job", "status", "labelled", "taken", box=None, pad_edge=False)
    for one in found:
        table.add_row(*map(show.shown, (one.name, one.status, one.labelled, one.taken)))
    show.out().print(table)


def _is_wanted(yes: bool) -> bool:
    """It costs money, so that nobody starts it by leaving a word out."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise LabelingError("Nothing was started. Add --yes to start the job, or --dry-run.")
    return typer.confirm("Start the job?", err=True)


def _check(place: Place, prefix: str) -> None:
    if not place.settings().labeling_jobs:
        raise LabelingError(
            "Ground Truth may read nothing of this project: set `labeling_jobs` to true in"
            " cdk.json, and deploy."
        )
    if not prefix.startswith((names.REVIEW_PREFIX, UNLABELLED_PREFIX)):
        raise LabelingError(
            f"Ground Truth may read {names.REVIEW_PREFIX} and {UNLABELLED_PREFIX} alone. Put the"
            f" pictures there: aws s3 cp --recursive <folder> s3://{place.bucket}/{UNLABELLED_PREFIX}"
        )


def _pictures(place: Place, prefix: str) -> list[str]:
    """Keys; of frames that came back, those about which nobody has decided."""
    if prefix.startswith(names.REVIEW_PREFIX):
        # The page's own list, so that nobody is asked twice.
        from review.bucket import Bucket
        from review.frames import Frames

        frames = Frames(Bucket(place.client("s3"), place.bucket), lambda: datetime.now(UTC))
        frames.refresh()
        waiting = frames.waiting(rules.MOST_PICTURES + 1).frames
        return sorted(found.key for _, found, _ in waiting if found.key.startswith(prefix))
    found = []
    for listed in list_below(place.client("s3"), place.bucket, prefix):
        if listed.key.lower().endswith(tuple(ENDINGS)):
            found.append(listed.key)
    return found


def _labels(place: Place, said: str) -> list[str]:
    labels: list[str] = []
    for text in filter(str.strip, said.split(",")):
        label = naming.wanted(text, labels)
        labels += [] if label in labels else [label]
    if labels:
        return labels
    report = records.dataset_report(place)
    if report is None:
        raise LabelingError("The project has no data set yet: name the labels with --labels.")
    return sorted(report["labels"])


def _workteam(place: Place) -> str:
    teams = place.client("sagemaker").list_workteams()["Workteams"]
    if len(teams) == 1:
        return str(teams[0]["WorkteamArn"])
    if not teams:
        raise LabelingError(
            "The account has no private workforce. Make one in the SageMaker console (Ground Truth"
            " → Labeling workforces → Private), with the addresses of those who will label."
        )
    arns = "\n".join(f"  {team['WorkteamArn']}" for team in teams)
    raise LabelingError(f"The account has several workforces; name one with --workteam:\n{arns}")


def _tell(made: Job, pictures: int) -> None:
    how_many = counted(pictures, "picture", "pictures")
    show.say(f"{made.name}: {how_many}, to be labelled {', '.join(made.labels)}")
    who = "1 person" if made.workers == 1 else f"{made.workers} people"
    show.say(f"  by {made.workteam}, each by {who}.")


def _jobs(place: Place) -> list[_Listed]:
    jobs = place.client("sagemaker").list_labeling_jobs(
        NameContains=place.prefix, MaxResults=_SHOWN, SortBy="CreationTime", SortOrder="Descending"
    )
    return [_listed(place, one) for one in jobs["LabelingJobSummaryList"]]


def _listed(place: Place, one: Any) -> _Listed:
    counters, name = one["LabelCounters"], one["LabelingJobName"]
    done = counters.get("TotalLabeled", 0)
    total = done + counters.get("Unlabeled", 0) + counters.get("FailedNonRetryableError", 0)
    body = records.fetch(place, rules.taken_key(name))
    return _Listed(name, one["LabelingJobStatus"], f"{done:,} of {total:,}", _taken(body))


def _taken(body: bytes | None) -> str:
    if body is None:
        return "not yet"
    said = json.loads(body)
    left_out = sum(said["left_out"].values())
    return f"{said['taken']:,}" + (f", {left_out:,} left out" if left_out else "")
