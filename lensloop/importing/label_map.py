"""Under which of our labels does a source's label go? What a person said, or a guess that is shown.

A map says it for each label of the source; `skip` leaves a label's pictures out. A label that a map
does not name is asked for or refused: it is never dropped, and never let through unseen.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lensloop.dataset.labels import MAX_LABEL, composed, label_problem
from lensloop.dataset.lookalikes import seen
from lensloop.reasons import listed
from lensloop.wire.errors import LensloopError

SKIP = "skip"
_NAMED = 12  # labels in a sentence
_NEITHER = re.compile(r"[\s/\\|<>*?\";$`{}^~]+")  # what people write in names and no label has


class MapError(LensloopError):
    """The map cannot be used; the message names every mistake."""


def read(content: Any) -> dict[str, str]:
    """Of a YAML file's content, all of it read as text: source label → our label, or `skip`."""
    if not isinstance(content, Mapping):
        raise MapError("A label map has lines `label of the source: your label`, or `label: skip`.")
    mistakes, found = [], {}
    for label, ours in content.items():
        if not isinstance(ours, str):
            mistakes.append(f"`{label}` has more than one label; name one, or `{SKIP}`.")
        elif problem := problem_of(ours):
            mistakes.append(f"`{label}` goes to `{ours}`, which cannot be a label: {problem}.")
        else:
            found[composed(str(label))] = composed(ours)
    if mistakes:
        raise MapError("\n".join(mistakes))
    return found


def problem_of(ours: str) -> str:
    if not ours:
        return f"it is empty. Name a label, or `{SKIP}`"
    if "/" in ours:
        return "`/` cannot be in one"
    return label_problem(composed(ours))


def unknown(labels: Iterable[str], told: Mapping[str, str]) -> list[str]:
    return sorted(label for label in labels if label not in told)


def refusal(missing: Collection[str]) -> str:
    names = listed([f"`{label}`" for label in sorted(missing)], _NAMED)
    return (
        f"The label map does not say where {names} go. Add a line for each: a label of yours, or"
        f" `{SKIP}`."
    )


def not_there(label: str, labels: Collection[str]) -> str:
    names = listed([f"`{one}`" for one in sorted(labels)], _NAMED)
    return f"The source has no label `{label}`; it has {names or 'none'}."


def guessed(labels: Iterable[str], existing: Collection[str]) -> dict[str, str]:
    """Each label as it can be one, and as the project writes it already where it looks the same.
    One of which nothing can be made is not in it.
    """
    there = {seen(label): label for label in sorted(existing)}
    found: dict[str, str] = {}
    for label in sorted(labels):
        if ours := as_label(label):
            found[label] = there.setdefault(seen(ours), ours)
    return found


def as_label(label: str) -> str:
    """The same label without what a label cannot have: `可回收物/易拉罐` → `可回收物-易拉罐`. Empty
    when nothing is left."""
    plain = composed(" ".join(label.split()))
    if not problem_of(plain):
        return plain
    plain = _NEITHER.sub(_replaced, plain).strip(" -_.,+=@")
    kept = "".join(letter for letter in plain if not _is_odd(letter))
    kept = kept[:MAX_LABEL].rstrip(" .")
    return "" if problem_of(kept) else kept


def _replaced(found: re.Match[str]) -> str:
    return " " if not found[0].strip() else "-"


def _is_odd(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "CS" or bool(
        label_problem(f"a{letter}a")  # between letters, so that only the letter itself counts
    )
