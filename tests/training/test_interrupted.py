"""A job that is taken away in between goes on where it was, and ends as if nothing had been."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Job
from tests.training.drawings import drawings

ROOT = Path(__file__).parents[2]
# In this interpreter, for unpacking takes longer than the training; and with shards of a batch, so
# that something is kept at every moment.
PROGRAM = """
import sys
from training import feature_cache
from training.paths import Paths
from training.run import run
feature_cache._SOON = 16
run(Paths.from_environment())
"""


def started(job: Job) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"LENSLOOP_ML_ROOT": str(job.root), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)


def files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "evaluation.json":
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


TIMES = ("seconds", "milliseconds", "features")


def without_times(evaluation: dict[str, Any]) -> dict[str, Any]:
    return {key: found for key, found in evaluation.items() if key not in TIMES}


@pytest.mark.slow
def test_a_job_that_is_killed_ten_times_makes_the_same_model(new_job):
    job = new_job(dict(drawings(70, ("plum", "lime"))))
    job.prepare()
    began = time.monotonic()
    assert started(job).wait() == 0
    whole = time.monotonic() - began
    undisturbed, evaluation = files(job.root / "model"), without_times(job.evaluation)
    rng, embedded = random.Random(9), []
    (job.root / "checkpoints").mkdir()
    for _ in range(10):
        shutil.rmtree(job.root / "model")
        process = started(job)
        time.sleep(rng.uniform(0.2, 1) * whole)
        process.kill()
        process.wait()
        embedded.append(len([*(job.root / "checkpoints").glob("*/*.npz")]))
        (job.root / "model").mkdir(exist_ok=True)
    assert embedded[-1] > 0
    assert started(job).wait() == 0
    assert files(job.root / "model") == undisturbed
    assert without_times(job.evaluation) == evaluation
    assert job.evaluation["features"]["embedded"] < len(job.rows)
