"""Which packages travel inside the functions' code? Pillow, for Lambda's Python and not this one,
checked by hash.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lensloop.wire.errors import LensloopError

# Amazon Linux 2023, on which Lambda's Python 3.12 and later run, has glibc 2.34.
LAMBDA_PLATFORM = "x86_64-manylinux_2_28"


class VendorError(LensloopError):
    """A package could not be fetched."""


def unpacked(root: Path, package: str, python: str) -> Path:
    """The folder with the package in the version of requirements.txt; fetched once, so that synth
    is offline after.
    """
    pin = _pin((root / "requirements.txt").read_text(), package)
    folder = root / ".build" / f"{pin.split()[0].replace('==', '-')}-python{python}"
    if not folder.is_dir():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="vendor-") as scratch:
            _install(pin, python, Path(scratch, "new"))
            Path(scratch, "new").rename(folder)
    return folder


def _pin(requirements: str, package: str) -> str:
    match = re.search(
        rf"^{re.escape(package)}==\S+( \\\n\s+--hash=\S+)+", requirements, re.MULTILINE
    )
    if not match:
        raise VendorError(f"requirements.txt does not pin {package} with hashes; run `make lock`.")
    return match.group(0)


def _install(pin: str, python: str, folder: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise VendorError(
            "uv is missing, which fetches what the functions need; run `make install`."
        )
    command = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-config",
        "--no-deps",
        "--require-hashes",
        "--link-mode",
        "copy",
    ]
    command += ["--only-binary", ":all:", "--python", sys.executable, "--python-version", python]
    command += ["--python-platform", LAMBDA_PLATFORM, "--target", str(folder), "--requirement", "-"]
    done = subprocess.run(command, input=pin, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-4:])
        raise VendorError(
            f"{pin.split()[0]} could not be fetched from the package index; check the"
            f" network.\n{last}"
        )
