"""What can a person ask of Lensloop? The command `lensloop`, and the one place where an error
becomes a sentence and an exit code.
"""

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
_COMMANDS = (
    *(loop.status, loop.watch, health.fleet, news.news, news.report, lineage.lineage),
    *(loop.retrain, decisions.approve, decisions.reject, decisions.clear_block),
    *(rollout.rollback, rollout.retry, rollout.pause, rollout.resume, rollout.go_on),
    *(imports.import_model, export.export, experiment.experiment, review_page.review),
)
for command in _COMMANDS:
    app.command()(command)
app.command("import")(data.import_pictures)
app.command()(data.check)
app.add_typer(cameras.app, name="camera")
app.add_typer(label.app, name="label")


@app.callback()
def _lensloop() -> None:
    pass
