"""What is carried to a camera so that one command there installs its agent? One archive: the agent,
other people's packages for its Python, who it is, whom it believes, and install.sh.

The same archive without the camera's identity updates an agent that is installed.
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from camera import AGENT_VERSION
from camera.config import FILE as CAMERA_FILE
from cli.bundle import ROOT, shipped
from cli.fleet import CameraError
from lensloop.one_at_a_time import one_at_a_time
from stacks.assets.packages import Target, fetch, progress

REQUIREMENTS = sorted((ROOT / "camera").glob("requirements*.txt"))
PACKAGES = ROOT / ".build" / "camera-packages"
INSTALLER = Path("camera", "deploy", "install.sh")
# What pip would put beside the packages: commands and manuals, which no camera calls.
_NOT_PACKAGES = frozenset({"bin", "share", "isympy.py", ".lock"})
_SECRET = 0o600
FOLDER = "lensloop"  # the archive unpacks into it


@dataclass(frozen=True)
class Computer:
    """What a camera runs on, and where its frames come from if nobody says."""

    machine: str  # as `uname -m` says
    platform: str  # as uv calls it: the oldest C library of such a system
    pythons: tuple[str, ...]  # of its current systems, the newest first
    frames: str = "/dev/video0"


COMPUTERS = {
    # Raspberry Pi OS 12 (Debian 12, Python 3.11) and 13 (3.13)
    "pi": Computer("aarch64", "aarch64-manylinux_2_28", ("3.13", "3.11")),
    # Debian 12 and 13, Ubuntu 22.04 (3.10) and 24.04 (3.12)
    "pc": Computer("x86_64", "x86_64-manylinux_2_28", ("3.13", "3.12", "3.11", "3.10")),
    # Ubuntu 16.04: glibc 2.23, and onnxruntime's last wheel for it asks for 2.17
    "deeplens": Computer("x86_64", "x86_64-manylinux_2_17", ("3.7",), "awscam"),
}


def write_install_bundle(
    output: Path, computer: Computer, home: Path | None = None, frames: str | None = None
) -> Path:
    """With `home`, the folder that `lensloop camera add` made: that camera's own, with its key.
    There whole or not at all. Raises PackagesError and CameraError with a sentence.
    """
    files = {Path("agent", path): (ROOT / path).read_bytes() for path in shipped()}
    version = _version(files)
    for python in computer.pythons:
        packages = _packages(computer, python)
        files[Path("packages", f"{python}.tar.gz")] = packages.read_bytes()
    thing = ""
    if home is not None:
        identity = _identity(home)
        thing = json.loads(identity[CAMERA_FILE])["thing"]
        files |= {Path("home", name): content for name, content in identity.items()}
    facts = {
        "MACHINE": computer.machine,
        "PYTHONS": " ".join(computer.pythons),
        "VERSION": version,
        "THING": thing,
        "FRAMES": frames or computer.frames,
    }
    files[Path("facts")] = "".join(f"{name}='{text}'\n" for name, text in facts.items()).encode()
    files[Path("install.sh")] = (ROOT / INSTALLER).read_bytes()
    files[Path("SHA256SUMS")] = _sums(files)
    _write(output, files)
    return output


def fetch_packages(computer: Computer) -> None:
    """Those that are not here yet. Raises PackagesError with a sentence."""
    for python in computer.pythons:
        _packages(computer, python)


def _version(agent: dict[Path, bytes]) -> str:
    """For people, and to tell folders apart: the agent's number and which code it is."""
    return f"{AGENT_VERSION}-{hashlib.sha256(_sums(agent)).hexdigest()[:8]}"


def _identity(home: Path) -> dict[str, bytes]:
    """camera.json and every file that it names, whatever they are: a certificate, keys, a CA."""
    try:
        content = (home / CAMERA_FILE).read_bytes()
        config = json.loads(content)
        found = {name: (home / name).read_bytes() for name in _named(config, home)}
    except (OSError, ValueError) as error:
        raise CameraError(f"{home} does not hold what a camera needs ({error}).") from error
    lost = [name for name in (config["certificate"], config["key"]) if name not in found]
    if lost:
        raise CameraError(
            f"{home} lacks {' and '.join(lost)}. `lensloop camera bundle --for …` without --home"
            " packs an update, which needs neither."
        )
    return {CAMERA_FILE: content, **found}


def _named(config: dict[str, object], home: Path) -> list[str]:
    texts: list[object] = []
    for value in config.values():
        texts += value if isinstance(value, list) else [value]
    names = [text for text in texts if isinstance(text, str) and text and Path(text).name == text]
    return [name for name in names if (home / name).is_file()]


def _packages(computer: Computer, python: str) -> Path:
    """Fetched once for each set of pins, and kept."""
    pins = "".join(path.read_text("utf-8") for path in REQUIREMENTS)
    key = hashlib.sha256(pins.encode()).hexdigest()[:12]
    kept = PACKAGES / f"{computer.platform}-{python}-{key}.tar.gz"
    what = f"the agent's packages for Python {python} on {computer.machine}"
    with one_at_a_time(kept.parent):
        if not kept.is_file():
            progress(f"fetching {what}, once …")
            with tempfile.TemporaryDirectory(dir=kept.parent, prefix="packages-") as scratch:
                unpacked, packed = Path(scratch, "new"), Path(scratch, "packed")
                fetch(pins, Target(python, computer.platform), unpacked)
                _pack_folder(unpacked, packed)
                packed.replace(kept)
    return kept


def _sums(files: dict[Path, bytes]) -> bytes:
    """As sha256sum reads it."""
    lines = [f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)]
    return "".join(lines).encode()


@contextlib.contextmanager
def _archive(output: Path, compresslevel: int) -> Iterator[tarfile.TarFile]:
    """Without times and names: the same bytes for the same files."""
    with (
        output.open("wb") as plain,
        gzip.GzipFile("", "wb", compresslevel, plain, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        yield archive


def _put(archive: tarfile.TarFile, inside: Path, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(inside.as_posix())
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _pack_folder(folder: Path, output: Path) -> None:
    with _archive(output, compresslevel=6) as archive:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and inside.parts[0] not in _NOT_PACKAGES:
                _put(archive, inside, path.read_bytes(), 0o644)


def _write(output: Path, files: dict[Path, bytes]) -> None:
    """Only its owner may read it: it may hold a private key."""
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f"{output.name}.part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SECRET))
    try:
        # What is large in it is packed already.
        with _archive(draft, compresslevel=1) as archive:
            for path, content in sorted(files.items()):
                mode = _SECRET if path.suffix == ".key" else 0o644
                _put(archive, Path(FOLDER) / path, content, mode)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
