"""Which files are in an archive on the web? `https://…/set.tar.gz`, of whomever."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from importers.archive import archive
from importers.download import cached_name, download
from importers.source import Asked, Origin, Source, SourceError
from lensloop.importing.addresses import without_secrets

_HASH = 16  # digits of an archive's own hash that tell its version
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_MOST_NAME = 80  # characters, so that no address makes a name that a disk does not take


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    address = asked.address
    try:
        shown, path = without_secrets(address), urlsplit(address).path
    except ValueError as error:
        raise SourceError(f"{address} is no address on the web: {error}.") from error
    file = download(address, asked.cache / cached_name(address) / file_name(path))
    yield archive(file, Origin(shown, version_of(file), url=shown, public=True))


def file_name(path: str) -> str:
    """Of the cache, for people: what is in it, its first bytes say."""
    name = _ODD.sub("-", unquote(path).rpartition("/")[2])
    return name[-_MOST_NAME:].strip("-.") or "archive"


def version_of(file: Path) -> str:
    """An archive that says no version is told by what is in it."""
    with file.open("rb") as opened_file:
        return hashlib.file_digest(opened_file, "sha256").hexdigest()[:_HASH]
