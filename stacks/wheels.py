"""Which wheels of PyPI travel inside an asset? Those of requirements.txt, for another machine, checked by hash."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lensloop.errors import LensloopError


class WheelError(LensloopError):
    pass


def fetch(root: Path, package: str, python: str, platforms: tuple[str, ...]) -> Path:
    """The wheel's file in `.build/wheels/`; from there on, synth needs no network."""
    pin = _pin(root, package)
    folder = root / ".build" / "wheels" / f"{_version(pin)}-cp{python.replace('.', '')}-{platforms[0]}"
    if not (found := sorted(folder.glob("*.whl"))):
        folder.mkdir(parents=True, exist_ok=True)
        _download(pin, folder, python, platforms)
        found = sorted(folder.glob("*.whl"))
    return found[0]


def _pin(root: Path, package: str) -> str:
    """The package's lines of requirements.txt: its version and the hashes it may have."""
    text = (root / "requirements.txt").read_text()
    match = re.search(rf"^{re.escape(package)}==\S+( \\\n\s+--hash=\S+)+", text, re.MULTILINE)
    if not match:
        raise WheelError(f"requirements.txt does not pin {package} with hashes; run `make lock`.")
    return match.group(0)


def _version(pin: str) -> str:
    return pin.split()[0].replace("==", "-")


def _download(pin: str, folder: Path, python: str, platforms: tuple[str, ...]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirement:
        requirement.write(pin + "\n")
        requirement.flush()
        target = [part for platform in platforms for part in ("--platform", platform)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", python]
        done = subprocess.run(
            [*command, *target, "--dest", str(folder), "-r", requirement.name], capture_output=True, text=True
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise WheelError(
            f"{_version(pin)} for Python {python} could not be fetched from PyPI ({last}). Is the network up?"
        )
