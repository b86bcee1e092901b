"""How does a screen become HTML? By a template of this folder, with the filters, the parts and the
stylesheet of all our pages.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from lensloop import pages

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
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


@functools.cache
def _environment() -> "Environment":
    from jinja2 import ChoiceLoader, FileSystemLoader

    ours = pages.environment()
    assert ours.loader is not None
    own = FileSystemLoader(HERE / "templates")
    return ours.overlay(loader=ChoiceLoader([own, ours.loader]))
