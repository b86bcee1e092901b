"""What is said when the user's own pictures made no release? Why, what to do, and where to look."""

import textwrap
from pathlib import Path

from demo.loop import Refusal
from demo.own_pictures import FEWEST_PER_LABEL

WIDTH = 96  # characters: the longest line that every terminal of today shows unbroken
TO_DO = {
    "refused": (
        "Look at the run's page: it shows which labels are taken for which, and which pictures may"
        " lie in the wrong folder. Move those, add pictures of the labels that are found too"
        " seldom, or lay labels together that look alike. A floor that is too high for your purpose"
        " is `min_accuracy` or `min_recall` in cdk.json."
    ),
    "too-few-images": (
        "The run's page lists every picture that was left out, and why. Mend or replace them, or"
        f" add others: the demo needs {FEWEST_PER_LABEL} that count of each label."
    ),
}
ELSE = "The run's page says what to do."


def sentences(refusal: Refusal, page: Path, figures: Path) -> str:
    """For the terminal, below the reasons that the story has told."""
    what = (
        f"Your pictures made no release in act {refusal.act}: the loop did its work, and that is"
        " its answer."
    )
    to_do = f"What to do: {TO_DO.get(refusal.record['outcome'], ELSE)} Then start the demo again."
    return "\n".join(
        [
            "",
            textwrap.fill(what, WIDTH, initial_indent="  ", subsequent_indent="  "),
            textwrap.fill(to_do, WIDTH, initial_indent="  ", subsequent_indent="  "),
            "",
            f"  The run's page: {page}",
            f"  The figures:    {figures}",
        ]
    )
