"""Which files are in a data set of Kaggle, at one version? `kaggle:owner/name[/versions/N]`, by
Kaggle's own client: it goes on where it was cut, and needs no login for public sets.

That client unpacks what it has fetched, on its own. So Kaggle is asked for the size first, and what
comes to lie on the disk is watched meanwhile.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from importers import members, room
from importers.folder import Folder
from importers.source import Asked, Origin, Source, SourceError
from importers.watched import watched

BEGINS = "kaggle:"
_FORM = "kaggle:owner/name or kaggle:owner/name/versions/3"
_HANDLE = re.compile(r"([\w-]+/[\w-]+)(?:/versions/(\d+))?")
_SETTING = "KAGGLEHUB_CACHE"  # where its client keeps what it has fetched
# How Kaggle begins the names of licences that say nothing of how pictures may be used.
_NO_LICENCES = ("unknown", "other", "data files")
_MISSING = (
    "Kaggle's data sets are fetched by its own client, which is not installed:"
    " `make import-extras` installs it."
)


class _About(NamedTuple):
    """What Kaggle says of a data set: the newest version, and its size in bytes. 0: not said."""

    version: int
    size: int
    licence: str


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    handle = asked.address.removeprefix(BEGINS)
    match = _HANDLE.fullmatch(handle)
    if match is None:
        raise SourceError(f"{asked.address} names no data set of Kaggle; one is named {_FORM}.")
    asked.say(f"Fetching {handle} from Kaggle …")
    with redirect_stdout(sys.stderr):  # it takes stdout, when it is loaded, to say what it does
        root, licence = _fetched(handle, match[1], int(match[2] or 0))
    version = root.name if root.parent.name == "versions" else match[2] or ""
    url = f"https://www.kaggle.com/datasets/{match[1]}"
    yield Folder(root, Origin(asked.address, version, licence, url, public=True))


def _fetched(handle: str, name: str, version: int) -> tuple[Path, str]:
    """Where it lies, and its licence as far as Kaggle says one."""
    try:
        import requests
        from kagglehub.exceptions import KaggleApiHTTPError, UnauthenticatedError
    except ImportError as error:
        raise SourceError(_MISSING) from error
    try:
        return _downloaded(handle, name, version)
    except UnauthenticatedError as error:
        raise SourceError(_sign_in(handle)) from error
    except KaggleApiHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise SourceError(_why(handle, status)) from error
    except requests.RequestException as error:
        raise SourceError(f"Kaggle cannot be reached: {error}") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{handle} cannot be fetched from Kaggle: {error}") from error


def _downloaded(handle: str, name: str, version: int) -> tuple[Path, str]:
    import kagglehub
    import requests

    try:
        about = _about(name)
    except requests.RequestException:
        if not (version and _coming(handle, name, version).is_there):
            raise
        about = _About(version, 0, "")
    coming = _coming(handle, name, version or about.version)
    if not coming.is_there:
        coming.check_size(about.size if version in (0, about.version) else 0)
    with coming.cleared_where_too_much(), watched(coming.check):
        return Path(kagglehub.dataset_download(coming.wanted)), about.licence


def _about(name: str) -> _About:
    from kagglehub.clients import build_kaggle_client
    from kagglehub.exceptions import handle_call
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = name.split("/")
    with build_kaggle_client() as client:
        told: Any = handle_call(lambda: client.datasets.dataset_api_client.get_dataset(request))
    licence = str(told.license_name or "")
    says_one = not licence.lower().startswith(_NO_LICENCES)
    version, size = told.current_version_number or 0, told.total_bytes or 0
    return _About(version, size, licence if says_one else "")


def _coming(handle: str, name: str, version: int) -> "_Coming":
    from kagglehub.cache import Cache
    from kagglehub.handle import parse_dataset_handle

    wanted, cache = f"{name}/versions/{version}", Cache()
    its = parse_dataset_handle(wanted)
    archive, folder = Path(cache.get_archive_path(its)), Path(cache.get_path(its))
    return _Coming(handle, wanted, archive, folder, bool(cache.load_from_cache(its)))


class _Coming(NamedTuple):
    """What kagglehub fetches: an archive, and beside it the folder to which it unpacks that."""

    handle: str  # as the person wrote it
    wanted: str
    archive: Path
    folder: Path
    is_there: bool  # and whole

    def check_size(self, size: int) -> None:
        """Before anything is fetched; unpacked it may be more."""
        left = room.room(self.archive.parent)
        room.check(f"Kaggle's {self.handle}", size, self.archive.parent, left, _SETTING)

    def check(self) -> None:
        """While it comes. Raises SourceError where it is too much."""
        if self.is_there:
            return
        if room.room(self.archive.parent) < 0:
            raise SourceError(
                f"{self.handle} of Kaggle fills the disk of {self.archive.parent}, so it was"
                " stopped, and what had come of it was taken away. Make room, or set"
                f" {_SETTING} to a folder of a larger disk."
            )
        packed = self.archive.stat().st_size if self.archive.exists() else 0
        files = unpacked = 0
        for below, _, names in os.walk(self.folder):
            files += len(names)
            unpacked += sum(_size(os.path.join(below, name)) for name in names)
        if packed:  # else it is unpacked, or has not begun
            members.check(f"{self.handle} of Kaggle", files, unpacked, packed)

    @contextmanager
    def cleared_where_too_much(self) -> Iterator[None]:
        """What broke otherwise stays, and goes on from there."""
        try:
            yield
        except SourceError:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.archive.unlink(missing_ok=True)
            raise


def _size(file: str) -> int:
    try:
        return os.lstat(file).st_size
    except OSError:  # taken away meanwhile
        return 0


def _why(handle: str, status: int) -> str:
    if status in (401, 403):
        return _sign_in(handle)
    if status == 404:
        return f"Kaggle has no data set {handle}, or not that version of it."
    if status == 429:
        return "Kaggle is asked too often from here. Try again later."
    return f"Kaggle answers with status {status} for {handle}. Try again later."


def _sign_in(handle: str) -> str:
    return (
        f"Kaggle does not give {handle} to you. Private sets need a sign-in (a token from"
        " kaggle.com/settings in KAGGLE_API_TOKEN); some ask to accept their terms on their page"
        " first."
    )
