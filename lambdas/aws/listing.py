"""Which objects are under images/?
All of them in the order of their keys, the labels listed in parallel.
"""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import TYPE_CHECKING, Any

from lensloop.dataset.rows import Listed
from lensloop.wire.names import IMAGES_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

_PARTS = [re.compile(rb"<%s>([^<]*)</%s>" % (name, name)) for name in (b"Key", b"ETag", b"Size")]
_SLASH = "/"  # the folder without a name, which a leading slash makes
_AT_ONCE = 16  # listings of labels
_MOST_LABELS = 100  # with more, listing each takes more calls than listing all


def list_images(s3: "S3Client", bucket: str) -> Iterator[Listed]:
    first = _page(s3, bucket, IMAGES_PREFIX)
    if not first.get("IsTruncated"):
        yield from _objects(first)
        return
    top = s3.list_objects_v2(Bucket=bucket, Prefix=IMAGES_PREFIX, Delimiter="/")
    labels = [prefix["Prefix"] for prefix in top.get("CommonPrefixes", ())]
    if top.get("IsTruncated") or len(labels) > _MOST_LABELS:
        yield from _objects(first)
        yield from _pages(s3, bucket, IMAGES_PREFIX, first["NextContinuationToken"])
    else:
        yield from _by_label(s3, bucket, labels, _objects(top))


def list_below(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Listed]:
    """All objects whose keys begin so."""
    yield from _pages(s3, bucket, prefix)


def list_top(s3: "S3Client", bucket: str) -> tuple[list[str], list[str]]:
    """The folders and the keys at the bucket's top level, as far as one page goes; those of the
    folder without a name, which a leading slash makes, in its place."""
    folders, keys = _level(s3, bucket, "")
    if _SLASH in folders:
        below, loose = _level(s3, bucket, _SLASH)
        folders = [folder for folder in folders if folder != _SLASH] + below
        keys += loose
    return folders, keys


def _level(s3: "S3Client", bucket: str, prefix: str) -> tuple[list[str], list[str]]:
    page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/")
    folders = [found["Prefix"] for found in page.get("CommonPrefixes", ())]
    return folders, [listed.key for listed in _objects(page)]


def _by_label(
    s3: "S3Client", bucket: str, labels: list[str], beside: Iterable[Listed]
) -> Iterator[Listed]:
    """An object beside the labels sorts before or after all of a label, never in between."""
    loose = {entry.key: entry for entry in beside}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        lists = {
            label: pool.submit(lambda prefix: list(_pages(s3, bucket, prefix)), label)
            for label in labels
        }
        for place in sorted({*loose, *labels}):
            if place in loose:
                yield loose[place]
            if place in lists:
                yield from lists.pop(place).result()


def read_lists_quickly(s3: "S3Client") -> None:
    """botocore reads a page of a thousand keys ten times as slowly as this: minutes of computing
    for a million. Of each page the objects are read here, and botocore reads what is left of it."""
    s3.meta.events.register("before-parse.s3.ListObjectsV2", _read_contents)


def _read_contents(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    body: bytes = response_dict["body"]
    start, end = body.find(b"<Contents>"), body.rfind(b"</Contents>") + len(b"</Contents>")
    if response_dict["status_code"] != 200 or start < 0:
        return
    entries = body[start:end]
    keys, etags, sizes = (pattern.findall(entries) for pattern in _PARTS)
    if (
        not entries.count(b"<Contents>") == len(keys) == len(etags) == len(sizes)
        or b"<Prefix>" in entries
    ):
        return  # not as S3 writes it: botocore shall see to it
    customized_response_dict["Contents"] = [
        {"Key": _text(key), "ETag": _text(etag), "Size": int(size)}
        for key, etag, size in zip(keys, etags, sizes, strict=True)
    ]
    response_dict["body"] = body[:start] + body[end:]


def _text(xml: bytes) -> str:
    text = xml.decode().replace("&quot;", '"')
    return unescape(text) if "&" in text else text


def _pages(s3: "S3Client", bucket: str, prefix: str, token: str = "") -> Iterator[Listed]:
    while True:
        page = _page(s3, bucket, prefix, token)
        yield from _objects(page)
        if not page.get("IsTruncated"):
            return
        token = page["NextContinuationToken"]


def _page(
    s3: "S3Client", bucket: str, prefix: str, token: str = ""
) -> "ListObjectsV2OutputTypeDef":
    if not token:
        return s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    return s3.list_objects_v2(Bucket=bucket, Prefix=prefix, ContinuationToken=token)


def _objects(page: "ListObjectsV2OutputTypeDef") -> Iterator[Listed]:
    for entry in page.get("Contents", ()):
        yield Listed(entry["Key"], entry["ETag"].strip('"'), entry["Size"])
