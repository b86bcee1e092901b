"""How is the gap's story told? Two sources, the same stage as the other story, rounds; then a table
and the figures.
"""

import json
from dataclasses import asdict
from pathlib import Path

from demo import ending, pictures
from demo.album import CAMERAS
from demo.errors import DemoFailed
from demo.gap import sources
from demo.gap.sources import Sources
from demo.gap.story import GapStory, table
from demo.loop import Refusal
from demo.show import Show
from demo.stage import refuse_when_taken, set_up
from lensloop.wire import names
from lensloop.wire.uncertain import MOST_A_DAY
from local import machine

REFUSED, FIGURES = "refused-run.html", "gap.json"


def run(
    state: Path,
    images: Path | None,
    new: Path | None,
    keep: bool = False,
    folders_are_labels: bool = False,
) -> Refusal | None:
    """The whole story; a refusal when a retraining made no release."""
    show = Show()
    refuse_when_taken(state)
    machine.check_room(state)
    show.plain(
        "Lensloop on this machine: a local AWS, the real stacks, real training, three cameras in a"
        " new place. Nothing leaves it."
    )
    with show.stage("pictures", "The stage"):
        shown = _sources(state, images, new, folders_are_labels)
        show.say(f"pictures: {shown.title}")
    settings = {"review_frames_a_day": str(MOST_A_DAY)}
    settings |= {"folders_are_labels": "true"} if images else {}
    sending = (MOST_A_DAY, *(0,) * (CAMERAS - 1))
    with set_up(state, show, keep, shown.looks, settings, sending) as stage:
        story = GapStory(stage, shown)
        try:
            refusal = story.tell()
        except DemoFailed as failure:
            failure.log = failure.log or stage.write_logs(state)
            raise
        _conclude(story, refusal, state)
        if keep:
            stage.say_how_to_go_on()
        return refusal


def _sources(
    state: Path, images: Path | None, new: Path | None, folders_are_labels: bool
) -> Sources:
    if images and new:
        return sources.read(images, new, folders_are_labels)
    return sources.drawn(pictures.assets(), state / "pictures")


def _conclude(story: GapStory, refusal: Refusal | None, state: Path) -> None:
    show, figures = story.show, state / FIGURES
    told = {
        "pictures": story.sources.title,
        "seconds": {"total": round(show.elapsed, 1), **show.stages},
        "rounds": [asdict(one) for one in story.rounds],
        "refused": refusal.record["reasons"] if refusal else None,
    }
    figures.write_text(json.dumps(told, indent=2) + "\n")
    if story.rounds:
        show.table(table(story.rounds))
    if refusal:
        page = state / REFUSED
        page.write_bytes(story.stage.watch.read(names.run(refusal.record["epoch"], "report.html")))
        show.plain(ending.sentences(refusal, page, figures))
    else:
        show.plain(f"  The figures: {figures}")
