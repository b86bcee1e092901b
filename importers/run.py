"""How is a plan carried out? Walks the source again and uploads what the plan names, several at
once, in limited memory.

A key says the content, and S3 takes it only once (If-None-Match): whatever was there stays, and
what was stopped at any moment goes on with the same command.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from importers.ahead import ahead
from importers.bucket import Bucket
from importers.decoders import Decoders, is_converted
from importers.source import CannotRead, Found, Origin, Source, SourceError
from lambdas.decoding.decoder import Unreadable
from lensloop.importing import provenance
from lensloop.importing.plan import Plan
from lensloop.importing.provenance import Record
from lensloop.importing.sieve import Entry
from lensloop.reasons import by_kind

_AT_ONCE = 16  # uploads: S3 answers each in some 50 ms, mostly waiting
_AHEAD_BYTES = 48 * 1024**2  # read and not yet uploaded: they lie in memory

Progress = Callable[[int, int], None]


class _Upload(NamedTuple):
    entry: Entry
    content: bytes


class Done(NamedTuple):
    uploaded: int
    there: int  # already, under their keys
    record: Record


def planned_record(plan: Plan, origin: Origin) -> Record:
    told = {
        "source": origin.source,
        "version": origin.version,
        "licence": origin.licence,
        "url": origin.url,
        "stated": origin.stated,
    }
    contents = ((entry.seen.sha256, entry.label) for entry in plan.taken)
    kinds = by_kind(plan.left_out, lambda left: left.reason)
    left_out = {same[0].reason: len(same) for same in kinds}
    return provenance.record(told, contents, plan.labels, left_out, _now())


def run(plan: Plan, source: Source, bucket: Bucket, pool: Decoders, progress: Progress) -> Done:
    """The record is there before the first picture, and ends with the last."""
    told = planned_record(plan, source.origin)
    earlier = bucket.record(told["id"])
    if earlier:
        told["begun"], told["finished"] = earlier["begun"], earlier["finished"]
    new = plan.new
    if new or earlier is None:
        told["finished"] = None
        bucket.put_record(told)
    uploaded = _Uploads(source, bucket, pool, told["id"]).of(new, progress) if new else 0
    if told["finished"] is None:
        told["finished"] = _now()
        bucket.put_record(told)
    return Done(uploaded, len(plan.taken) - uploaded, told)


@dataclass(frozen=True)
class _Uploads:
    source: Source
    bucket: Bucket
    pool: Decoders
    identity: str
    stop: threading.Event = field(default_factory=threading.Event)

    def of(self, new: Sequence[Entry], progress: Progress) -> int:
        wanted = {(entry.seen.path, entry.seen.sha256): entry for entry in new}
        contents = _contents(self.source, wanted)
        work = ahead(contents, self.put, _AT_ONCE, lambda one: len(one.content), _AHEAD_BYTES)
        uploaded = 0
        try:
            for one, is_new in work:
                uploaded += is_new
                progress(1, len(one.content))
        finally:
            self.stop.set()  # what is on its way ends, and nothing else begins
            work.close()
        if wanted:
            raise _changed(next(iter(wanted))[0])
        return uploaded

    def put(self, one: _Upload) -> bool:
        if self.stop.is_set():
            return False
        content = _readable(one, self.pool)
        kind = one.entry.seen.kind or "JPEG"
        return self.bucket.put_picture(one.entry.key, content, kind, self.identity)


def _contents(source: Source, wanted: dict[tuple[str, str], Entry]) -> Iterator[_Upload]:
    """Takes what it gives out of `wanted`. Two files of one name are told apart by content."""
    paths = {path for path, _ in wanted}
    for found in source.found():
        if found.path in paths and not found.problem:
            content = _read(found)
            entry = wanted.pop((found.path, hashlib.sha256(content).hexdigest()), None)
            if entry:
                yield _Upload(entry, content)


def _read(found: Found) -> bytes:
    try:
        return found.read()
    except CannotRead as error:
        raise SourceError(
            f"{found.path} could be read for the plan, and cannot any more: {error} What was"
            " uploaded stays; the same command goes on."
        ) from error


def _readable(one: _Upload, pool: Decoders) -> bytes:
    if not is_converted(one.content):
        return one.content
    made = pool.convert(one.content)
    if isinstance(made, Unreadable):
        raise SourceError(f"{one.entry.seen.path} could not be converted again: {made.reason}")
    return made


def _changed(path: str) -> SourceError:
    return SourceError(
        f"{path} is not what it was when the plan was made. What was uploaded stays; import again"
        " for a new plan."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
