"""The edge of the world for the data set's steps:
an S3 and a table in memory that answer as AWS does.

S3: keys in UTF-8 order, 1,000 a page, common prefixes count in a page, MD5 ETags in quotes. Counts
calls and bytes, and what they would have cost in time.
"""

import bisect
import hashlib
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

LIST_SECONDS, GET_SECONDS, PUT_SECONDS = 0.06, 0.03, 0.05
PAGE = 1000
_ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class MemoryS3:
    """Objects of one bucket; `objects` maps a key to its content, or to (etag, size) where no
    content is needed.
    """

    objects: dict[str, bytes | tuple[str, int]] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, tuple[str, int]] = field(
        default_factory=dict
    )  # key: error code and status of get_object
    before_get: Callable[[str], None] = lambda _: None
    calls: Counter[str] = field(default_factory=Counter)
    bytes_read: Counter[str] = field(default_factory=Counter)  # by the key's first part
    seconds: float = 0.0
    listed_bytes: int = 0
    own_cpu: float = 0.0  # spent on being S3
    _order: list[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __setitem__(self, key: str, content: bytes) -> None:
        self.put_object(Key=key, Body=content)

    def __delitem__(self, key: str) -> None:
        del self.objects[key]
        self._order = None

    def put_object(self, *, Key: str, Body: Any, IfNoneMatch: str = "", **_: Any) -> None:
        content = Body if isinstance(Body, bytes) else Body.read()
        with self._lock:
            self._count("PUT", PUT_SECONDS)
            if IfNoneMatch and Key in self.objects:
                raise ClientError(
                    {
                        "Error": {"Code": "PreconditionFailed"},
                        "ResponseMetadata": {"HTTPStatusCode": 412},  # type: ignore[typeddict-item]
                    },
                    "PutObject",
                )
            if Key not in self.objects:
                self._order = None
            self.objects[Key] = content
            self.etags.pop(Key, None)

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError(
                {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}},  # type: ignore[typeddict-item]
                "HeadObject",
            )
        etag, size = self._facts(Key)
        return {"ETag": f'"{etag}"', "ContentLength": size}

    def download_file(self, Bucket: str, Key: str, Filename: str) -> None:
        Path(Filename).write_bytes(self.get_object(Bucket=Bucket, Key=Key)["Body"].read())

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        self.before_get(Key)
        with self._lock:
            self._count("GET", GET_SECONDS)
            if Key in self.refusals or Key not in self.objects:
                code, status = self.refusals.get(Key, ("NoSuchKey", 404))
                raise ClientError(
                    {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
                    "GetObject",
                )
            content = self.objects[Key]
            if not isinstance(content, bytes):
                raise AssertionError(f"{Key} is known by its listing alone and must not be read")
            self.bytes_read[Key.split("/")[0]] += len(content)
        return {
            "Body": io.BytesIO(content),
            "ETag": f'"{self.etag(Key)}"',
            "ContentLength": len(content),
            "LastModified": _ALWAYS,
        }

    def list_objects_v2(
        self, *, Prefix: str = "", Delimiter: str = "", ContinuationToken: str = "", **_: Any
    ) -> dict[str, Any]:
        with self._lock:
            self._count("LIST", LIST_SECONDS)
            order = self._sorted()
        contents: list[dict[str, Any]] = []
        prefixes: list[dict[str, str]] = []
        at = bisect.bisect_left(order, max(Prefix, ContinuationToken))
        while (
            at < len(order)
            and order[at].startswith(Prefix)
            and len(contents) + len(prefixes) < PAGE
        ):
            key = order[at]
            cut = key.find(Delimiter, len(Prefix)) if Delimiter else -1
            if cut >= 0:
                prefixes.append({"Prefix": key[: cut + 1]})
                at = bisect.bisect_left(order, key[:cut] + chr(ord(Delimiter) + 1))
                continue
            etag, size = self._facts(key)
            contents.append(
                {
                    "Key": key,
                    "ETag": f'"{etag}"',
                    "Size": size,
                    "LastModified": _ALWAYS,
                    "StorageClass": "STANDARD",
                }
            )
            at += 1
        more = at < len(order) and order[at].startswith(Prefix)
        answer: dict[str, Any] = {"IsTruncated": more, "KeyCount": len(contents) + len(prefixes)}
        if more:
            answer["NextContinuationToken"] = order[at]
        if contents:
            answer["Contents"] = contents
        if prefixes:
            answer["CommonPrefixes"] = prefixes
        return answer

    def get_paginator(self, _: str) -> "_Pages":
        return _Pages(self)

    def etag(self, key: str) -> str:
        return self._facts(key)[0]

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in self._sorted() if key.startswith(prefix))

    def _facts(self, key: str) -> tuple[str, int]:
        content = self.objects[key]
        if isinstance(content, tuple):
            return content
        if key not in self.etags:
            self.etags[key] = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return self.etags[key], len(content)

    def _sorted(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self.objects)
        return self._order

    def _count(self, call: str, seconds: float) -> None:
        self.calls[call] += 1
        self.seconds += seconds


