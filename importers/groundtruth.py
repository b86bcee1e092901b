"""Which pictures did a SageMaker Ground Truth job label? `groundtruth:s3://…/output.manifest`, or a
manifest on this machine; its pictures lie in S3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers.kept import Kept
from importers.s3 import SCHEME, Object, client, faults, fetched, split
from importers.source import Asked, Found, Origin, Source, SourceError
from lensloop.importing import groundtruth
from lensloop.importing.groundtruth import Labelled, ManifestError

BEGINS = "groundtruth:"
_MOST_BYTES = 1024**3  # of a manifest: a million pictures have half of it


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    """`groundtruth:<manifest>#<attribute>` takes the labels of one of several chained jobs."""
    address, _, attribute = asked.address.removeprefix(BEGINS).partition("#")
    s3 = client(asked)
    content, version = _content(s3, address)
    try:
        lines = groundtruth.read(content.decode("utf-8-sig").splitlines(), attribute)
    except UnicodeDecodeError as error:
        raise SourceError(f"{address} is no text, so it is no manifest.") from error
    except ManifestError as error:
        raise SourceError(f"{address}: {error}") from error
    yield Manifest(s3, lines, Origin(asked.address, version), Kept(asked.cache, asked.address))


@dataclass(frozen=True)
class Manifest:
    s3: Any
    lines: list[Labelled]
    origin: Origin
    kept: Kept

    def found(self) -> Iterator[Found]:
        return fetched(self.s3, map(_object, self.lines), self.kept)


def _object(line: Labelled) -> Object:
    path = line.uri.removeprefix(SCHEME) or "?"
    if line.problem:
        return Object(path, "", "", problem=line.problem)
    try:
        bucket, key = split(line.uri)
    except SourceError as error:
        return Object(path, "", "", problem=str(error))
    return Object(path, bucket, key, label=line.label)


def _content(s3: Any, address: str) -> tuple[bytes, str]:
    """And its version in S3, where it has one."""
    if not address.startswith(SCHEME):
        try:
            return Path(address).expanduser().read_bytes(), ""
        except OSError as error:
            raise SourceError(f"{address} cannot be read: {error.strerror}.") from error
    bucket, key = split(address)
    with faults(address):
        answer = s3.get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > _MOST_BYTES:
            raise SourceError(f"{address} is too large for a manifest.")
        return answer["Body"].read(), answer["ETag"].strip('"')
