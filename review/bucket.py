"""How does the page reach the pictures? S3, as far as the page needs it, with the person's keys."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from lensloop.wire.errors import LensloopError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_ONCE = 16  # requests: S3 answers each in some 50 ms, whatever else is asked
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_OTHERWISE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


class Gone(LensloopError):
    """A picture is not there any more, or is another by now; the message says which."""


class Found(NamedTuple):
    key: str
    etag: str
    size: int
    at: datetime


class Bucket:
    def __init__(self, s3: "S3Client", name: str) -> None:
        self._s3, self._name = s3, name

    def below(self, prefix: str) -> Iterator[Found]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                etag = entry["ETag"].strip('"')
                yield Found(entry["Key"], etag, entry["Size"], entry["LastModified"])

    def below_all(self, prefixes: list[str]) -> Iterator[list[Found]]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(lambda prefix: list(self.below(prefix)), prefixes)

    def folders(self, prefix: str) -> list[str]:
        """The names of those directly below."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix, Delimiter="/"
        )
        found = []
        for page in pages:
            for each in page.get("CommonPrefixes", ()):
                found.append(each["Prefix"][len(prefix) : -1])
        return found

    def read(self, key: str, etag: str = "") -> bytes:
        """Raises Gone where it is not there, or has not this ETag."""
        condition = {"IfMatch": f'"{etag}"'} if etag else {}
        try:
            answer = self._s3.get_object(Bucket=self._name, Key=key, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            if _code(error) in _MISSING | _OTHERWISE:
                raise Gone(f"{key} is not there any more, or is another picture by now.") from error
            raise
        return answer["Body"].read()

    def etag(self, key: str) -> str:
        """Empty where there is nothing."""
        try:
            return self._s3.head_object(Bucket=self._name, Key=key)["ETag"].strip('"')
        except ClientError as error:
            if _code(error) in _MISSING:
                return ""
            raise

    def etags(self, keys: Sequence[str]) -> list[str]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.etag, keys))

    def copy(self, source: str, etag: str, target: str) -> str:
        """The copy's ETag. The same again changes nothing. Raises Gone where the source is not what
        was seen.
        """
        try:
            answer = self._s3.copy_object(
                Bucket=self._name,
                Key=target,
                CopySource={"Bucket": self._name, "Key": source},
                CopySourceIfMatch=f'"{etag}"',
            )
        except ClientError as error:
            if _code(error) in _MISSING | _OTHERWISE:
                message = f"{source} is not there any more, or is another picture by now."
                raise Gone(message) from error
            raise
        return answer["CopyObjectResult"]["ETag"].strip('"')

    def write(self, key: str, body: bytes, etag: str = "") -> bool:
        """False: somebody else was faster. `etag`: of what it takes the place of; else of none."""
        condition = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ContentType="application/json",
                **condition,  # type: ignore[arg-type]
            )
        except ClientError as error:
            if _code(error) in _MISSING | _OTHERWISE:
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        """The bucket is versioned: what was there can be brought back."""
        self._s3.delete_object(Bucket=self._name, Key=key)


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
