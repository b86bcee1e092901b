"""Which pictures of Open Images show these classes? `openimages:FOLDER:Tin can,Bottle`, where
FOLDER holds its CSV files; the pictures come from AWS' Open Data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers.kept import Kept
from importers.s3 import Object, client, fetched
from importers.source import Asked, Found, Origin, Source, SourceError
from lensloop.importing import openimages
from lensloop.importing.openimages import ClassesError, Picture

BEGINS = "openimages:"
_FORM = "openimages:FOLDER:class,class"
_URL = "https://storage.googleapis.com/openimages/web/download_v7.html"


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    where, colon, names = asked.address.removeprefix(BEGINS).rpartition(":")
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not colon or not wanted:
        raise SourceError(f"Say which classes of Open Images: {_FORM}.")
    folder = Path(where).expanduser()
    try:
        found = list(_pictures(folder, wanted))
    except ClassesError as error:
        raise SourceError(str(error)) from error
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}.") from error
    origin = Origin(asked.address, "v7", openimages.LICENCE, _URL, public=True)
    yield Pictures(client(asked), found, origin, Kept(asked.cache, asked.address))


@dataclass(frozen=True)
class Pictures:
    s3: Any
    pictures: list[Picture]
    origin: Origin
    kept: Kept

    def found(self) -> Iterator[Found]:
        return fetched(self.s3, map(_object, self.pictures), self.kept)


def _object(one: Picture) -> Object:
    return Object(one.key, openimages.BUCKET, one.key, label=one.label, problem=one.problem)


def _pictures(folder: Path, wanted: list[str]) -> Iterator[Picture]:
    files = sorted(folder.glob("*.csv"))
    named = [file for file in files if "class-descriptions" in file.name]
    labelled = [(file, split) for file in files if (split := openimages.split_of(file.name))]
    if not named or not labelled:
        raise SourceError(
            f"{folder} lacks class-descriptions.csv, or a file of image labels such as"
            f" validation-annotations-human-imagelabels.csv. They are at {_URL}."
        )
    with named[0].open(encoding="utf-8-sig", newline="") as lines:
        classes = openimages.chosen(lines, wanted)
    for file, split in labelled:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from openimages.pictures(lines, split, classes)
