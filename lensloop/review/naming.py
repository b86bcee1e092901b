"""May a person give this label, and under which name does a picture come to lie beside others?"""

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from lensloop.dataset.labels import composed, label_problem
from lensloop.dataset.lookalikes import seen
from lensloop.wire.errors import LensloopError


class LabelError(LensloopError):
    """No label that can be given; the message says why."""


def wanted(text: str, known: Iterable[str]) -> str:
    """The label that is meant: one that is there, or a new one that nobody takes for another."""
    label = composed(text.strip())
    if not label:
        raise LabelError("A label needs a name.")
    labels = set(known)
    if label in labels:
        return label
    if "/" in label or "\\" in label:
        raise LabelError(f"`{label}` cannot be a label: a slash would make a folder in a folder.")
    if problem := label_problem(label):
        raise LabelError(f"`{label}` cannot be a label: {problem}.")
    for other in sorted(labels):
        if seen(other) == seen(label):
            raise LabelError(f"`{label}` looks like the label `{other}`, which is there already.")
    return label


def free_name(key: str, is_taken: Callable[[str], bool]) -> str:
    """The key itself, or the first of `name-2.jpg`, `name-3.jpg`, … that is free."""
    path, number, name = PurePosixPath(key), 1, key
    while is_taken(name):
        number += 1
        name = str(path.with_stem(f"{path.stem}-{number}"))
    return name
