"""Where do other people's packages come from? From the index, for another Python, checked by hash:
uv unpacks the wheels.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lensloop.one_at_a_time import one_at_a_time
from lensloop.wire.errors import LensloopError


class PackagesError(LensloopError):
    """Packages could not be fetched."""


@dataclass(frozen=True)
class Target:
    """An interpreter: its version, and its platform unless it is the one that runs now."""

    python: str
    platform: str = ""


# Amazon Linux 2023, on which Lambda's Python 3.12 and later run, has glibc 2.34.
LAMBDA = Target("3.13", "x86_64-manylinux_2_28")
# AWS's PyTorch images `2.13-cpu-amzn2023-sagemaker` and `2.14-…` hold Python 3.12 (`requires-python
# = ">=3.12,<3.13"` in aws/deep-learning-containers, docker/pytorch/2.14/cpu/pyproject.toml).
SAGEMAKER = Target("3.12", "x86_64-manylinux_2_28")


def unpacked(root: Path, package: str, target: Target = LAMBDA) -> Path:
    """The folder with the package in the version of requirements.txt; fetched once, so that synth
    is offline after.
    """
    pin = _pin((root / "requirements.txt").read_text(), package)
    name = pin.split()[0].replace("==", "-")
    return fetched_once(root / ".build" / f"{name}-python{target.python}", name, pin, target)


def fetched_once(folder: Path, name: str, requirements: str, target: Target) -> Path:
    """`folder`, with what `requirements` pins; there whole or not at all. `name`: for people."""
    with one_at_a_time(folder.parent):
        if not folder.is_dir():
            progress(f"fetching {name} for Python {target.python}, once …")
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="package-") as scratch:
                fetch(requirements, target, Path(scratch, "new"))
                Path(scratch, "new").rename(folder)
    return folder


def progress(text: str) -> None:
    """On standard error, which the CDK CLI passes on: a synthesis that fetches is not stuck."""
    print(f"· {text}", file=sys.stderr, flush=True)


def fetch(requirements: str, target: Target, folder: Path) -> None:
    """Unpacks everything that `requirements` pins with hashes, and nothing else, into `folder`."""
    command = [_uv(), "pip", "install", "--quiet", "--no-config", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--link-mode", "copy"]
    command += ["--python", sys.executable, "--python-version", target.python]
    if target.platform:
        command += ["--python-platform", target.platform]
    command += ["--target", str(folder), "--requirement", "-"]
    done = subprocess.run(command, input=requirements, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-6:])
        raise PackagesError(
            f"Packages for Python {target.python} could not be fetched from the package index. "
            "That needs the network the first time and not later: check it and try again. "
            f"uv says:\n{last}"
        )


def _pin(requirements: str, package: str) -> str:
    match = re.search(
        rf"^{re.escape(package)}==\S+( \\\n\s+--hash=\S+)+", requirements, re.MULTILINE
    )
    if not match:
        raise PackagesError(
            f"requirements.txt does not pin {package} with hashes; run `make lock`."
        )
    return match.group(0)


def _uv() -> str:
    """The one that was installed beside this Python, or any other on the path."""
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        raise PackagesError(
            "uv is missing, which unpacks packages. Run `pip install -r requirements.txt` in the "
            "virtual environment that runs the CDK, or `make install`."
        )
    return found
