"""What may be said to every command? Which project, where it is, and in which form to answer.

    @app.command()
    @asks
    def status(asked: Asked) -> None: ...

gives `status` the options --project, --stage, --region, --local/--aws and --json, besides its own.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli import show
from cli.place import Place, choose, folder

_WHERE = "Where"

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, and with nothing else.")]
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "project": (
        Annotated[str | None, typer.Option(rich_help_panel=_WHERE, help="Default: cdk.json's.")],
        None,
    ),
    "stage": (
        Annotated[str | None, typer.Option(rich_help_panel=_WHERE, help="Default: cdk.json's.")],
        None,
    ),
    "region": (
        Annotated[
            str | None,
            typer.Option(rich_help_panel=_WHERE, help="Default: cdk.json's, then the AWS CLI's."),
        ],
        None,
    ),
    "local": (
        Annotated[
            bool | None,
            typer.Option(
                "--local/--aws",
                rich_help_panel=_WHERE,
                help="Default: AWS_ENDPOINT_URL, a local cloud that runs in .local, then AWS.",
            ),
        ],
        None,
    ),
    "as_json": (AsJson, False),
}


@dataclass(frozen=True)
class Asked:
    place: Place
    as_json: bool


def asks(run: Callable[..., None]) -> Callable[..., None]:
    """`run` takes an Asked first, then options of its own."""

    def command(ctx: typer.Context, **values: Any) -> None:
        common = {name: values.pop(name) for name in _OPTIONS}
        as_json = common.pop("as_json")
        place = choose(**common)
        ctx.find_root().obj = place  # for cli/main.py, which says whom it could not reach
        if place.local and common["local"] is None:
            show.warn(f"(the local cloud in {folder()})")
        run(Asked(place, as_json), **values)

    own = list(inspect.signature(run, eval_str=True).parameters.values())[1:]
    kind = inspect.Parameter.KEYWORD_ONLY
    context = inspect.Parameter("ctx", kind, annotation=typer.Context)
    common = [
        inspect.Parameter(name, kind, annotation=annotation, default=default)
        for name, (annotation, default) in _OPTIONS.items()
    ]
    parameters = [context, *(each.replace(kind=kind) for each in own), *common]
    described: Any = command
    described.__name__, described.__doc__ = run.__name__, run.__doc__
    described.__signature__ = inspect.Signature(parameters)
    described.__annotations__ = {each.name: each.annotation for each in parameters}
    return command
