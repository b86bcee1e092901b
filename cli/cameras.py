"""What can a person do about cameras? `python -m cli camera add|list|remove|bundle`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli import deployed
from cli.bundle import write_bundle
from cli.fleet import cameras
from cli.identity import add_camera, remove_camera
from lensloop.wire import names


def add_commands(subjects: Any) -> None:
    camera = subjects.add_parser(
        "camera", help="add, list and remove cameras, or pack the agent for one"
    )
    commands = camera.add_subparsers(required=True, metavar="command")

    add = _command(
        commands, "add", "make a camera's identity and the folder its agent runs on", _add
    )
    add.add_argument("thing", help="deeplens_<id>")
    add.add_argument(
        "--home", type=Path, required=True, help="folder for its certificate; copy it to the camera"
    )
    add.add_argument(
        "--canary", action="store_true", help="it proves each release before the fleet gets it"
    )
    add.add_argument("--endpoint", help="the broker's host (default: what AWS IoT says)")
    add.add_argument("--port", type=int, default=8883, help="the broker's port (default 8883)")
    add.add_argument(
        "--ca", type=Path, help="PEM of the broker's CA (default: the camera's own trust store)"
    )

    _command(commands, "list", "which cameras there are and what they run", _list)

    remove = _command(commands, "remove", "revoke a camera's certificate and forget it", _remove)
    remove.add_argument("thing", help="deeplens_<id>")

    bundle = commands.add_parser("bundle", help="pack the agent into a zip for a camera")
    bundle.add_argument(
        "--output", type=Path, default=Path("lensloop-camera.zip"), help="default %(default)s"
    )
    bundle.set_defaults(
        run=lambda options: print(
            f"{write_bundle(options.output)} is ready; docs/cameras.md says how."
        )
    )


def _command(
    commands: Any, name: str, text: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    """Project and stage default to those that cdk.json names."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    settings = deployed.settings()
    parser.add_argument("--project", default=settings.project, help=f"default {settings.project}")
    parser.add_argument("--stage", default=settings.stage, help="default: cdk.json's")
    parser.add_argument(
        "--region", default=settings.region, help="default: cdk.json's, then the AWS CLI's"
    )
    parser.set_defaults(run=run)
    return parser


def _iot(options: argparse.Namespace) -> Any:
    return deployed.client("iot", options.region)


def _add(options: argparse.Namespace) -> None:
    config = add_camera(
        _iot(options),
        names.prefix(options.project, options.stage),
        options.project,
        options.thing,
        options.home,
        canary=options.canary,
        endpoint=options.endpoint,
        port=options.port,
        ca=options.ca,
    )
    wave = "canary" if options.canary else "fleet"
    print(
        f"{options.thing} ({wave}) is ready: {config}\n"
        f"Run its agent with: python -m camera --home {options.home} --frames ..."
    )


def _list(options: argparse.Namespace) -> None:
    found = cameras(_iot(options), names.prefix(options.project, options.stage))
    for camera in found:
        print(f"{camera.thing:<32} {camera.wave:<8} {camera.answer}")
    if not found:
        print(
            "There are no cameras yet; `python -m cli camera add deeplens_<id> --home <folder>`"
            " makes one."
        )


def _remove(options: argparse.Namespace) -> None:
    remove_camera(_iot(options), names.prefix(options.project, options.stage), options.thing)
    print(f"{options.thing} is removed and its certificate revoked.")
