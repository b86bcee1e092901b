"""Does the flow of every Python CDK app work here: a virtual environment of any name, the
requirements, and `cdk synth` with the CDK CLI that is on the path?
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.assets.code import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of this project, in a folder with spaces, with nothing built but the zip of
    the training job, which only takes time.
    """
    folder = tmp_path_factory.mktemp("my projects") / "lens loop"
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".build").mkdir()
    for packed in (ROOT / ".build").glob("training-sagemaker-*.zip"):
        shutil.copy(packed, folder / ".build")
    return folder


@pytest.fixture(scope="module")
def environment(clone: Path) -> dict[str, str]:
    """As after `python -m venv any-name`, activated, and `pip install -r requirements.txt`."""
    venv = clone / "any name"
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    install = [uv, "pip", "install", "--quiet", "--require-hashes", "-r", "requirements.txt"]
    activated = os.environ | {"VIRTUAL_ENV": str(venv)}  # certificates and proxies stay
    subprocess.run(install, cwd=clone, env=activated, check=True)
    tools = clone / "tools of the machine"
    tools.mkdir()
    (tools / "node").symlink_to(Path(sys.executable).with_name("node"))
    (tools / "cdk").symlink_to(ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk")
    return activated | {"PATH": f"{venv / 'bin'}:{tools}:/usr/bin:/bin"}


def synth(
    clone: Path, environment: dict[str, str], **more: str
) -> subprocess.CompletedProcess[str]:
    command = ["cdk", "synth", "--quiet", "--no-notices"]
    variables = environment | more
    command[0] = str(shutil.which("cdk", path=variables["PATH"]))
    return subprocess.run(command, cwd=clone, env=variables, capture_output=True, text=True)


def test_what_cannot_be_fetched_is_one_sentence(clone: Path, environment: dict[str, str]) -> None:
    done = synth(clone, environment, UV_OFFLINE="1", UV_CACHE_DIR=str(clone / "no cache"))
    said = done.stdout + done.stderr
    assert done.returncode
    assert "could not be fetched from the package index" in said
    assert "Traceback" not in said


def test_uv_missing_is_one_sentence(clone: Path, environment: dict[str, str]) -> None:
    uv = clone / "any name" / "bin" / "uv"
    aside = uv.rename(uv.with_name("uv-aside"))
    try:
        done = synth(clone, environment)
    finally:
        aside.rename(uv)
    said = done.stdout + done.stderr
    assert done.returncode
    assert "Run `pip install -r requirements.txt`" in said
    assert "Traceback" not in said


def test_cdk_synth_works_and_shows_what_it_fetches_once(
    clone: Path, environment: dict[str, str]
) -> None:
    first = synth(clone, environment)
    assert first.returncode == 0, first.stderr
    assert "fetching jinja2" in first.stderr
    again = synth(clone, environment, UV_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert "fetching" not in again.stderr
    assert {path.name for path in (clone / "cdk.out").glob("*.template.json")} == {
        f"deeplens-trash-{stack}.template.json" for stack in ("storage", "fleet", "retraining")
    }
