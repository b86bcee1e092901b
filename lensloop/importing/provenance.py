"""Where do pictures come from? The record that every import leaves in the bucket.

`imports/pictures/<id>.json`; the pictures themselves carry the id (`x-amz-meta-import`). The same
content from the same source under the same labels has the same id, so an import that is done again
or goes on has one record.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from lensloop.wire.errors import LensloopError
from lensloop.wire.names import IMPORTS_PREFIX

PREFIX = f"{IMPORTS_PREFIX}pictures/"
METADATA = "import"  # of an object: the id of the import that brought it
_FORMAT = 1
_ID = 16  # hexadecimal digits


class LicenceMissing(LensloopError):
    """Whoever brings strangers' pictures says under which licence they may be used."""


class Record(TypedDict):
    """`finished`: when, by the clock of whoever imported; None while it is not. `left_out`: reason
    → how many files."""

    format: int
    id: str
    source: str
    version: str
    licence: str
    url: str
    begun: str
    finished: str | None
    labels: dict[str, str]
    pictures: dict[str, int]
    left_out: dict[str, int]


def record(
    origin: Mapping[str, str],
    contents: Iterable[tuple[str, str]],
    labels: Mapping[str, str],
    left_out: Mapping[str, int],
    begun: str,
) -> Record:
    """`origin`: its source, version, licence and url, and what its server stated of the version,
    which makes no other import; `contents`: hash and our label of each picture."""
    pairs = sorted(contents)
    counts: dict[str, int] = {}
    for _, label in pairs:
        counts[label] = counts.get(label, 0) + 1
    return {
        "format": _FORMAT,
        "id": _identity(origin, pairs),
        "source": _text(origin["source"]),
        "version": _version(origin),
        "licence": _text(origin["licence"]),
        "url": _text(origin["url"]),
        "begun": begun,
        "finished": None,
        "labels": {_text(label): ours for label, ours in labels.items()},
        "pictures": dict(sorted(counts.items())),
        "left_out": {_text(reason): count for reason, count in left_out.items()},
    }


def key(identity: str) -> str:
    return f"{PREFIX}{identity}.json"


def written(told: Record) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def read(content: bytes) -> Record | None:
    """None for what is no record of ours, or one of a later version."""
    try:
        said: Any = json.loads(content)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        return None
    if said.keys() != Record.__annotations__.keys():
        return None
    found: Record = said  # type: ignore[assignment]
    return found


def check_licence(source: str, licence: str, public: bool) -> None:
    if public and not licence:
        raise LicenceMissing(
            f"{source} does not say under which licence its pictures may be used. Look on its page,"
            ' and say it: --licence "CC BY 4.0". It goes into the record and the reports.'
        )


def sentence(told: Record) -> str:
    """For a report's reader."""
    pictures = sum(told["pictures"].values())
    version = f", version {told['version']}" if told["version"] else ""
    licence = f"licence {told['licence']}" if told["licence"] else "no licence stated"
    unfinished = "" if told["finished"] else " The import has not ended yet."
    return f"{pictures:,} from {told['source']}{version}, {licence}, {days(told)}.{unfinished}"


def days(told: Mapping[str, Any]) -> str:
    """When, as far as it is known: one day, or the first and the last."""
    first, last = told["begun"][:10], (told["finished"] or told["begun"])[:10]
    return last if first == last else f"{first} to {last}"


def _version(origin: Mapping[str, str]) -> str:
    stated = origin.get("stated", "")
    return f"{origin['version']} ({_text(stated)})" if stated else origin["version"]


def _text(said: str) -> str:
    """A file's name may hold bytes that are no text, and stand as numbers here."""
    return said.encode("utf-8", "backslashreplace").decode()


def _identity(origin: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> str:
    said = json.dumps([origin["source"], origin["version"], list(pairs)])
    return hashlib.sha256(said.encode()).hexdigest()[:_ID]
