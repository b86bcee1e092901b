"""What travels with a training job?
A zip of unpacked wheels for the interpreter that runs it, built once.

The job has no network and the image need not have onnxruntime,
so its Python finds everything in this zip.
"""

import hashlib
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path

from lensloop.one_at_a_time import one_at_a_time
from stacks.assets.packages import SAGEMAKER, PackagesError, Target, fetch, progress

# The interpreter that runs now: the local cloud trains with it.
LOCAL = Target(f"{sys.version_info.major}.{sys.version_info.minor}")
REQUIREMENTS = "requirements-training.txt"
# Nothing imports these at run time: tests, type stubs,
# command line tools, and onnx' conformance data.
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", "tests", "bin", "include"})
_LEFT_OUT_PATHS = (
    "onnx/backend/test/",
    "onnxruntime/tools/",
)
_LEFT_OUT_SUFFIXES = (".pyi", ".pyc", ".h", ".cc", ".proto")


def dependencies(root: Path, platform: str) -> Path:
    """The zip for `sagemaker` (the training image) or `local` (this interpreter), under .build/."""
    requirements = (root / REQUIREMENTS).read_text()
    target = {"sagemaker": SAGEMAKER, "local": LOCAL}.get(platform)
    if target is None:
        raise PackagesError(f"`training_platform` is {platform!r}; it must be sagemaker or local.")
    recipe = Path(__file__).read_bytes()
    # Where this interpreter runs is not in its target, and keeps two machines' zips apart.
    parts = (requirements, repr(target), sysconfig.get_platform() if target == LOCAL else "")
    key = hashlib.sha256(recipe + "\0".join(parts).encode()).hexdigest()[:16]
    channel = root / ".build" / f"training-{platform}-{key}.zip"
    with one_at_a_time(channel.parent):
        if not channel.is_file():
            _build(requirements, target, channel)
    return channel


def _build(requirements: str, target: Target, channel: Path) -> None:
    began = time.monotonic()
    progress(f"packing the training job's dependencies for Python {target.python}, once …")
    with tempfile.TemporaryDirectory(dir=channel.parent, prefix="training-") as scratch:
        wheels, draft = Path(scratch, "wheels"), Path(scratch, "channel.zip")
        fetch(requirements, target, wheels)
        _pack(wheels, draft)
        draft.replace(channel)
    size, seconds = channel.stat().st_size / 1e6, time.monotonic() - began
    progress(f"packed {size:.0f} MB in {seconds:.1f} s")


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
