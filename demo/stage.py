"""How is the stage set? The local cloud with the stacks, the page, three cameras and who listens to
them; and nothing of it stays behind, unless it is to be kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.album import CAMERAS, Picture
from demo.cameras import Fleet
from demo.listener import Listener
from demo.page import Page
from demo.show import Show
from demo.watch import Watch
from lambdas.aws.state import StateTable
from lensloop.settings import Settings
from lensloop.wire import names
from local.cloud import LocalCloud
from local.commands import MQTT_PORT, PORT, port
from local.errors import LocalCloudError
from local.ports import LOOPBACK
from local.state import StateDir

# What differs from an AWS account: patience is short,
# and the training job's packages are for this machine's Python.
CONTEXT = {
    "quiet_seconds": "8",  # changes are counted up to 5 s late (the window of stacks/changes.py)
    "max_wait_seconds": "180",
    "backoff_seconds": "5",
    "rollout_check_seconds": "1",
    "training_platform": "local",
}
MINUTE_SECONDS = 2.0


@dataclass(frozen=True)
class Stage:
    """`address`: of the page."""

    show: Show
    watch: Watch
    fleet: Fleet
    listener: Listener
    address: str
    cloud: LocalCloud

    def write_logs(self, state: Path) -> Path:
        file = state / "functions.log"
        self.watch.write_logs(file)
        return file

    def say_how_to_go_on(self) -> None:
        variables = " ".join(
            f"{name}={value}"
            for name, value in self.cloud.env.items()
            if name.startswith("AWS_") and "FILE" not in name
        )
        self.show.plain(
            f"\n  The page stays up, too: {self.address}"
            "\n  The local cloud stays up; `make down` stops it, the cameras and the page."
            " Talk to it with:\n"
            f"    export {variables}\n    aws s3 ls s3://{self.watch.bucket}/releases/"
        )


def refuse_when_taken(state: Path) -> None:
    """Before anything is drawn or started; LocalCloud would say so as well, but later."""
    other = StateDir(state).running()
    if other:
        raise LocalCloudError(
            f"{other.sentence}. Stop it with `make down`, or with Ctrl-C where it runs; then try"
            " again."
        )


@contextmanager
def set_up(
    state: Path,
    show: Show,
    keep: bool,
    looks: Sequence[Sequence[Picture]],
    settings: Mapping[str, str],
    frames_a_day: Sequence[int] = (0,) * CAMERAS,
) -> Iterator[Stage]:
    """`looks` and `frames_a_day`: of each camera. `settings`: besides those of every demo."""
    project = names.prefix(Settings().project)
    with _up(state, show, keep) as cloud, ExitStack() as running:
        with show.stage("deploy", "The stacks, by the real CDK CLI"):
            outputs = cloud.deploy(CONTEXT | dict(settings))
            # Without a secret, so that a story told twice has the same figures.
            StateTable(cloud.table(outputs["StateTable"])).split_key("")
            show.say(f"bucket {outputs['Bucket']}")
            page = Page(state)
            if not keep:
                running.callback(page.stop)
            address = page.start()
            show.say(f"watch it in a browser, on this machine only: {address}")
        fleet, listener = (
            Fleet(state / "cameras", looks, state, frames_a_day),
            Listener(f"{project}-listener", state / "listener"),
        )
        with show.stage("cameras", "Three cameras, one of them the canary"):
            running.callback(listener.stop)
            if not keep:
                running.callback(fleet.stop)
            _register(cloud, fleet, listener, project)
            show.say(
                "each has its own certificate, and none has credentials of AWS: "
                + ", ".join(_things(fleet))
            )
        show.guard = fleet.check
        watch = Watch(cloud.client, cloud.table(outputs["StateTable"]), outputs, project)
        yield Stage(show, watch, fleet, listener, address, cloud)


@contextmanager
def _up(state: Path, show: Show, keep: bool) -> Iterator[LocalCloud]:
    cloud = LocalCloud(
        state,
        # Free ports, so that nothing else on this machine is in the way, unless somebody is going
        # to type them.
        port=port("LENSLOOP_PORT", PORT if keep else 0),
        mqtt_port=port("LENSLOOP_MQTT_PORT", MQTT_PORT if keep else 0),
        minute_seconds=MINUTE_SECONDS,
        what="`make demo`",
        say=lambda text: show.say(text.strip()),
    )
    with show.stage("cloud", "The local cloud"):
        cloud.start(detached=keep)
        show.say(
            f"AWS answers on {cloud.endpoint}, the MQTT broker on {LOOPBACK}:{cloud.mqtt_port}, for"
            " this machine only"
        )
    try:
        yield cloud
    except BaseException:  # whatever went wrong, Ctrl-C included: nothing stays behind
        cloud.stop()
        raise
    if not keep:
        cloud.stop()


def _register(cloud: LocalCloud, fleet: Fleet, listener: Listener, prefix: str) -> None:
    fleet.register(cloud, prefix)
    listener.start(cloud.client("iot"), LOOPBACK, cloud.mqtt_port, cloud.ca_pem)
    fleet.start()


def _things(fleet: Fleet) -> list[str]:
    return [f"{camera.thing} ({camera.wave})" for camera in fleet.cameras]
