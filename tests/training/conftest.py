"""A training job as SageMaker would start it:
a real /opt/ml elsewhere, channels of zips, and a bare interpreter.
"""

import csv
import gzip
import hashlib
import json
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lensloop.wire.errors import PictureError
from lensloop.wire.picture import open_picture, phash
from stacks.assets.training_files import training_modules
from stacks.training import channel as training_channel

ROOT = Path(__file__).parents[2]
COLUMNS = ("key", "etag", "size", "sha256", "label", "split", "width", "height", "phash")


class Job:
    """One training job: `put` pictures, then `run` it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, Any]] = []
        self.log = ""
        self.cpu_seconds = 0.0
        self.settings = {"algorithm": "head", "epoch": "1", "digest": "d1"}
        self.settings["sagemaker_program"] = '"start.py"'  # where the image's entry point starts it
        self.image: tuple[Path, ...] = ()  # folders of packages that the image has besides

    def put(self, key: str, data: bytes, **different: str) -> None:
        """A picture in the channel and its row in the manifest;
        `different` makes the row say something else.
        """
        path = self.root / "input" / "data" / "images" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        row = {
            "key": key,
            "sha256": sha256,
            "label": key.split("/")[1],
            "split": split(sha256),
            "size": len(data),
        }
        row["phash"] = look(data)
        self.rows.append(row | different)

    def put_live(self, release: Path) -> None:
        self._channel("live").symlink_to(release)

    def prepare(self) -> None:
        with gzip.open(self._channel("dataset", "manifest.csv.gz"), "wt", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(sorted(self.rows, key=lambda row: row["key"]))
        channel = training_channel.dependencies(ROOT, "local")
        self._channel("dependencies", channel.name).symlink_to(channel)
        with zipfile.ZipFile(self._channel("code", "code.zip"), "w") as code:
            for path in training_modules():
                code.write(ROOT / path, path.as_posix())
        config = self.root / "input" / "config"
        config.mkdir(parents=True)
        (config / "hyperparameters.json").write_text(json.dumps(self.settings))

    def run(self) -> int:
        self.prepare()
        return self.finish()

    def finish(self) -> int:
        before = _children()
        process = self.start()
        self.log, _ = process.communicate(timeout=300)
        self.cpu_seconds = _children() - before
        return process.returncode

    def start(self) -> "subprocess.Popen[str]":
        """When it is prepared. Our site-packages are out of reach (-S, and the interpreter that the
        virtual environment was made from).
        """
        packages = (self._channel("code", "code.zip"), *self.image)
        environment = {
            "PYTHONPATH": os.pathsep.join(str(place) for place in packages),
            "LENSLOOP_ML_ROOT": str(self.root),
        }
        environment |= {
            name: os.environ[name]
            for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
            if name in os.environ
        }
        return subprocess.Popen(
            [getattr(sys, "_base_executable", sys.executable), "-S", "-m", "training"],
            env=environment,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def evaluation(self) -> Any:
        return json.loads((self.root / "model" / "evaluation.json").read_text("utf-8"))

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text("utf-8")

    def _channel(self, *names: str) -> Path:
        path = self.root.joinpath("input", "data", *names)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def look(data: bytes) -> str:
    """The perceptual hash; of a file that is no picture anything will do, as inspection would have
    left it out.
    """
    try:
        return phash(open_picture(data, at_least=256))
    except PictureError:
        return "0" * 16


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def split(sha256: str) -> str:
    """60/20/20 by content, for these tests;
    the product's own rule is in lensloop/dataset/split.py.
    """
    share = int(sha256[:8], 16) / 2**32
    return "train" if share < 0.6 else "validation" if share < 0.8 else "test"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "ml")


@pytest.fixture(scope="session")
def new_job(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, bytes]], Job]:
    """A job with these pictures, by key."""

    def make(pictures: Mapping[str, bytes]) -> Job:
        job = Job(tmp_path_factory.mktemp("job") / "ml")
        for key, data in pictures.items():
            job.put(key, data)
        return job

    return make
