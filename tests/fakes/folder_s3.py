"""The edge of the world for the page: an S3 in a folder, so that what was written stays when the
program that wrote it is killed. Answers the requests that review/bucket.py makes, as S3 does.
"""

import bisect
import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

PAGE = 1000


class Kept(NamedTuple):
    etag: str
    size: int
    at: datetime


class FolderS3:
    """`before` is called before each request that changes something, with its name and key."""

    def __init__(
        self, folder: Path, before: Callable[[str, str], None] = lambda _call, _key: None
    ) -> None:
        self._folder, self.before = folder, before
        self._lock = threading.RLock()
        self._kept: dict[str, Kept] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for entry in os.scandir(folder):
            if not entry.name.endswith(".part"):
                content = Path(entry).read_bytes()
                self._note(unquote(entry.name), content, entry.stat().st_mtime)
        self._order = sorted(self._kept)

    def keys(self, prefix: str = "") -> list[str]:
        return [key for key in self._order if key.startswith(prefix)]

    def __setitem__(self, key: str, content: bytes) -> None:
        self.put_object(Key=key, Body=content)

    def put_object(self, *, Key: str, Body: Any, **conditions: Any) -> dict[str, Any]:
        self.before("put_object", Key)
        content = Body if isinstance(Body, bytes) else Body.read()
        with self._lock:
            self._check(Key, conditions, "PutObject")
            self._write(Key, content)
        return {}

    def copy_object(
        self, *, Key: str, CopySource: dict[str, str], **conditions: Any
    ) -> dict[str, Any]:
        self.before("copy_object", Key)
        with self._lock:
            source = CopySource["Key"]
            wanted = conditions.get("CopySourceIfMatch", "").strip('"')
            if wanted and self._known(source, "CopyObject").etag != wanted:
                raise refused("PreconditionFailed", 412, "CopyObject")
            self._known(source, "CopyObject")
            self._write(Key, self._path(source).read_bytes())
            return {"CopyObjectResult": {"ETag": f'"{self._kept[Key].etag}"'}}

    def get_object(self, *, Key: str, IfMatch: str = "", **_: Any) -> dict[str, Any]:
        with self._lock:
            kept = self._known(Key, "GetObject")
            if IfMatch and IfMatch.strip('"') != kept.etag:
                raise refused("PreconditionFailed", 412, "GetObject")
            return {"Body": io.BytesIO(self._path(Key).read_bytes()), "ETag": f'"{kept.etag}"'}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        kept = self._known(Key, "HeadObject", "404")
        return {"ETag": f'"{kept.etag}"', "ContentLength": kept.size}

    def delete_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        self.before("delete_object", Key)
        with self._lock:
            if Key in self._kept:
                del self._kept[Key]
                del self._order[bisect.bisect_left(self._order, Key)]
                self._path(Key).unlink(missing_ok=True)
        return {}

    def list_objects_v2(self, *, ContinuationToken: str = "", **asked: Any) -> dict[str, Any]:
        pages = list(self.paginate(**asked))
        at = int(ContinuationToken or 0)
        more = {"NextContinuationToken": str(at + 1)} if at + 1 < len(pages) else {}
        return {**pages[at], "IsTruncated": bool(more), **more}

    def get_paginator(self, _operation: str) -> "FolderS3":
        return self

    def paginate(
        self, *, Prefix: str = "", Delimiter: str = "", **_: Any
    ) -> Iterator[dict[str, Any]]:
        with self._lock:
            begin = bisect.bisect_left(self._order, Prefix)
            end = bisect.bisect_left(self._order, Prefix + chr(0x10FFFF))
            found = self._order[begin:end]
        if Delimiter:
            deeper = [key[len(Prefix) :].partition(Delimiter) for key in found]
            folders = sorted({first for first, slash, _ in deeper if slash})
            yield {"CommonPrefixes": [{"Prefix": f"{Prefix}{each}/"} for each in folders]}
            return
        for start in range(0, max(1, len(found)), PAGE):
            page = found[start : start + PAGE]
            yield {"Contents": [self._entry(key) for key in page if key in self._kept]}

    def _entry(self, key: str) -> dict[str, Any]:
        kept = self._kept[key]
        return {
            "Key": key,
            "ETag": f'"{kept.etag}"',
            "Size": kept.size,
            "LastModified": kept.at,
        }

    def _check(self, key: str, conditions: dict[str, Any], operation: str) -> None:
        there = self._kept.get(key)
        wanted = conditions.get("IfMatch", "").strip('"')
        if conditions.get("IfNoneMatch") and there:
            raise refused("PreconditionFailed", 412, operation)
        if wanted and (there is None or there.etag != wanted):
            raise refused("PreconditionFailed", 412, operation)

    def _write(self, key: str, content: bytes) -> None:
        path = self._path(key)
        draft = path.with_name(f"{path.name[:100]}{threading.get_ident()}.part")
        draft.write_bytes(content)
        os.replace(draft, path)
        if key not in self._kept:
            bisect.insort(self._order, key)
        self._note(key, content, path.stat().st_mtime)

    def _note(self, key: str, content: bytes, at: float) -> None:
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self._kept[key] = Kept(etag, len(content), datetime.fromtimestamp(at, UTC))

    def _known(self, key: str, operation: str, code: str = "NoSuchKey") -> Kept:
        try:
            return self._kept[key]
        except KeyError:
            raise refused(code, 404, operation) from None

    def _path(self, key: str) -> Path:
        return self._folder / quote(key, safe="")


def refused(code: str, status: int, operation: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )
