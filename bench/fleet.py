"""How long does a look at a large fleet take, on the local cloud?

`lensloop fleet` for 1,000 cameras, as a process of its own: as a person starts it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.figure import Row, figure
from lambdas.aws import camera_item
from lensloop.fleet.terms import Camera
from lensloop.wire.report import Report
from local.cloud import LocalCloud
from local.tools import PROJECT

CAMERAS, GOAL_SECONDS = 1000, 10.0
PREFIX = "deeplens-trash"
_AT_ONCE = 8


def rows() -> list[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCloud(Path(folder) / "cloud", say=lambda _: None) as cloud,
    ):
        _register(cloud)
        seconds, listed = _look(cloud)
    goal = f"≤ {GOAL_SECONDS:.0f}"
    holds = seconds <= GOAL_SECONDS and listed == CAMERAS
    return [figure(f"a look at {listed:,} cameras", seconds, None, "s", None, goal, holds)]


def _register(cloud: LocalCloud) -> None:
    iot, table = cloud.client("iot"), cloud.table(_make_table(cloud))
    iot.create_policy(policyName=f"{PREFIX}-camera", policyDocument="{}")
    groups = {
        wave: iot.create_thing_group(thingGroupName=f"{PREFIX}-{wave}")["thingGroupArn"]
        for wave in ("canary", "fleet")
    }
    now = int(time.time())
    table.put_item(Item={"id": "live", "epoch": 7, "model_sha256": "7" * 64})

    def add(number: int) -> None:
        thing, wave = f"deeplens_{number:04d}", "canary" if number % 50 == 0 else "fleet"
        iot.create_thing(thingName=thing)
        iot.add_thing_to_thing_group(thingGroupArn=groups[wave], thingName=thing)
        said = Report("2026-11-22T12:00:00Z", 1, 7, "7" * 64, "12/12", 8.5, "fp32", 4.9, 51.5, 9000)
        camera = Camera(thing, wave, said, (now - number) * 1000, since=now)
        table.update_item(**camera_item.record(camera).as_update())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(add, range(CAMERAS)))


def _make_table(cloud: LocalCloud) -> str:
    name = f"{PREFIX}-state"
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def _look(cloud: LocalCloud) -> tuple[float, int]:
    """Seconds, and how many cameras were shown."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "cli", "fleet", "--json"],
        cwd=PROJECT,
        env=os.environ | {"LENSLOOP_LOCAL": str(cloud.ca_pem.parent)},
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds = time.monotonic() - begun
    return round(seconds, 2), len(json.loads(ran.stdout))
