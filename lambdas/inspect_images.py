"""What are the new pictures? Reads each once:
its content hash, whether it opens, its size and perceptual hash.

One chunk of a snapshot's plan; the rows are written back into it. An interrupted chunk goes on
where it was saved.
"""

import hashlib
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws import bucket, clients
from lambdas.decoding.decoder import Decoder, Unreadable
from lensloop.dataset.inspection import InspectionUnfinished, Samples, refusal, too_large
from lensloop.dataset.rows import Listed, Row, rejection

_DOWNLOADS = 8  # at once: S3 answers slower than a picture decodes
_AHEAD_BYTES = 32 * 1024**2  # downloaded and not yet looked at: they lie in memory
_SAVE_EVERY = 60  # seconds; a function that is killed has lost no more than these
_LAST_CALL = 150_000  # milliseconds before Lambda's end; the slowest picture takes 120,000


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    chunk = _Chunk(event["chunk"])
    if chunk.todo():
        _inspect(chunk, context)
        chunk.save()
    rejected = sum(1 for row in chunk.rows if row.reason)
    return {"accepted": len(chunk.rows) - rejected, "rejected": rejected}


class _Chunk:
    """Pictures of the plan, and the rows that they have become so far."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._work = bucket.read_json(key)
        self.rows = [Row(*row) for row in self._work.get("rows", ())]
        self.samples = Samples(self._work.get("samples", {}))
        self._saved_at = time.monotonic()

    def todo(self) -> list[dict[str, Any]]:
        pictures: list[dict[str, Any]] = self._work["pictures"][len(self.rows) :]
        return pictures

    def save(self) -> None:
        bucket.write_json(
            self._key, {**self._work, "rows": self.rows, "samples": self.samples.kept}
        )
        self._saved_at = time.monotonic()

    def save_now_and_then(self) -> None:
        if time.monotonic() - self._saved_at > _SAVE_EVERY:
            self.save()

    def interrupted(self, reason: str) -> InspectionUnfinished:
        self.save()
        return InspectionUnfinished(
            f"{self._key}: {len(self.rows)} of {len(self._work['pictures'])} pictures, then"
            f" {reason}."
        )


def _inspect(chunk: _Chunk, context: Any) -> None:
    with Decoder() as decoder:
        try:
            for picture, content in _downloaded(chunk.todo()):
                chunk.rows.append(_row(picture, content, decoder, chunk.samples))
                if _ends_soon(context) and chunk.todo():
                    raise chunk.interrupted("the time was up")
                chunk.save_now_and_then()
        except (ClientError, BotoCoreError) as fault:
            raise chunk.interrupted(f"S3 failed: {fault}") from fault


def _row(picture: dict[str, Any], content: bytes | Row, decoder: Decoder, samples: Samples) -> Row:
    return content if isinstance(content, Row) else _look(picture, content, decoder, samples)


def _look(picture: dict[str, Any], content: bytes, decoder: Decoder, samples: Samples) -> Row:
    listed, known = _listed(picture), picture.get("known")
    sha256 = hashlib.sha256(content).hexdigest()
    if known and known["sha256"] == sha256:
        return _seen(listed, sha256, known)
    seen = decoder.look(content, sample=samples.wanted(listed.key))
    if isinstance(seen, Unreadable):
        return rejection(listed, seen.reason, again=seen.may_pass)
    samples.keep(listed.key, seen)
    return _seen(listed, sha256, seen)


def _seen(listed: Listed, sha256: str, seen: dict[str, Any]) -> Row:
    facts = {name: seen[name] for name in ("width", "height", "phash", "plain") if name in seen}
    return Row(*listed, sha256, **facts)


def _downloaded(pictures: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], bytes | Row]]:
    """The pictures in order, with a few small ones or one large one always on their way."""
    waiting: deque[tuple[dict[str, Any], Future[bytes | Row]]] = deque()
    ahead = 0
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        for picture in pictures:
            while waiting and (
                ahead + picture["size"] > _AHEAD_BYTES or len(waiting) >= 2 * _DOWNLOADS
            ):
                first, future = waiting.popleft()
                ahead -= first["size"]
                yield first, future.result()
            waiting.append((picture, pool.submit(_download, picture)))
            ahead += picture["size"]
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


def _download(picture: dict[str, Any]) -> bytes | Row:
    listed = _listed(picture)
    if problem := too_large(listed.size):
        return rejection(listed, problem)
    try:
        answer = clients.s3().get_object(Bucket=bucket.name(), Key=listed.key)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status >= 500 or status == 429:
            raise
        return rejection(listed, refusal(error.response["Error"]["Code"]), again=True)
    if answer["ETag"].strip('"') != listed.etag or answer["ContentLength"] != listed.size:
        return rejection(
            listed,
            "It was replaced while this run was looking at it; the next run looks again.",
            again=True,
        )
    content: bytes = answer["Body"].read()
    return content


def _listed(picture: dict[str, Any]) -> Listed:
    return Listed(picture["key"], picture["etag"], picture["size"])


def _ends_soon(context: Any) -> bool:
    return (
        hasattr(context, "get_remaining_time_in_millis")
        and context.get_remaining_time_in_millis() < _LAST_CALL
    )
