"""How does a screen become HTML? By a template of this folder, with the filters, the parts and the
stylesheet of all our pages.
"""

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from lensloop import pages

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import .* from "\./(\w+)\.js";$', re.MULTILINE)
# Where a person goes: address, name.
SCREENS = (
    ("status", "What happens"),
    ("frames", "Uncertain frames"),
    ("labels", "Labels"),
    ("check", "Labels to check"),
    ("map", "Map"),
)


def screen(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(text(template, **values))


def text(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(screens=SCREENS, **values)


def prepare() -> None:
    """Before anybody asks: the first screen would take a quarter of a second longer."""
    for template in _environment().list_templates(("html",)):
        _environment().get_template(template)


@functools.cache
def modules(script: str) -> tuple[str, ...]:
    """A script's name and those that it imports, which the browser then fetches all at once: else
    it learns of each only when it has read the one before.
    """
    found = [script]
    for name in found:
        imported = _IMPORT.findall((HERE / "static" / f"{name}.js").read_text())
        found += [each for each in imported if each not in found]
    return tuple(found)


@functools.cache
def _environment() -> "Environment":
    from jinja2 import ChoiceLoader, FileSystemLoader

    ours = pages.environment()
    assert ours.loader is not None
    own = FileSystemLoader(HERE / "templates")
    made = ours.overlay(loader=ChoiceLoader([own, ours.loader]))
    made.globals["modules"] = modules
    return made
