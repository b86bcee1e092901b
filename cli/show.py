"""How does anything reach the terminal? Every word from elsewhere goes through `shown`, JSON
through `as_json`; nothing is ever read as Rich's markup.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from lensloop.visible import spelled


def shown(text: object, style: str = "") -> Text:
    """What cannot be seen, or would steer the terminal, is spelled out; brackets stay brackets."""
    return Text(spelled(str(text)), style)


def out() -> Console:
    return Console(markup=False, highlight=False, emoji=False)


def err() -> Console:
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say(text: object, style: str = "") -> None:
    """Lines of any length, which the terminal wraps: a path must stay one that can be copied."""
    for line in str(text).split("\n"):
        out().print(shown(line, style), soft_wrap=True)


def warn(text: object) -> None:
    for line in str(text).split("\n"):
        err().print(shown(line), soft_wrap=True)


def as_json(value: Any) -> str:
    """In ASCII, so that a stranger's name cannot steer a terminal from here either."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(plain, indent=1).replace("\x7f", "\\u007f")


def give(value: Any) -> None:
    """The one thing that a command writes with --json."""
    sys.stdout.write(as_json(value) + "\n")
    sys.stdout.flush()


@contextmanager
def busy(text: str) -> Iterator[None]:
    """A spinner while a person waits, on stderr, and only where somebody looks at it."""
    console = err()
    if not console.is_terminal:
        yield
        return
    with console.status(shown(text)):
        yield


@contextmanager
def counted(text: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar that each call moves by one, on stderr, and only where somebody looks at it."""
    console = err()
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(text, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def told(text: str) -> Iterator[Callable[[str], None]]:
    """A spinner as `busy`, whose words change with each call; afterwards a call does nothing."""
    console = err()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(shown(text)) as status:
        yield lambda now: status.update(shown(now))
