"""Which label map does a person give, in a file, on the command line, or when asked?"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
import yaml

from lensloop.dataset.labels import composed
from lensloop.importing import label_map
from lensloop.importing.label_map import SKIP, MapError
from lensloop.visible import spelled


def given(file: Path | None, lines: Sequence[str]) -> dict[str, str]:
    """Lines of the command line count more than those of the file."""
    found = label_map.read(_content(file)) if file else {}
    said: dict[str, str] = {}
    for line in lines:
        label, is_one, ours = map(str.strip, line.partition("="))
        if not (label and is_one):
            raise MapError(f"--as {line}: write `label of the source=your label`, or `=skip`.")
        said[label] = ours
    return found | label_map.read(said)


def check_named(lines: Sequence[str], labels: Iterable[str]) -> None:
    """A map may name more than one source has, but a line that was typed for this one may not."""
    known = set(labels)
    for line in lines:
        label = composed(line.partition("=")[0].strip())
        if label not in known:
            raise MapError(label_map.not_there(label, known))


def complete(
    labels: Iterable[str], told: Mapping[str, str], existing: Iterable[str], strict: bool
) -> dict[str, str]:
    """Every label of the source with one of ours. `strict`: what the person's map does not name is
    not guessed, but asked for, or refused where nobody can be asked.
    """
    labels = sorted(labels)
    guessed = label_map.guessed(labels, set(existing))
    found = {**({} if strict else guessed), **{one: told[one] for one in labels if one in told}}
    missing = label_map.unknown(labels, found)
    if missing and not sys.stdin.isatty():
        raise MapError(label_map.refusal(missing))
    for label in missing:
        found[label] = _answer(label, guessed.get(label, SKIP))
    return found


def _answer(label: str, guess: str) -> str:
    while True:
        text = f"Where do the pictures of `{spelled(label)}` go? A label of yours, or `{SKIP}`"
        ours = typer.prompt(text, default=guess, err=True)
        try:
            return label_map.read({label: ours.strip()})[label]
        except MapError as error:
            typer.echo(spelled(str(error)), err=True)


def _content(file: Path) -> Any:
    try:
        # All of it as text: `no` is a label, and so is `2024`.
        return yaml.load(file.read_text("utf-8"), Loader=_Unambiguous)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = " ".join(str(error).split())
        raise MapError(f"{file} is no YAML file that can be read: {where}") from error
    except RecursionError as error:
        raise MapError(f"{file} is no label map: it is nested too deep.") from error


class _Unambiguous(yaml.BaseLoader):
    """Of two lines for one label, YAML takes the last without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set[str]()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError("a label is one text, and not a list")
            if key.value in seen:
                raise yaml.YAMLError(f"there are two lines for `{key.value}`")
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found
