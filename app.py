"""What is deployed? Three stacks from one set of settings:
what is kept, what reaches cameras, what retrains.
"""

import sys

import aws_cdk as cdk

from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import LensloopError
from stacks import patience
from stacks.delivery import DeliveryStack
from stacks.fleet import FleetStack
from stacks.retraining import RetrainingStack
from stacks.storage import StorageStack


def compose(app: cdk.App) -> None:
    settings = Settings.from_context(app.node.get_all_context())
    prefix = names.prefix(settings.project, settings.stage)
    env = cdk.Environment(region=settings.region or None)
    storage = StorageStack(app, prefix, settings=settings, env=env)
    fleet = FleetStack(app, prefix, settings=settings, env=env, storage=storage)
    RetrainingStack(
        app,
        prefix,
        settings=settings,
        env=env,
        storage=storage,
        rollout=fleet.rollout,
        tell=fleet.tell,
        steer=fleet.steer,
    )
    if settings.github_repository:
        DeliveryStack(app, prefix, settings=settings, env=env)


if __name__ == "__main__":
    with patience.shown("synthesizing"):
        try:
            compose(app := cdk.App())
        except LensloopError as mistakes:
            sys.exit(str(mistakes))
        app.synth()
