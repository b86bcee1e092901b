"""How is the story of three acts told, and what is left at the end?
Pictures, stage, acts; then table and report.
"""

import json
from pathlib import Path

from demo import album, ending, own_pictures, pictures, report, summary
from demo.errors import DemoFailed
from demo.loop import Refusal
from demo.show import Show
from demo.stage import refuse_when_taken, set_up
from demo.story import Story
from lensloop.wire import names
from local import machine

REPORT, REFUSED, FIGURES = "demo-report.html", "refused-run.html", "demo.json"


def run(
    state: Path, images: Path | None, keep: bool = False, folders_are_labels: bool = False
) -> Refusal | None:
    """The whole story; a refusal when the user's own pictures made no release."""
    show = Show()
    refuse_when_taken(state)
    machine.check_room(state)
    own = _read(images, folders_are_labels, show) if images else None
    show.plain(
        "Lensloop on this machine: a local AWS, the real stacks, real training, three cameras."
        " Nothing leaves it."
    )
    with show.stage("pictures", "The stage"):
        shown = own or album.drawn(pictures.assets(), state / "pictures")
        show.say(f"pictures: {shown.title}")
    # Own folders have been asked about already, all of them: the cloud sees them in parts.
    settings = {"folders_are_labels": "true"} if own else {}
    with set_up(state, show, keep, shown.looks, settings) as stage:
        story = Story(show, stage.watch, stage.fleet, stage.listener, shown)
        try:
            refusal = story.tell()
        except DemoFailed as failure:
            failure.log = failure.log or stage.write_logs(state)
            raise
        if refusal:
            _conclude_early(story, refusal, state)
        else:
            _conclude(story, state)
        if keep:
            stage.say_how_to_go_on()
        return refusal


def _read(images: Path, folders_are_labels: bool, show: Show) -> album.Album:
    with show.stage("reading", f"Reading the pictures in {images}"):
        return own_pictures.read(images, folders_are_labels)


def _conclude_early(story: Story, refusal: Refusal, state: Path) -> None:
    page, figures = state / REFUSED, state / FIGURES
    page.write_bytes(story.watch.read(names.run(refusal.record["epoch"], "report.html")))
    (state / REPORT).unlink(missing_ok=True)  # of an earlier demo, beside this one's page
    told = summary.as_json(story, story.show.elapsed, refusal)
    figures.write_text(json.dumps(told, indent=2) + "\n")
    story.show.plain(ending.sentences(refusal, page, figures))


def _conclude(story: Story, state: Path) -> None:
    show = story.show
    seconds = show.elapsed  # once, so that page, figures and table say the same
    refused, figures = state / REFUSED, state / FIGURES
    epoch = next(act.record["epoch"] for act in story.acts if not act.release)
    # Only here are an earlier demo's replaced: one that is interrupted leaves them as they are.
    refused.write_bytes(story.watch.read(names.run(epoch, "report.html")))
    page = report.write(story, seconds, state / REPORT)
    figures.write_text(json.dumps(summary.as_json(story, seconds), indent=2) + "\n")
    show.table(summary.table(story, seconds))
    show.plain(
        f"  What the cameras saw:        {page}\n"
        f"  The page of the refused run: {refused}\n"
        f"  The figures:                 {figures}"
    )
