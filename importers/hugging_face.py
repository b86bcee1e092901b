"""Which files are in a data set of Hugging Face, at one revision? `hf:owner/name[@revision]`, where
pictures lie in folders, or a list names them; by its own client.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from importers import cache, room
from importers.folder import Folder
from importers.source import Asked, Origin, Source, SourceError
from lensloop.importing import lists, no_pictures

BEGINS = "hf:"
_FORM = "hf:owner/name or hf:owner/name@revision"
_ADDRESS = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_TABLES = (".parquet", ".arrow")
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
# Endings, and not the files that are wanted: its client compares each file with each pattern, and
# reads `[1]` in a name as one.
_IGNORED = [f"*{case}" for end in no_pictures.ENDINGS for case in (end, end.upper())]
_MISSING = (
    "Hugging Face's data sets are fetched by its own client, which is not installed:"
    " `make import-extras` installs it."
)


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    match = _ADDRESS.fullmatch(asked.address.removeprefix(BEGINS))
    if match is None:
        raise SourceError(f"{asked.address} names no data set of Hugging Face; one is {_FORM}.")
    asked.say(f"Fetching {match[1]} from Hugging Face …")
    # As its client calls the folder of a data set.
    folder = asked.cache / "huggingface" / f"datasets--{match[1].replace('/', '--')}"
    with cache.used(asked.cache, folder):
        about, root = _fetched(match[1], match[2], folder)
        url = f"https://huggingface.co/datasets/{match[1]}"
        yield Folder(root, Origin(asked.address, str(about.sha), _licence(about), url, public=True))


def _fetched(name: str, revision: str | None, folder: Path) -> tuple[Any, Path]:
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
    except ImportError as error:
        raise SourceError(_MISSING) from error
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    try:
        about = api.dataset_info(name, revision=revision, files_metadata=True)
        _check(name, [file.rfilename for file in about.siblings or ()])
        size = _size(about) - cache.size(folder)  # what is there already may be of another revision
        room.check(f"Hugging Face's {name}", size, folder, room.room(folder), "XDG_CACHE_HOME")
        root = api.snapshot_download(
            name,
            repo_type="dataset",
            revision=about.sha,
            cache_dir=folder.parent,
            ignore_patterns=_IGNORED,
        )
    except GatedRepoError as error:
        raise SourceError(
            f"{name} is given only to those who accept its terms on its page, and sign in"
            " (`hf auth login`, or HF_TOKEN)."
        ) from error
    except RevisionNotFoundError as error:
        raise SourceError(f"Hugging Face's {name} has no revision {revision}.") from error
    except RepositoryNotFoundError as error:
        raise SourceError(f"Hugging Face has no data set {name}, or it is private.") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise SourceError(f"{name} cannot be fetched from Hugging Face: {error}") from error
    return about, Path(root)


def _size(about: Any) -> int:
    """Bytes of all that is fetched."""
    files = about.siblings or ()
    wanted = (one for one in files if not one.rfilename.lower().endswith(no_pictures.ENDINGS))
    return sum(one.size or 0 for one in wanted)


def _check(name: str, files: list[str]) -> None:
    """Raises SourceError where nothing can be a picture."""
    if any(_may_be_picture(file) for file in files if not no_pictures.by_name(file)):
        return
    if any(file.endswith(_TABLES) for file in files):
        raise SourceError(
            f"{name} holds its pictures in tables (parquet), which are not read. Load them"
            " with `datasets.load_dataset`, and save each picture into a folder of its label."
        )
    if any(file.endswith(_ARCHIVES) for file in files):
        archives = [file for file in files if file.endswith(_ARCHIVES)]
        address = f"https://huggingface.co/datasets/{name}/resolve/main/{archives[0]}"
        raise SourceError(f"{name} holds archives. Import them one by one, such as {address}.")
    raise SourceError(f"{name} holds no pictures.")


def _may_be_picture(file: str) -> bool:
    name = file.rpartition("/")[2]
    return "." in name[1:] and not lists.is_list(name)


def _licence(about: Any) -> str:
    said = getattr(about.card_data, "license", "") if about.card_data else ""
    return ", ".join(said) if isinstance(said, list) else str(said or "")
