"""How does a person bring labelled pictures in? `lensloop import|check`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli import deployed, label_map, plans, records, show
from cli.asked import AsJson, Asked, asks
from cli.faults import INTERRUPTED
from cli.place import Place
from importers import kept, sources
from importers.bucket import Bucket, without_asking_first
from importers.decoders import Decoders, decoders
from importers.plan import look
from importers.run import Done, run
from importers.source import Asked as Wanted
from importers.source import Found, Origin, Source
from lensloop.importing import provenance
from lensloop.importing.plan import Plan, plan
from lensloop.importing.sieve import There
from lensloop.settings import Settings
from lensloop.visible import spelled
from lensloop.wire.errors import LensloopError

From = Annotated[
    str,
    typer.Argument(
        # Help is Rich's markup, to which `[/revision]` ends something.
        metavar="SOURCE",
        help=f"Where they are: {escape(', '.join(sources.forms()))}.",
    ),
]
Label = Annotated[str, typer.Option(help="One label for all pictures.")]
Map = Annotated[
    Path | None,
    typer.Option(
        "--map",
        exists=True,
        dir_okay=False,
        help="A YAML file with lines `label of the source: your label`, or `: skip`.",
    ),
]
As = Annotated[
    list[str] | None,
    typer.Option("--as", help="One line of such a map: --as 'Food Organics=compost'."),
]
Licence = Annotated[
    str, typer.Option(help="Under which licence they may be used; public sources need one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Carry the plan out without a question.")]
AsTheyAre = Annotated[
    bool,
    typer.Option(
        "--folders-are-labels", help="The folders at the top are labels, whatever they look like."
    ),
]
SkipNear = Annotated[
    bool,
    typer.Option(
        "--skip-near-duplicates", help="Leave out what is nearly the same as a picture there."
    ),
]
Unsigned = Annotated[
    bool, typer.Option("--no-sign-request", help="Ask a public bucket without credentials.")
]
Whole = Annotated[bool, typer.Option("--whole", help="Whole pictures, not the boxes in them.")]
Here = Annotated[Path, typer.Argument(metavar="PATH", help="A folder, or an archive.", exists=True)]


_STOPPED = "Stopped. What was uploaded stays; the same command goes on from there."


class Unanswered(LensloopError):
    """Nobody is there to be asked; the message says what to add to the command."""


@dataclass(frozen=True)
class Said:
    """What a person said about labels, and of what is nearly there."""

    label: str
    map: Path | None
    lines: list[str]
    folders_are_labels: bool
    skip_near: bool = False


@asks
def import_pictures(
    asked: Asked,
    source: From,
    label: Label = "",
    map_: Map = None,
    as_: As = None,
    licence: Licence = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    folders_are_labels: AsTheyAre = False,
    skip_near_duplicates: SkipNear = False,
    no_sign_request: Unsigned = False,
    whole: Whole = False,
) -> None:
    """Bring labelled pictures in, from wherever they are: a plan first, then the pictures.

    The same command goes on where it was stopped, and brings nothing twice. Downloads lie under
    ~/.cache/lensloop/imports: at most 20 GB beside the newest, and for 30 days.
    """
    place = asked.place
    wanted = Wanted(
        source,
        cache(),
        place.client,
        label,
        unsigned=no_sign_request,
        whole=whole,
        bucket=place.bucket,
    )
    said = Said(label, map_, as_ or [], folders_are_labels, skip_near_duplicates)
    kept.tidy(wanted.cache)
    with _stoppable(_STOPPED), decoders() as pool, _reached(wanted) as opened:
        settings = place.settings()
        bucket = Bucket(without_asking_first(place.client("s3")), place.bucket)
        stated = _Stated(opened, _licence(opened.origin, licence, dry_run))
        made = _plan(stated, said, settings, pool, lambda: _there(place, bucket))
        if not asked.as_json:
            plans.show_plan(made, stated.origin, bucket.name)
        done = None
        if not dry_run and _is_wanted(made, yes):
            done = _carry_out(made, stated, bucket, pool)
            kept.forget(wanted.cache, source)
    if asked.as_json:
        record = done.record if done else None
        show.give({**plans.as_value(made, stated.origin, bucket.name), "record": record})
    else:
        _tell(done, dry_run)


def check(
    path: Here,
    label: Label = "",
    map_: Map = None,
    as_: As = None,
    folders_are_labels: AsTheyAre = False,
    as_json: AsJson = False,
) -> None:
    """Show what `import` would do with a folder, without any cloud: labels, what is left out and
    why, and whether it is enough.
    """
    wanted = Wanted(str(path), cache(), _no_client, label)
    said = Said(label, map_, as_ or [], folders_are_labels)
    with _stoppable("Stopped."), decoders() as pool, sources.opened(wanted) as opened:
        made = _plan(opened, said, deployed.settings(), pool, There)
    if as_json:
        show.give(plans.as_value(made, opened.origin, ""))
    else:
        plans.show_plan(made, opened.origin, "")


def cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "lensloop" / "imports"


@contextmanager
def _reached(wanted: Wanted) -> Iterator[Source]:
    """What a source fetches first is said while somebody waits for it."""
    with ExitStack() as stack:
        with show.told("Looking …") as say:
            source = stack.enter_context(sources.opened(replace(wanted, say=say)))
        yield source


@dataclass(frozen=True)
class _Stated:
    """The source, with the licence that the person stated."""

    source: Source
    licence: str

    @property
    def origin(self) -> Origin:
        return self.source.origin._replace(licence=self.licence)

    def found(self) -> Iterator[Found]:
        return self.source.found()


def _plan(
    source: Source,
    said: Said,
    settings: Settings,
    pool: Decoders,
    there: Callable[[], There],
) -> Plan:
    told = label_map.given(said.map, said.lines)
    with _progress("Looking", None) as progress:
        looked = look(source, pool, said.label, said.folders_are_labels, progress)
    known = there()
    labels = {found.label for found in looked.seen if found.label is not None and not found.reason}
    label_map.check_named(said.lines, labels)
    ours = label_map.complete(labels, told, known.labels, strict=said.map is not None)
    return plan(looked.seen, known, ours, settings, looked.all_notes(), said.skip_near)


def _there(place: Place, bucket: Bucket) -> There:
    return bucket.there(records.newest_dataset(place))


def _licence(origin: Origin, licence: str, dry_run: bool) -> str:
    """Before the source is looked through, which may take long. A plan alone needs none."""
    stated = licence or origin.licence
    if origin.public and not stated and sys.stdin.isatty() and not dry_run:
        text = f"Under which licence may the pictures of {origin.source} be used? ({origin.url})"
        stated = typer.prompt(spelled(text), err=True).strip()
    if not dry_run:
        provenance.check_licence(origin.source, stated, origin.public)
    return stated


def _is_wanted(made: Plan, yes: bool) -> bool:
    if yes or not made.new:
        return bool(made.taken)
    if not sys.stdin.isatty():
        raise Unanswered("Nothing was changed. Add --yes to carry the plan out, or --dry-run.")
    return typer.confirm("Upload them?", default=False, err=True)


def _carry_out(made: Plan, source: _Stated, bucket: Bucket, pool: Decoders) -> Done:
    with _progress("Uploading", len(made.new)) as progress:
        return run(made, source, bucket, pool, progress)


def _tell(done: Done | None, dry_run: bool) -> None:
    if done is None:
        show.say("Nothing was changed (--dry-run)." if dry_run else "Nothing was changed.")
        return
    show.say(f"Uploaded {done.uploaded:,}; {done.there:,} were there already.")
    show.say(f"The record of this import is {provenance.key(done.record['id'])}.")
    if done.uploaded:
        show.say("A run begins when no more changes come. `lensloop watch` shows it.")


@contextmanager
def _progress(text: str, total: int | None) -> Iterator[Callable[[int, int], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    more = TextColumn("{task.fields[size]}"), TimeElapsedColumn()
    console = show.err()
    with Progress(
        *columns, *more, console=console, disable=not console.is_terminal, transient=True
    ) as shown:
        task = shown.add_task(text, total=total, size="")
        together = 0

        def progress(pictures: int, size: int) -> None:
            nonlocal together
            together += size
            shown.update(task, advance=pictures, size=f"{together / 1e6:,.0f} MB")

        yield progress


@contextmanager
def _stoppable(sentence: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        show.warn(sentence)
        raise typer.Exit(INTERRUPTED) from None


def _no_client(service: str) -> None:
    raise AssertionError(f"a check asks no cloud, and here {service}")
