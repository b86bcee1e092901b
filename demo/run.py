"""How is the stage set, and what is left at the end?
Pictures, cloud, stacks, cameras; then table and report.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo import album, ending, own_pictures, report, summary
from demo.cameras import Fleet
from demo.errors import DemoFailed
from demo.listener import Listener
from demo.page import Page
from demo.show import Show
from demo.story import Refusal, Story
from demo.watch import Watch
from lambdas.aws.state import StateTable
from lensloop.settings import Settings
from lensloop.wire import names
from local import machine
from local.cloud import LocalCloud
from local.commands import MQTT_PORT, PORT, port
from local.errors import LocalCloudError
from local.ports import LOOPBACK
from local.state import StateDir
from local.tools import PROJECT

EMOJI = PROJECT / "node_modules" / "@lobehub" / "fluent-emoji-3d" / "assets"
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
REPORT, REFUSED, FIGURES = "demo-report.html", "refused-run.html", "demo.json"


def run(
    state: Path, images: Path | None, keep: bool = False, folders_are_labels: bool = False
) -> Refusal | None:
    """The whole story; a refusal when the user's own pictures made no release."""
    show = Show()
    _refuse_when_taken(state)
    machine.check_room(state)
    own = _read(images, folders_are_labels, show) if images else None
    show.plain(
        "Lensloop on this machine: a local AWS, the real stacks, real training, three cameras."
        " Nothing leaves it."
    )
    with show.stage("pictures", "The stage"):
        pictures = own or _drawn(state)
        show.say(f"pictures: {pictures.title}")
    project = names.prefix(Settings().project)
    with _up(state, show, keep) as cloud, ExitStack() as running:
        with show.stage("deploy", "The stacks, by the real CDK CLI"):
            # Own folders have been asked about already, all of them: the cloud sees them in parts.
            asked = {"folders_are_labels": "true"} if own else {}
            outputs = cloud.deploy(CONTEXT | asked)
            # Without a secret, so that a story told twice has the same figures.
            StateTable(cloud.table(outputs["StateTable"])).split_key("")
            show.say(f"bucket {outputs['Bucket']}")
            page = Page(state)
            if not keep:
                running.callback(page.stop)
            address = page.start()
            show.say(f"watch it in a browser, on this machine only: {address}")
        fleet, listener = (
            Fleet(state / "cameras", pictures, state),
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
        story = Story(show, watch, fleet, listener, pictures)
        try:
            refusal = story.tell()
        except DemoFailed as failure:
            failure.log = failure.log or _keep_logs(story, state)
            raise
        if refusal:
            _conclude_early(story, refusal, state)
        else:
            _conclude(story, state)
        if keep:
            _say_how_to_go_on(show, cloud, outputs, address)
        return refusal


def _read(images: Path, folders_are_labels: bool, show: Show) -> album.Album:
    with show.stage("reading", f"Reading the pictures in {images}"):
        return own_pictures.read(images, folders_are_labels)


def _refuse_when_taken(state: Path) -> None:
    """Before anything is drawn or started; LocalCloud would say so as well, but later."""
    other = StateDir(state).running()
    if other:
        raise LocalCloudError(
            f"{other.sentence}. Stop it with `make down`, or with Ctrl-C where it runs; then try"
            " again."
        )


def _drawn(state: Path) -> album.Album:
    if not EMOJI.is_dir():
        raise LocalCloudError(
            "The demo's pictures are missing (no node_modules/@lobehub here); `make install` gets"
            " them."
        )
    return album.drawn(EMOJI, state / "pictures")


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


def _keep_logs(story: Story, state: Path) -> Path:
    file = state / "functions.log"
    story.watch.write_logs(file)
    return file


def _conclude_early(story: Story, refusal: Refusal, state: Path) -> None:
    page, figures = state / REFUSED, state / FIGURES
    page.write_bytes(story.watch.read(names.run(refusal.record["epoch"], "report.html")))
    (state / REPORT).unlink(missing_ok=True)  # of an earlier demo, beside this one's page
    told = summary.as_json(story, story.show.elapsed, refusal)
    figures.write_text(json.dumps(told, indent=2) + "\n")
    story.show.plain(ending.sentences(refusal, page, figures))


def _conclude(story: Story, state: Path) -> None:
    show = story.show
    seconds = show.elapsed  # once, so that page, figures and table say the same
    refused, figures = state / REFUSED, state / FIGURES
    epoch = next(act.record["epoch"] for act in story.acts if not act.release)
    # Only here are an earlier demo's replaced: one that is interrupted leaves them as they are.
    refused.write_bytes(story.watch.read(names.run(epoch, "report.html")))
    page = report.write(story, seconds, state / REPORT)
    figures.write_text(json.dumps(summary.as_json(story, seconds), indent=2) + "\n")
    show.table(summary.table(story, seconds))
    show.plain(
        f"  What the cameras saw:        {page}\n"
        f"  The page of the refused run: {refused}\n"
        f"  The figures:                 {figures}"
    )


def _say_how_to_go_on(show: Show, cloud: LocalCloud, outputs: dict[str, str], address: str) -> None:
    variables = " ".join(
        f"{name}={value}"
        for name, value in cloud.env.items()
        if name.startswith("AWS_") and "FILE" not in name
    )
    show.plain(
        f"\n  The page stays up, too: {address}"
        "\n  The local cloud stays up; `make down` stops it, the cameras and the page."
        " Talk to it with:\n"
        f"    export {variables}\n    aws s3 ls s3://{outputs['Bucket']}/releases/"
    )
