"""Has the disk room for what is fetched, and for everything else as well?"""

import shutil
from pathlib import Path

from importers.source import SourceError

SPARE = 1024**3  # bytes that stay free


def room(folder: Path) -> int:
    """Bytes that may come to lie in a folder, which may not be there yet; below 0: it is full."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free - SPARE


def check(what: str, size: int, folder: Path, left: int, setting: str) -> None:
    """`setting`: the variable that has it fetched elsewhere. Raises SourceError."""
    if size > left:
        raise SourceError(
            f"{what} has {size / 1e9:.1f} GB or more, and the disk of {folder} has room for"
            f" {max(0, left) / 1e9:.1f} GB. Make room, or set {setting} to a folder of a larger"
            " disk."
        )
