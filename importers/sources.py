"""Which kind of source does an address name? The one table of them."""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from importers import archive
from importers.source import Asked, Source, SourceError


class Kind(NamedTuple):
    """`begins`: what an address of this kind begins with; `form`: as help shows it."""

    begins: str
    module: str  # imported only when asked for: some need packages that are extras
    form: str


# What begins with none of these is a folder or an archive of this machine.
KINDS = (
    Kind("s3://", "s3", "s3://bucket/prefix"),
    Kind("groundtruth:", "groundtruth", "groundtruth:s3://…/output.manifest"),
    Kind("coco:", "coco", "coco:annotations.json"),
    Kind("video:", "video", "video:file.mp4 (with --label)"),
    Kind("openimages:", "openimages", "openimages:folder-of-csv-files:class,class"),
    Kind("github:", "github", "github:owner/name[@ref][:folder-or-archive]"),
    Kind("kaggle:", "kaggle", "kaggle:owner/name"),
    Kind("hf:", "hugging_face", "hf:owner/name"),
    Kind("dataexchange:", "data_exchange", "dataexchange:data-set[/revision]"),
    Kind("https://", "web", "https://…/set.tar.gz"),
    Kind("http://", "web", "http://…/set.zip"),
)
_LOCAL = "./folder, file.zip or file.tar.gz"


def opened(asked: Asked) -> AbstractContextManager[Source]:
    module = importlib.import_module(f"importers.{_module(asked.address)}")
    enter: Callable[[Asked], AbstractContextManager[Source]] = module.opened
    return enter(asked)


def forms() -> list[str]:
    return [_LOCAL, *(kind.form for kind in KINDS)]


def _module(address: str) -> str:
    for kind in KINDS:
        if address.startswith(kind.begins):
            return kind.module
    path = Path(address).expanduser()
    if path.is_dir():
        return "folder"
    if path.is_file():
        return "archive"
    if archive.is_archive(address) or "/" in address or "://" not in address:
        raise SourceError(f"{address} is not there. {_known()}")
    raise SourceError(f"{address} is no source that is known. {_known()}")


def _known() -> str:
    return f"A source is {', '.join(forms())}."
