"""Where does an answer come from, and where did a picture go? `lensloop lineage`.

Reads releases/, runs/ and datasets/ in the bucket, and nothing of SageMaker.
"""

import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli import health, records, show
from cli.asked import Asked, asks
from cli.place import Place
from cli.status import newest_epoch
from lambdas.aws.state import StateTable
from lensloop.model import lineage as rules
from lensloop.model.lineage import USES, Answered, LineageError, Origin, Use
from lensloop.wire import manifest, names
from lensloop.wire.manifest import Manifest

FIRST = 5  # pictures of each side; --all shows every one
What = Annotated[
    str,
    typer.Argument(
        help="A release's number, a camera's name, a camera's answer (JSON, a file of it, or - for"
        " stdin); or a picture: its key in the bucket, a file, or its SHA-256."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every picture, not only the first of each side.")]


@asks
def lineage(asked: Asked, what: What, every: All = False) -> None:
    """From a camera's answer to release, training job, data set and pictures; and from a picture to
    every release that learnt it.
    """
    with show.busy("Looking …"):
        picture = _picture(asked.place, what)
        if picture is None:
            origin = _origin(asked.place, _answered(asked.place, what))
            uses: list[Use] = []
        else:
            uses = list(_uses(asked.place, *picture))
    if picture is None:
        _show_origin(asked, origin, every)
    else:
        _show_uses(asked, picture, uses)


# What was pointed at


def _answered(place: Place, what: str) -> Answered:
    if what.isdigit():
        return Answered(int(what))
    if what == "-":
        return rules.answered(sys.stdin.read())
    if what.lstrip().startswith("{"):
        return rules.answered(what)
    if Path(what).is_file():
        return rules.answered(Path(what).read_text("utf-8"))
    if what.startswith("deeplens_"):
        return _running(place, what)
    raise LineageError(
        f"{what!r} is no release's number, no camera, no file, no picture's key (images/…) and no"
        " SHA-256."
    )


def _running(place: Place, thing: str) -> Answered:
    """What the camera said last that it proved."""
    for camera in health.known_cameras(place, int(time.time())):
        found = re.match(r"release (\d+) ", camera.answer)
        if camera.thing == thing and found:
            return Answered(int(found[1]))
        if camera.thing == thing:
            raise LineageError(f"{thing} has proved no release at last: {camera.answer}.")
    raise LineageError(f"No camera is called {thing}; `lensloop camera list` names them.")


def _picture(place: Place, what: str) -> tuple[str, str] | None:
    """(SHA-256, key) of a picture; the first is empty when it is no longer in the bucket. None:
    something else was pointed at."""
    if rules.is_sha256(what.lower()):
        return what.lower(), ""
    if what.startswith(names.IMAGES_PREFIX):
        body = records.fetch(place, what)
        return (hashlib.sha256(body).hexdigest() if body is not None else ""), what
    file = Path(what)
    if file.suffix.lower() in (".json", ".jsonl") or not file.is_file():
        return None
    return hashlib.sha256(file.read_bytes()).hexdigest(), ""


# What the bucket says


def _origin(place: Place, said: Answered) -> Origin:
    release = _release(place, said.epoch)
    if release is None:
        raise LineageError(
            f"There is no release {said.epoch} in {place.bucket}; the newest run is"
            f" {newest_epoch(place)}."
        )
    rules.check(said, release)
    record = records.read(place, said.epoch)
    return rules.origin(release, record, records.rows(place, release.dataset))


def _uses(place: Place, sha256: str, key: str) -> Iterator[Use]:
    """Oldest release first. Releases of the same data set read it once."""
    by_dataset: dict[str, Use | None] = {}
    for epoch in _releases(place):
        release = _release(place, epoch)
        if release is None:
            continue
        if release.dataset not in by_dataset:
            rows = records.rows(place, release.dataset)
            by_dataset[release.dataset] = rules.use(release, rows, sha256, key)
        if found := by_dataset[release.dataset]:
            yield replace(found, epoch=epoch)


def _releases(place: Place) -> list[int]:
    pages = place.client("s3").get_paginator("list_objects_v2")
    found = []
    for page in pages.paginate(Bucket=place.bucket, Prefix=names.RELEASES_PREFIX, Delimiter="/"):
        for folder in page.get("CommonPrefixes", []):
            name = folder["Prefix"].split("/")[1]
            found += [int(name)] if name.isdigit() else []
    return sorted(found)


def _release(place: Place, epoch: int) -> Manifest | None:
    body = records.fetch(place, names.release(epoch, "manifest.json"))
    return manifest.parse(json.loads(body)) if body is not None else None


# What a person sees


def _show_origin(asked: Asked, origin: Origin, every: bool) -> None:
    shown = origin if every else replace(origin, pictures=_first(origin))
    if asked.as_json:
        show.give(asdict(shown))
        return
    show.say(f"release {origin.epoch}", "bold")
    facts = {
        "model": origin.model_sha256,
        "made": origin.created_at,
        "its run": f"{origin.outcome or 'has left no record'}; lensloop report {origin.epoch}",
        "training job": origin.job,
        "its archive": origin.archive,
        "in the registry": origin.package,
        "data set": origin.dataset,
    }
    for name, value in facts.items():
        if value:
            show.say(f"  {name}: {value}")
    for side, counts in origin.counts.items():
        _show_side(shown, side, counts)


def _show_side(origin: Origin, side: str, counts: object) -> None:
    assert isinstance(counts, dict)
    labels = ", ".join(f"{label} {count:,}" for label, count in counts.items())
    show.say(f"  {USES.get(side, side)} ({side}): {sum(counts.values()):,} pictures: {labels}")
    named = [picture for picture in origin.pictures if picture.split == side]
    for picture in named:
        show.say(f"    {picture.key}")
    if sum(counts.values()) > len(named):
        show.say(f"    and {sum(counts.values()) - len(named):,} more (--all)")


def _first(origin: Origin) -> tuple[rules.Picture, ...]:
    found = []
    for side in origin.counts:
        found += [picture for picture in origin.pictures if picture.split == side][:FIRST]
    return tuple(found)


def _show_uses(asked: Asked, picture: tuple[str, str], uses: list[Use]) -> None:
    live = StateTable(asked.place.table()).live()
    if asked.as_json:
        rows = [asdict(use) | {"live": bool(live and live.epoch == use.epoch)} for use in uses]
        show.give({"sha256": picture[0], "key": picture[1], "releases": rows})
        return
    if not uses:
        show.say("No release knows this picture: none learnt it, none was tested on it.")
        return
    table = Table("release", "what for", "label", "where it lay", box=None, pad_edge=False)
    for use in uses:
        now = " (live)" if live and live.epoch == use.epoch else ""
        cells = (f"{use.epoch}{now}", USES.get(use.split, use.split), use.label, use.key)
        table.add_row(*map(show.shown, cells))
    show.out().print(table)
