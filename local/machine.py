"""What about this machine keeps the local cloud from running? A full disk, a folder that cannot be
written; said in one sentence.
"""

import errno
import shutil
from pathlib import Path

from local.errors import LocalCloudError

# Megabytes that a demo takes while it runs, measured: three jobs' folders, the stacks' assembly,
# the bucket.
ROOM_MB = 600

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_ELSEWHERE = "LENSLOOP_LOCAL=<folder> takes another place."


def check_room(folder: Path) -> None:
    """Before anything is started that would break half-way; raises LocalCloudError."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free // 10**6
    if free < ROOM_MB:
        raise LocalCloudError(
            f"The disk under {there} has {free} MB left, and {ROOM_MB} MB are needed. Make room,"
            f" or: {_ELSEWHERE}"
        )


def sentence(error: OSError) -> str:
    """Nothing when it is not the machine's fault but ours."""
    where = f" under {error.filename}" if error.filename else ""
    if error.errno in _FULL:
        return f"The disk{where} is full. Make room and start again, or: {_ELSEWHERE}"
    if error.errno in _CLOSED and error.filename:
        return f"{error.filename} cannot be written ({error.strerror}). {_ELSEWHERE}"
    return ""
