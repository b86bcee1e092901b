"""Which files lie below a prefix of S3? `s3://bucket/prefix`, with `--no-sign-request` for public
data; an archive there is fetched once and read as one of this machine.
"""

import hashlib
import posixpath
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from importers import cache
from importers.ahead import ahead
from importers.archive import archive, is_archive, version_of
from importers.kept import Kept
from importers.source import Asked, CannotRead, Found, Origin, Source, SourceError
from lensloop.importing import lists, no_pictures
from lensloop.one_at_a_time import one_at_a_time

SCHEME = "s3://"
AT_ONCE = 16  # S3 answers each in some 50 ms, mostly waiting
_AHEAD_BYTES = 48 * 1024**2
_PUBLIC_REGION = "us-east-1"  # where most public data lies; S3 itself says where else to ask
_NOT_MODIFIED = 304
_VERSION = 16  # digits of a hash
_MISSING = frozenset(("404", "NoSuchKey", "NoSuchBucket"))


class Object(NamedTuple):
    """`path`: as the plan shows it."""

    path: str
    bucket: str
    key: str
    size: int = 0
    label: str | None = None
    problem: str = ""
    etag: str = ""  # as a listing says it


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    s3, (bucket, key) = client(asked), split(asked.address)
    origin = Origin(asked.address, public=asked.unsigned)
    if is_archive(key):
        with _fetched(s3, bucket, key, asked.cache) as (file, stated):
            yield archive(file, origin._replace(version=version_of(file), stated=stated))
    else:
        yield Prefix(s3, bucket, key, origin, Kept(asked.cache, asked.address))


@dataclass
class Prefix:
    """Without a version of its own it has that of all that lies there: known at its end."""

    s3: Any
    bucket: str
    prefix: str
    origin: Origin
    kept: Kept

    def found(self) -> Iterator[Found]:
        return fetched(self.s3, self._listed(), self.kept)

    def _listed(self) -> Iterator[Object]:
        """A prefix is a folder: `s3://b/glass` is not `s3://b/glasses/`."""
        folder = f"{self.prefix.rstrip('/')}/" if self.prefix.strip("/") else ""
        pages = self.s3.get_paginator("list_objects_v2")
        some, digest = False, hashlib.sha256()
        with faults(f"{SCHEME}{self.bucket}"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=folder):
                for entry in page.get("Contents", ()):
                    some = True
                    key = entry["Key"]
                    # S3 lists in the order of the keys, so the same objects have the same hash.
                    digest.update(f"{key}\0{entry['ETag']}\n".encode())
                    if not key.endswith("/"):  # a folder's marker
                        path, size, etag = key[len(folder) :], entry["Size"], entry["ETag"]
                        yield Object(path, self.bucket, key, size, etag=etag)
        if not some:
            raise SourceError(f"Nothing lies below {SCHEME}{self.bucket}/{folder}.")
        if not self.origin.version:
            self.origin = self.origin._replace(version=digest.hexdigest()[:_VERSION])


def client(asked: Asked) -> Any:
    if not asked.unsigned:
        return asked.client("s3")
    return boto3.client("s3", _PUBLIC_REGION, config=Config(signature_version=UNSIGNED))


def split(address: str) -> tuple[str, str]:
    """Bucket and key. Raises SourceError."""
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not address.startswith(SCHEME) or not bucket:
        raise SourceError(f"{address} is no address in S3; one is s3://bucket/folder.")
    return bucket, key


def fetched(s3: Any, objects: Iterable[Object], kept: Kept) -> Iterator[Found]:
    """Each with its bytes, some ahead of whoever asks; what can be no picture is not fetched, and
    what is kept is not fetched again."""

    def get(one: Object) -> Callable[[], bytes]:
        return _NOTHING if _is_no_picture(one) else _get(s3, one, kept)

    for one, read in ahead(objects, get, AT_ONCE, lambda one: one.size, _AHEAD_BYTES):
        yield Found(one.path, one.size, read, one.label, one.problem)


@contextmanager
def faults(what: str) -> Iterator[None]:
    """What S3 says of a whole bucket, as a sentence."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING:
            raise SourceError(f"{what} is not there.") from error
        if code in ("AccessDenied", "403", "AllAccessDisabled"):
            raise SourceError(
                f"{what} may not be read with your credentials. Public data is read with"
                " --no-sign-request; else ask its owner for s3:ListBucket and s3:GetObject."
            ) from error
        raise SourceError(f"{what} cannot be read: {error}") from error
    except BotoCoreError as error:
        raise SourceError(f"{what} cannot be read: {error}") from error


def _get(s3: Any, one: Object, kept: Kept) -> Callable[[], bytes]:
    """What goes wrong with one object is told when it is read, and costs no other."""
    content = kept.get(one.bucket, one.key, one.etag)
    if content is None:
        try:
            content = _asked_for(s3, one, kept)
        except (ClientError, BotoCoreError) as error:
            return partial(_refuse, f"S3 does not give it: {error}")
        except CannotRead as problem:
            return partial(_refuse, str(problem))
    return partial(bytes, content)


def _asked_for(s3: Any, one: Object, kept: Kept) -> bytes:
    """Where no listing says what lies there, S3 is asked whether it is what is kept."""
    etag = "" if one.etag else kept.etag(one.bucket, one.key)
    changed = {"IfNoneMatch": etag} if etag else {}
    try:
        answer = s3.get_object(Bucket=one.bucket, Key=one.key, **changed)
    except ClientError as error:
        same = error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_MODIFIED
        if same and (content := kept.confirmed(one.bucket, one.key)) is not None:
            return content
        raise
    # A manifest states no size, and may name anything.
    if problem := no_pictures.by_size(one.path, answer["ContentLength"]):
        answer["Body"].close()
        raise CannotRead(problem)
    content = bytes(answer["Body"].read())
    kept.put(one.bucket, one.key, answer.get("ETag", ""), content)
    return content


def _refuse(reason: str) -> bytes:
    raise CannotRead(reason)


def _is_no_picture(one: Object) -> bool:
    if one.problem or no_pictures.by_name(one.path):
        return True
    if lists.is_list(one.path):
        return one.size > lists.MOST_BYTES
    return bool(no_pictures.by_size(one.path, one.size))


_NOTHING = partial(_refuse, no_pictures.NO_PICTURE)


@contextmanager
def _fetched(s3: Any, bucket: str, key: str, below: Path) -> Iterator[tuple[Path, str]]:
    """An archive of S3 on this disk, in a folder that its content has, and what S3 says of its
    version."""
    with faults(f"{SCHEME}{bucket}/{key}"):
        head = s3.head_object(Bucket=bucket, Key=key)
    named = hashlib.sha256(f"{bucket}/{key}/{head['ETag']}".encode()).hexdigest()[:_VERSION]
    with cache.used(below, below / named) as folder:
        file = folder / posixpath.basename(key)
        with faults(f"{SCHEME}{bucket}/{key}"), one_at_a_time(folder):
            if not file.is_file():
                part = file.with_name(file.name + ".part")
                s3.download_file(bucket, key, str(part))
                part.replace(file)
        yield file, _stated(head)


def _stated(head: Any) -> str:
    version = head.get("VersionId", "null")  # where versions are suspended, S3 writes `null`
    return f"ETag {head['ETag']}" if version == "null" else f"VersionId {version}"
