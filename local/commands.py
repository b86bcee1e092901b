"""What can a person ask of the local cloud? up, down, status, deploy."""

import argparse
import os
import shlex
import signal
from pathlib import Path

from local import leftovers
from local.cloud import PATIENCE_TO_STOP, LocalCloud, environment
from local.deploy import deploy
from local.errors import LocalCloudError
from local.keys import Keys
from local.ports import LOOPBACK
from local.state import Running, StateDir
from local.tools import cdk

PORT, MQTT_PORT = 4566, 8883
# Of the settings, what a person at the keyboard should not wait for; `-c key=value` wins.
PLAYING = {
    "training_platform": "local",
    "quiet_seconds": "10",
    "max_wait_seconds": "60",
    "backoff_seconds": "10",
    "rollout_check_seconds": "2",
}


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="python -m local",
        description=(
            "A whole AWS on this machine, without an account. It listens on loopback only and keeps"
            " its things in .local/. LENSLOOP_LOCAL, LENSLOOP_PORT and LENSLOOP_MQTT_PORT choose"
            " another folder and other ports."
        ),
    )
    commands = main.add_subparsers(required=True, metavar="command")
    start = commands.add_parser("up", help="start it and leave it running")
    start.add_argument(
        "--minute",
        type=float,
        default=3,
        metavar="SECONDS",
        help="how long a minute of a schedule lasts (3)",
    )
    start.set_defaults(run=up)
    commands.add_parser("down", help="stop it, with everything it started").set_defaults(run=down)
    commands.add_parser("status", help="say whether it runs, and how to talk to it").set_defaults(
        run=status
    )
    put = commands.add_parser(
        "deploy", help="deploy the stacks to the one that runs, with the real CDK CLI"
    )
    put.add_argument(
        "-c",
        "--context",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of cdk.json",
    )
    put.set_defaults(run=deploy_stacks)
    return main


def up(options: argparse.Namespace) -> None:
    if options.minute <= 0:
        raise LocalCloudError(
            f"--minute is {options.minute}; a minute must last longer than nothing."
        )
    cloud = LocalCloud(
        _state().root,
        port=port("LENSLOOP_PORT", PORT),
        mqtt_port=port("LENSLOOP_MQTT_PORT", MQTT_PORT),
        minute_seconds=options.minute,
        what="`make up`",
    )
    print("Starting the local cloud …", flush=True)
    cloud.start(detached=True)
    print(
        f"The local cloud is up; the MQTT broker listens on {LOOPBACK}:{cloud.mqtt_port}, its CA is"
        f" {cloud.ca_pem}."
    )
    _say_how_to_use_it(cloud.port, cloud.keys)
    print("Deploy the stacks with `make deploy-local`, and stop it with `make down`.")


def down(options: argparse.Namespace) -> None:
    state = _state()
    running = state.running()
    if running and running.pid:
        print("Stopping the local cloud …", flush=True)
        os.kill(running.pid, signal.SIGTERM)
        if not state.wait_until_free(PATIENCE_TO_STOP):
            os.kill(running.pid, signal.SIGKILL)
    leftovers.end(state.root)
    if not state.wait_until_free(PATIENCE_TO_STOP):
        raise LocalCloudError(
            f"{running.sentence if running else 'It'} and does not stop. End that process by hand."
        )
    state.clear()
    print("The local cloud has stopped." if running else "No local cloud was running.")


def status(options: argparse.Namespace) -> None:
    running = _running()
    print(f"{running.sentence}; the MQTT broker listens on {LOOPBACK}:{running.mqtt_port}.")
    _say_how_to_use_it(running.port, _state().keys())


def deploy_stacks(options: argparse.Namespace) -> None:
    wrong = [word for word in options.context if "=" not in word]
    if wrong:
        raise LocalCloudError(
            f"`-c {wrong[0]}` must be a key and a value, as in `-c quiet_seconds=20`."
        )
    running, context = _running(), PLAYING | dict(word.split("=", 1) for word in options.context)
    cdk()  # says what is missing before anything else is done
    variables = environment(running.port, _state().keys())
    outputs = deploy(_state(), variables, context, None, print)
    print(
        "\n".join(
            f"{name} = {value}"
            for name, value in outputs.items()
            if not name.startswith("ExportsOutput")
        )
    )


def _say_how_to_use_it(port: int, keys: Keys) -> None:
    print("In a shell, this sends the AWS CLI and every SDK to it (new keys at each start):")
    for name, value in environment(port, keys).items():
        print(f"  export {name}={shlex.quote(value)}")


def _state() -> StateDir:
    return StateDir(Path(os.environ.get("LENSLOOP_LOCAL") or ".local"))


def _running() -> Running:
    running = _state().running()
    if running is None:
        raise LocalCloudError("No local cloud is running here; `make up` starts one.")
    return running


def port(variable: str, default: int) -> int:
    """What the person chose, or the default; 0 is any free one."""
    text = os.environ.get(variable)
    if not text:
        return default
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LocalCloudError(f"{variable} is {text!r}; it must be a number between 1 and 65535.")
    return int(text)
