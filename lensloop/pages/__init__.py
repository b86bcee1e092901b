"""What do people see? Pages made of a report or a run record, by the templates beside this file.

Names come from strangers. Everything is escaped, what cannot be seen is spelled out (so that no
name can look like another), and a name's direction cannot turn the words around it. A page needs
nothing beside it, and its policy lets it load nothing.
"""

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lensloop.importing import provenance
from lensloop.visible import spelled

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
# Only around a whole word of a sentence: in the midst of a file's name a backtick is part of it.
_CODE = re.compile(r"(?<![^\s(])`([^`]+)`(?![^\s,;:.)])")


def render(template: str, **values: Any) -> str:
    return environment().get_template(template).render(values)


@functools.cache
def environment() -> "Environment":
    """Made at first use: a function that shows nobody anything need not carry Jinja2."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def marked(filter: Callable[[str], str]) -> Callable[[str], Markup]:
        return lambda value: Markup(filter(value))  # noqa: S704  every such filter escapes

    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Whatever a template shows, also where it forgets to ask for it.
        finalize=lambda value: spelled(value) if type(value) is str else value,
    )
    made.filters |= {
        "visible": marked(visible),
        "name": marked(name),
        "days": provenance.days,
        "lines": marked(lines),
        "file": file,
        "number": number,
        "percent": percent,
        "span": span,
        "duration": duration,
        "moment": moment,
    }
    made.globals["style"] = Markup((_HERE / "style.css").read_text("utf-8"))  # noqa: S704  ours
    return made


def visible(sentence: str) -> str:
    """A sentence as HTML; what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(spelled(sentence)))


def lines(text: str) -> str:
    """A text of several lines as HTML for a <pre>, the only place where a line's end is seen."""
    return "\n".join(escape(spelled(line)) for line in text.split("\n"))


def name(value: str) -> str:
    """A name as HTML that keeps its direction to itself."""
    return f"<bdi>{escape(spelled(value))}</bdi>"


def file(key: str) -> str:
    """A picture's key without images/ and its label."""
    return key.split("/", 2)[-1]


def number(value: int) -> str:
    return f"{value:,}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def span(shares: tuple[float, float]) -> str:
    low, high = shares
    return f"{100 * low:.0f}–{high:.0%}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment(iso: str) -> str:
    at = datetime.fromisoformat(iso).astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"
