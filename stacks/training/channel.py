"""What travels with a training job? A zip of unpacked wheels for the interpreter that runs it,
built once.

The job has no network and the image need not have onnxruntime, so its Python finds everything in
this zip.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lensloop.wire.errors import LensloopError

REQUIREMENTS = "requirements-training.txt"
# Nothing imports these at run time: tests, type stubs, command line tools, and onnx' conformance
# data.
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", "tests", "bin", "include"})
_LEFT_OUT_PATHS = (
    "onnx/backend/test/",
    "onnxruntime/transformers/",
    "onnxruntime/tools/",
    "onnxruntime/quantization/",
)
_LEFT_OUT_SUFFIXES = (".pyi", ".pyc", ".h", ".cc", ".proto")


class ChannelError(LensloopError):
    """The dependencies could not be fetched."""


@dataclass(frozen=True)
class Target:
    """An interpreter: its version and its platform."""

    python: str
    platform: str


# AWS's PyTorch images `2.13-cpu-amzn2023-sagemaker` and `2.14-…` hold Python 3.12 (`requires-python
# = ">=3.12,<3.13"` in aws/deep-learning-containers, docker/pytorch/2.14/cpu/pyproject.toml); Amazon
# Linux 2023 has glibc 2.34.
SAGEMAKER = Target("3.12", "x86_64-manylinux_2_28")


def dependencies(root: Path, platform: str) -> Path:
    """The zip for `sagemaker` (the training image) or `local` (this interpreter), under .build/."""
    requirements = (root / REQUIREMENTS).read_bytes()
    target = {"sagemaker": SAGEMAKER, "local": _this()}.get(platform)
    if target is None:
        raise ChannelError(f"`training_platform` is {platform!r}; it must be sagemaker or local.")
    recipe = Path(__file__).read_bytes()
    key = hashlib.sha256(b"\0".join((requirements, recipe, repr(target).encode()))).hexdigest()[:16]
    channel = root / ".build" / f"training-{platform}-{key}.zip"
    channel.parent.mkdir(exist_ok=True)
    with (channel.parent / ".training-channel.lock").open("w") as lock:
        fcntl.flock(
            lock, fcntl.LOCK_EX
        )  # two syntheses at once: the second finds the first one's zip
        if not channel.is_file():
            _build(root / REQUIREMENTS, target, channel)
    return channel


def _build(requirements: Path, target: Target, channel: Path) -> None:
    began = time.monotonic()
    print(
        f"packing the training job's dependencies for Python {target.python} …",
        file=sys.stderr,
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=channel.parent, prefix="training-") as scratch:
        wheels, draft = Path(scratch, "wheels"), Path(scratch, "channel.zip")
        _install(requirements, target, wheels)
        _pack(wheels, draft)
        draft.replace(channel)
    size, seconds = channel.stat().st_size / 1e6, time.monotonic() - began
    print(f"packed {size:.0f} MB in {seconds:.1f} s", file=sys.stderr, flush=True)


def _install(requirements: Path, target: Target, folder: Path) -> None:
    uv = shutil.which(
        "uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    )
    if uv is None:
        raise ChannelError(
            "uv is missing, which unpacks the training job's dependencies; run `make install`."
        )
    command = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--target",
        str(folder),
        "--requirement",
        str(requirements),
    ]
    command += [
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-config",
        "--link-mode",
        "copy",
    ]
    command += ["--python", sys.executable, "--python-version", target.python]
    if target == SAGEMAKER:
        command += ["--python-platform", target.platform]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        last = "\n".join(result.stderr.strip().splitlines()[-6:])
        raise ChannelError(
            "The training job's dependencies could not be fetched from the package index; "
            f"check the network and run `make install` again. uv says:\n{last}"
        )


def _pack(wheels: Path, draft: Path) -> None:
    """Same content, same bytes: sorted, without times, so that CDK uploads the asset once."""
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(p for p in wheels.rglob("*") if p.is_file()):
            name = path.relative_to(wheels).as_posix()
            if not _left_out(name):
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def _left_out(name: str) -> bool:
    folders = name.split("/")[:-1]
    return (
        name.startswith(".lock")
        or name.endswith(_LEFT_OUT_SUFFIXES)
        or name.startswith(_LEFT_OUT_PATHS)
        or not _LEFT_OUT_FOLDERS.isdisjoint(folders)
    )


def _this() -> Target:
    """The running interpreter. uv finds out its platform by itself; naming it here keeps two
    machines' zips apart.
    """
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", sysconfig.get_platform())
