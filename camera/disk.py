"""What survives a power cut? Each function here is one step:
after a cut it has happened, or it has not.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any, Iterator

from lensloop.wire.errors import LensloopError


class HomeError(LensloopError):
    """The camera's folder cannot be used."""


def write(path: Path, content: bytes) -> None:
    """The whole file or the old one, never a part."""
    part = path.with_name(path.name + ".part")
    try:
        if part.is_dir():  # no doing of ours, and in the way for ever
            remove(part)
        with open(str(part), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        move(part, path)
    except OSError:
        remove(part)
        raise


def write_json(path: Path, content: Any) -> None:
    write(path, json.dumps(content, indent=1, sort_keys=True).encode("utf-8"))


def read_json(path: Path) -> Any:
    """The content, or None when the file is missing or damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):  # the last one: nested too deep
        return None


def move(source: Path, target: Path) -> None:
    os.replace(str(source), str(target))
    settle(target.parent)


def point(link: Path, target: str) -> None:
    """Makes `link` a symlink to `target`; whoever looks sees the old one or the new one."""
    part = link.with_name(link.name + ".part")
    remove(part)  # whatever a cut or a person left there
    if not link.is_symlink():  # a copy of the camera's folder may have made a folder of the link
        remove(link)
    os.symlink(target, str(part))
    move(part, link)


def remove(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(str(folder))
    elif folder.exists() or folder.is_symlink():
        folder.unlink()


def settle(folder: Path) -> None:
    """A renamed file is safe only when its folder has reached the disk as well."""
    handle = os.open(str(folder), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def boot() -> str:
    """Another one after each start of the computer: so a cut is told from an agent that died."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:  # no Linux, or no /proc: each end then counts as the agent's own
        return ""


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(str(folder)).free


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Two agents on one folder would undo each other's changes. Raises HomeError.

    The folder itself is locked: a disk that is full
    or has become read-only has no room for a file to lock.
    """
    if not home.is_dir():
        raise HomeError(f"There is no folder {home}; `lensloop camera add` makes it.")
    handle = os.open(str(home), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeError(f"Another agent is running on {home}; stop that one first.") from None
        yield
    finally:
        os.close(handle)
