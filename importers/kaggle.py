"""Which files are in a data set of Kaggle, at one version? `kaggle:owner/name[/versions/N]`, by
Kaggle's own client: it goes on where it was cut, and needs no login for public sets. It states no
licence, so the person does.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from importers.folder import Folder
from importers.source import Asked, Origin, Source, SourceError

BEGINS = "kaggle:"
_FORM = "kaggle:owner/name or kaggle:owner/name/versions/3"
_HANDLE = re.compile(r"([\w-]+/[\w-]+)(?:/versions/(\d+))?")
_MISSING = (
    "Kaggle's data sets are fetched by its own client, which is not installed:"
    " `make import-extras` installs it."
)


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    handle = asked.address.removeprefix(BEGINS)
    match = _HANDLE.fullmatch(handle)
    if match is None:
        raise SourceError(f"{asked.address} names no data set of Kaggle; one is named {_FORM}.")
    asked.say(f"Fetching {handle} from Kaggle …")
    with redirect_stdout(sys.stderr):  # it takes stdout, when it is loaded, to say what it does
        root = _fetched(handle)
    version = root.name if root.parent.name == "versions" else match[2] or ""
    url = f"https://www.kaggle.com/datasets/{match[1]}"
    yield Folder(root, Origin(asked.address, version, url=url, public=True))


def _fetched(handle: str) -> Path:
    try:
        import kagglehub
        import requests
        from kagglehub.exceptions import KaggleApiHTTPError, UnauthenticatedError
    except ImportError as error:
        raise SourceError(_MISSING) from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except UnauthenticatedError as error:
        raise SourceError(_sign_in(handle)) from error
    except KaggleApiHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise SourceError(_why(handle, status)) from error
    except requests.RequestException as error:
        raise SourceError(f"Kaggle cannot be reached: {error}") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{handle} cannot be fetched from Kaggle: {error}") from error


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