def client_of(s3: MemoryS3) -> Any:
    """A real client whose listings come from memory as the XML that S3 sends, so that reading it is
    not left out.
    """

    def answer(asked: dict[str, str]) -> tuple[int, str]:
        started = time.thread_time()
        page = s3.list_objects_v2(
            Prefix=asked["prefix"],
            Delimiter=asked.get("delimiter", ""),
            ContinuationToken=unquote(asked.get("continuation-token", "")),
        )
        xml = _list_xml(page)
        s3.listed_bytes += len(xml)
        s3.own_cpu += time.thread_time() - started
        return 200, xml

    return answered_by(answer)


def answered_by(answer: Callable[[dict[str, str]], tuple[int, str]]) -> Any:
    """A real client for which `answer` plays S3:
    from a listing's parameters to its status and body.
    """

    def reply(request: Any, **_: Any) -> AWSResponse:
        status, body = answer(dict(parse_qsl(urlsplit(request.url).query)))
        no_headers: Any = {}
        return AWSResponse(request.url, status, no_headers, _Raw(body.encode()))

    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    events: Any = client.meta.events  # its stub wants listeners that answer nothing
    events.register("before-send.s3.ListObjectsV2", reply)
    return client


class _Raw(io.BytesIO):
    def stream(self, *_: Any) -> Iterator[bytes]:
        yield self.read()


def _list_xml(page: dict[str, Any]) -> str:
    """Keys percent-encoded, as botocore asks for them, for not every key can be written in XML."""
    contents = "".join(
        f"<Contents><Key>{quote(entry['Key'])}</Key><LastModified>2026-11-22T17:00:00.000Z</LastModified>"
        f"<ETag>&quot;{entry['ETag'][1:-1]}&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"
        f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{entry['Size']}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for entry in page.get("Contents", ())
    )
    prefixes = "".join(
        f"<CommonPrefixes><Prefix>{quote(entry['Prefix'])}</Prefix></CommonPrefixes>"
        for entry in page.get("CommonPrefixes", ())
    )
    token = page.get("NextContinuationToken")
    following = (
        f"<NextContinuationToken>{escape(quote(token))}</NextContinuationToken>" if token else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<EncodingType>url</EncodingType><KeyCount>{page['KeyCount']}</KeyCount>"
        f"<IsTruncated>{str(page['IsTruncated']).lower()}</IsTruncated>{following}{contents}{prefixes}</ListBucketResult>"
    )


class _Pages(NamedTuple):
    s3: MemoryS3

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = self.s3.list_objects_v2(**asked, ContinuationToken=token)
            yield page
            token = page.get("NextContinuationToken", "")
            if not token:
                return


@dataclass
class MemoryTable:
    """The state table, with exactly the three kinds of request that the data set's steps make."""

    name = "deeplens-test-state"

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.meta = self
        self.client = self

    def get_item(self, Key: dict[str, str], ConsistentRead: bool = False) -> dict[str, Any]:
        if not ConsistentRead:
            raise ValueError("a lease must be read consistently")
        item = self.items.get(Key["id"])
        return {"Item": item} if item else {}

    def update_item(self, **request: Any) -> None:
        known = ("attribute_not_exists(#key)", "SET #key = :key", {"id": "split"})
        asked = tuple(request[name] for name in ("ConditionExpression", "UpdateExpression", "Key"))
        if asked != known or "split" in self.items:
            raise NotImplementedError(request)
        self.items["split"] = {"key": request["ExpressionAttributeValues"][":key"]}

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:
        update, put = TransactItems[0]["Update"], TransactItems[1]["Put"]
        known = ("#run.#epoch = :epoch", "SET #run.#digest = :digest")
        if (update["ConditionExpression"], update["UpdateExpression"]) != known:
            raise NotImplementedError(update)
        run = self.items.setdefault("trigger", {}).setdefault("run", {})
        if run.get("epoch") != update["ExpressionAttributeValues"][":epoch"]:
            raise ClientError(
                {
                    "Error": {"Code": "TransactionCanceledException"},
                    "CancellationReasons": [{"Code": "ConditionalCheckFailed"}],
                },  # type: ignore[typeddict-unknown-key]
                "TransactWriteItems",
            )
        run["digest"] = update["ExpressionAttributeValues"][":digest"]
        self.items[put["Item"]["id"]] = put["Item"]
