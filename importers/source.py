"""What is a source of labelled pictures? The contract between the plan and every kind of source.

To add a kind of source, write one file `importers/<kind>.py` with one function

    @contextmanager
    def opened(asked: Asked) -> Iterator[Source]: ...

and add its line to the table in importers/sources.py; nothing else knows its name. `opened` looks
at the address and reaches what it names (downloads go under `asked.cache`, whatever belongs to AWS
is reached by `asked.client("s3")`); what it cannot do, it says by raising SourceError with a
sentence that says what to do next. What it yields:

    class Source(Protocol):
        origin: Origin
        def found(self) -> Iterator[Found]: ...

- `origin` says where the pictures come from, for the record that every import leaves. `public` is
  true for what strangers made: then a licence must be stated, by the source or by the person.
  `version` may be known only once `found()` was walked through.
- `found()` walks through the files, in limited memory, pictures or not: what is no picture, what a
  computer left behind and what is a list of labels is told apart by others. It is called twice,
  once for the plan and once to carry it out, and must find the same.
- `Found.read()` gives the file's bytes. It is called at most once, from the thread that walks, and
  before the next file is asked for, so that a tar can be read as a stream. A source to which every
  file is a call over the network fetches some ahead: importers/ahead.py.
- `Found.path` is relative, its parts with `/` between them. Nothing is ever written under it.
- `Found.label` is the label that the source itself states (an annotation, a class of its own); None
  when folders or a list beside the pictures say it, as lensloop/importing/labels.py reads them.
- `Found.problem` is a sentence for a file that the source knows cannot be used (a link, an
  encrypted member). CannotRead, raised by `read()`, is the same for what is only seen then.
- A fault of the whole source (a truncated archive, a lost network) raises SourceError, wherever.

Conversion of formats, hashes, duplicates, labels, uploads, progress: not a source's business. A
source that makes pictures (a crop, a frame of a video) gives JPEGs, the same bytes each time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lensloop.wire.errors import LensloopError


class SourceError(LensloopError):
    """Nothing can be taken from this source; the message says why, and what to do."""


class CannotRead(LensloopError):
    """This one file cannot be used; the message says why."""


@dataclass(frozen=True)
class Asked:
    """What a person asked for. `client("s3")` makes a client of boto3 for the project's account."""

    address: str  # as it was written
    cache: Path  # for downloads; may not be there yet
    client: Callable[[str], Any]
    label: str = ""  # --label: one for all pictures; only a source that needs one looks here
    unsigned: bool = False  # --no-sign-request
    whole: bool = False  # --whole: pictures as they are, not their boxes
    bucket: str = ""  # the project's
    # What is being done while it is opened, for whoever waits: a line, replaced by the next.
    say: Callable[[str], None] = lambda _: None


class Origin(NamedTuple):
    source: str  # the address, as a person would write it again
    version: str = ""  # a commit, a number, a revision, an archive's hash
    licence: str = ""  # as the source states it, empty when it does not
    url: str = ""  # of a page for people
    public: bool = False
    stated: str = ""  # what its server says of the version: an ETag, a date, an id of S3


class Found(NamedTuple):
    path: str
    size: int  # bytes, as far as is known before reading; 0 where it is not
    read: Callable[[], bytes]
    label: str | None = None
    problem: str = ""


class Source(Protocol):
    @property
    def origin(self) -> Origin: ...

    def found(self) -> Iterator[Found]: ...
