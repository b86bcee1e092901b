"""How does a person take the data set elsewhere? `lensloop export`: as folders, or as a list.

Every picture is checked against the content hash of the data set, and is there under its name only
when it is there whole; so the same command goes on where it was interrupted.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import typer

from cli import records, show
from cli.asked import Asked, asks
from cli.faults import INCOMPLETE
from cli.place import Place
from lensloop.dataset import export as rules
from lensloop.dataset.export import LIST, Placed
from lensloop.wire.errors import LensloopError

_AT_ONCE = 16  # downloads: S3 answers each in some 50 ms, mostly waiting
_NAMED = 5  # pictures that could not be had; the others are counted

Folder = Annotated[Path, typer.Argument(help="Where to write: a new folder, or one to go on in.")]
Dataset = Annotated[str | None, typer.Option(help="Its digest. Default: the newest.")]
OnlyList = Annotated[
    bool, typer.Option("--only-list", help=f"Write {LIST} alone, with s3:// addresses.")
]


class CannotExport(LensloopError):
    """There is nothing to export, or nowhere to; the message says what to do."""


class Interrupted(LensloopError):
    """A person pressed Ctrl-C; the message says how to go on."""


@asks
def export(
    asked: Asked, folder: Folder, dataset: Dataset = None, only_list: OnlyList = False
) -> None:
    """Write the data set with its split as <split>/<label>/<file>, for a notebook, FiftyOne, Label
    Studio or CVAT.
    """
    digest = dataset or _newest(asked.place)
    with show.busy("Looking …"):
        pictures = rules.placed(records.rows(asked.place, digest))
    _check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LIST).write_text(rules.listing(pictures, asked.place.bucket), "utf-8")
    lost = [] if only_list else _fetch_all(asked.place, pictures, folder)
    stale = [] if only_list else _stale(pictures, folder)
    _tell(asked, digest, folder, pictures, only_list, lost, stale)
    if lost:
        raise typer.Exit(INCOMPLETE)


def _newest(place: Place) -> str:
    digest = records.newest_dataset(place)
    if not digest:
        raise CannotExport(
            "The project has no data set yet: drop pictures first, and wait for a run to look at"
            " them (`lensloop watch`)."
        )
    return digest


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CannotExport(f"{folder} is a file; name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / LIST).is_file():
        raise CannotExport(f"{folder} holds other files already; name a new folder.")


def _fetch_all(place: Place, pictures: Sequence[Placed], folder: Path) -> list[str]:
    """Sentences about those that could not be had."""
    place.client("s3")  # made before the threads that share it
    lost, done = [], 0
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        waiting: list[Future[str]] = []
        for picture in pictures:
            waiting.append(pool.submit(_fetch, place, picture, folder))
        with show.counted("Pictures", len(pictures)) as count:
            for one in as_completed(waiting):
                lost += [one.result()] if one.result() else []
                done += 1
                count()
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted after {done:,} of {len(pictures):,} pictures; the same command goes on"
            " from there."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)
    return sorted(lost)


def _fetch(place: Place, picture: Placed, folder: Path) -> str:
    """What went wrong; empty if nothing did."""
    path, row = folder / picture.path, picture.row
    if path.is_file() and path.stat().st_size == row.size and _sha256(path) == row.sha256:
        return ""
    body = records.fetch(place, row.key)
    if body is None:
        return f"{row.key} has been deleted since."
    if hashlib.sha256(body).hexdigest() != row.sha256:
        return f"{row.key} holds another picture since."
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{row.sha256}.part")
    part.write_bytes(body)
    os.replace(part, path)
    return ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stale(pictures: Sequence[Placed], folder: Path) -> list[str]:
    """What an earlier export left that is no longer part of the data set, or lies elsewhere now."""
    ours = {picture.path for picture in pictures}
    sides = {picture.row.split for picture in pictures}
    found = []
    for side in sides:
        for path in (folder / side).rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in ours:
                found.append(name)
    return sorted(found)


def _tell(
    asked: Asked,
    digest: str,
    folder: Path,
    pictures: Sequence[Placed],
    only_list: bool,
    lost: Sequence[str],
    stale: Sequence[str],
) -> None:
    sides = Counter(picture.row.split for picture in pictures)
    if asked.as_json:
        said = {"dataset": digest, "folder": str(folder), "pictures": dict(sides)}
        show.give({**said, "only_list": only_list, "lost": list(lost), "stale": list(stale)})
        return
    counts = ", ".join(f"{side} {count:,}" for side, count in sides.items())
    what = f"{LIST} lists" if only_list else "Exported"
    show.say(f"{what} data set {digest[:12]}: {len(pictures) - len(lost):,} pictures ({counts}).")
    show.say(f"  {folder / LIST if only_list else folder}")
    _name_some(lost, "could not be had; a run after they were changed makes a new data set:")
    _name_some(
        stale,
        f"of an earlier export are not in this data set (nothing in {folder} is ever deleted):",
    )


def _name_some(names: Sequence[str], what: str) -> None:
    if not names:
        return
    show.warn(f"{len(names):,} {what}")
    for name in names[:_NAMED]:
        show.warn(f"  {name}")
    if len(names) > _NAMED:
        show.warn(f"  and {len(names) - _NAMED:,} more")
