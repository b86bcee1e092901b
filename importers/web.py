"""Which files are in an archive on the web? `https://…/set.tar.gz`, of whomever."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from importers import cache
from importers.archive import archive, version_of
from importers.download import cached_name, download, stated
from importers.source import Asked, Origin, Source, SourceError
from lensloop.importing.addresses import without_secrets

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_MOST_NAME = 80  # characters, so that no address makes a name that a disk does not take


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    address = asked.address
    try:
        shown, path = without_secrets(address), urlsplit(address).path
    except ValueError as error:
        raise SourceError(f"{address} is no address on the web: {error}.") from error
    with cache.used(asked.cache, asked.cache / cached_name(address)) as folder:
        file = download(address, folder / file_name(path))
        origin = Origin(shown, version_of(file), url=shown, public=True, stated=stated(file))
        yield archive(file, origin)


def file_name(path: str) -> str:
    """Of the cache, for people: what is in it, its first bytes say."""
    name = _ODD.sub("-", unquote(path).rpartition("/")[2])
    return name[-_MOST_NAME:].strip("-.") or "archive"
