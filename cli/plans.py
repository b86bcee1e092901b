"""How is the plan of an import shown?"""

from collections import Counter
from typing import Any

from rich.table import Table

from cli import show
from importers.source import Origin
from lensloop.importing.label_map import SKIP
from lensloop.importing.plan import Plan
from lensloop.reasons import by_kind, counted

_EXAMPLES = 3  # of each kind that is left out


def as_value(made: Plan, origin: Origin, bucket: str) -> dict[str, Any]:
    """For programs: all of it."""
    return {
        "source": origin.source,
        "version": origin.version,
        "licence": origin.licence,
        "url": origin.url,
        "bucket": bucket,
        "labels": made.labels,
        "new": [{"path": entry.seen.path, "key": entry.key} for entry in made.new],
        "there": len(made.taken) - len(made.new),
        "left_out": [{"path": left.path, "reason": left.reason} for left in made.left_out],
        "near_duplicates": len(made.near),
        "near": [near._asdict() for near in made.near],
        "enough": not made.missing,
        "missing": list(made.missing),
        "warnings": list(made.warnings),
        "notes": list(made.notes),
        "after": made.after,
    }


def show_plan(made: Plan, origin: Origin, bucket: str) -> None:
    for line in _where(origin):
        show.say(line)
    for note in made.notes:
        show.say(note)
    show.out().print(_table(made))
    _show_left_out(made)
    _show_near(made)
    _show_verdict(made)
    show.say(_would(made, bucket))


def _where(origin: Origin) -> list[str]:
    version = f", version {origin.version}" if origin.version else ""
    licence = f", licence {origin.licence}" if origin.licence else ""
    return [f"From {origin.source}{version}{licence}", *([origin.url] if origin.url else [])]


def _table(made: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("label of the source")
    table.add_column("your label")
    for heading in ("new", "there"):
        table.add_column(heading, justify="right")
    new, there = Counter[str](), Counter[str]()
    for entry in made.taken:
        (there if entry.there else new)[entry.seen.label or ""] += 1
    for label, ours in made.labels.items():
        style = "dim" if ours == SKIP else ""
        cells = [show.shown(text, style) for text in (label, ours)]
        table.add_row(*cells, f"{new[label]:,}", f"{there[label]:,}")
    return table


def _show_left_out(made: Plan) -> None:
    for same in by_kind(made.left_out, lambda left: left.reason):
        show.say(f"Left out: {counted(len(same), 'file', 'files')}. {same[0].reason}")
        for left in same[:_EXAMPLES]:
            show.say(f"  {left.path}", "dim")


def _show_near(made: Plan) -> None:
    if not made.near:
        return
    near = counted(len(made.near), "new picture is", "new pictures are")
    show.say(
        f"{near} nearly the same as some that are there: they come, and stay on the same side"
        " of the test as these. --skip-near-duplicates leaves them out."
    )
    for one in made.near[:_EXAMPLES]:
        show.say(f"  {one.path} beside {one.key}", "dim")


def _show_verdict(made: Plan) -> None:
    if made.missing:
        show.say("Not enough to train on:", "bold")
        for reason in made.missing:
            show.say(f"  {reason}")
    else:
        pictures = counted(sum(made.after.values()), "picture", "pictures")
        show.say(f"Enough to train on: {len(made.after)} labels, {pictures}.", "bold")
    for warning in made.warnings:
        show.say(f"  {warning}")


def _would(made: Plan, bucket: str) -> str:
    new = counted(len(made.new), "picture", "pictures")
    size = sum(entry.seen.size for entry in made.new) / 1e6
    if not bucket:
        return f"`lensloop import` would upload {new}, {size:,.1f} MB."
    if not made.new:
        return f"There is nothing to upload to s3://{bucket}/images/: all of it is there."
    return f"To upload: {new}, {size:,.1f} MB, to s3://{bucket}/images/<label>/."
