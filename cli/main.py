"""What can a person ask of Lensloop? The command `lensloop`, and the one place where an error
becomes a sentence and an exit code.
"""

import inspect
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from cli import (
    cameras,
    data,
    decisions,
    experiment,
    export,
    health,
    imports,
    keys,
    label,
    lineage,
    loop,
    news,
    rollout,
    show,
)
from cli import review as review_page
from cli.faults import CLOUD, CODES, MISTAKE, OF_THE_CLOUD, complaint
from cli.place import CloudFault
from lensloop.wire.errors import LensloopError

_CODES = "\n\n".join(f"{code}  {meaning}" for code, meaning in CODES)


class Commands(TyperGroup):
    """No expected fault ever shows a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read the output has had enough; Typer ends quietly
        except OF_THE_CLOUD as error:
            show.warn(complaint(error, ctx.find_root().obj))
            raise typer.Exit(CLOUD) from None
        except CloudFault as error:
            show.warn(error)
            raise typer.Exit(CLOUD) from None
        except (LensloopError, OSError) as error:
            show.warn(error)
            raise typer.Exit(MISTAKE) from None


app = typer.Typer(
    name="lensloop",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Labelled pictures in, a better classifier on your cameras: see it happen, and steer it.",
    epilog=f"Exit codes:\n\n{_CODES}",
)
_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Pictures": (data.import_pictures, data.check, review_page.review, export.export),
    "See what happens": (
        *(loop.status, loop.watch, health.fleet, news.news, news.report, lineage.lineage),
    ),
    "Runs and models": (
        *(loop.retrain, decisions.approve, decisions.reject, decisions.clear_block),
        *(imports.import_model, experiment.experiment),
    ),
    "Cameras and rollouts": (
        *(rollout.rollback, rollout.retry, rollout.pause, rollout.resume, rollout.go_on),
    ),
}
_NAMES = {data.import_pictures: "import"}  # which Python has for itself


def _flowing(text: str | None) -> str:
    """A docstring's lines end where the code's do, and a terminal's elsewhere."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)


for panel, commands in _PANELS.items():
    for command in commands:
        named = app.command(
            _NAMES.get(command), rich_help_panel=panel, help=_flowing(command.__doc__)
        )
        named(command)
app.add_typer(label.app, name="label", rich_help_panel="Pictures")
app.add_typer(cameras.app, name="camera", rich_help_panel="Cameras and rollouts")
app.add_typer(keys.app, name="key", rich_help_panel="Cameras and rollouts")


@app.callback()
def _lensloop() -> None:
    pass
