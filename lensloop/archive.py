"""Which files are in a model.tar.gz? Read by name and never unpacked.

The archive is untrusted input: links, devices and paths are passed over, and its size is limited
before it is read.
"""

import gzip
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from lensloop.wire.errors import BadArtifact

MAX_FILES = 3000  # golden pictures of 1,000 labels, and a dozen others
MAX_BYTES = 300 * 1024**2  # unpacked
_TOO_MUCH = f"The model archive holds more than {MAX_FILES:,} files or {MAX_BYTES} bytes."


def read_files(archive: BinaryIO, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    try:
        # As a stream, so that a limit is met before what lies behind it is decompressed.
        with _Capped(fileobj=archive) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
            return _read(tar, wanted)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise BadArtifact(f"The model archive cannot be read: {error}.") from error


def _read(tar: tarfile.TarFile, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, member in _plain_files(tar):
        if not wanted(name):
            continue
        if name in found:
            raise BadArtifact(f"The model archive holds {name} twice.")
        file = tar.extractfile(member)
        found[name] = file.read() if file else b""
    return found


def _plain_files(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Whatever else is in the archive counts towards its limits as well."""
    total = 0
    for count, member in enumerate(tar, 1):
        total += member.size
        if count > MAX_FILES or total > MAX_BYTES:
            raise BadArtifact(_TOO_MUCH)
        if member.isreg():
            yield member.name.removeprefix("./"), member


def parsed(files: dict[str, bytes], name: str) -> Any:
    """The JSON in a file of the archive."""
    try:
        return json.loads(files[name])
    except KeyError:
        raise BadArtifact(f"The model archive holds no {name}.") from None
    except ValueError as error:
        raise BadArtifact(f"{name} is not JSON: {error}.") from error


class _Capped(gzip.GzipFile):
    """What tarfile reads for itself counts as well: a header may be gigabytes long."""

    left = MAX_BYTES

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        self.left -= len(part)
        if self.left < 0:
            raise BadArtifact(_TOO_MUCH)
        return part
