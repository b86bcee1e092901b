"""What is in the project's bucket, and how does a picture get there? Once, whoever tries again."""

import gzip
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws.listing import list_images
from lensloop.dataset.rows import Row, read_rows
from lensloop.importing import provenance
from lensloop.importing.provenance import Record
from lensloop.importing.sieve import There
from lensloop.wire import names

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THERE, _AT_THIS_MOMENT = 412, 409  # S3's answers to If-None-Match
_TRIES = 5
# Bytes on the way in less time than S3 needs to say that they may come.
_SENT_AT_ONCE = 1024**2


def without_asking_first(s3: "S3Client") -> "S3Client":
    """A client that sends small bodies at once. botocore asks first and waits for S3's leave
    (`Expect: 100-continue`), so that each picture costs two ways there and back.
    """
    s3.meta.events.register("before-send.s3.PutObject", _send_at_once)  # type: ignore[arg-type]
    return s3


def _send_at_once(request: Any, **_: Any) -> None:
    # With a checksum behind it the body has another length on its way.
    size = request.headers.get("X-Amz-Decoded-Content-Length") or request.headers["Content-Length"]
    if int(size) <= _SENT_AT_ONCE:
        del request.headers["Expect"]


class Bucket:
    def __init__(self, s3: "S3Client", name: str) -> None:
        self._s3, self.name = s3, name

    def there(self, digest: str) -> There:
        """`digest`: of the newest data set, or empty."""
        return There.of(self._rows(digest), list(list_images(self._s3, self.name)))

    def _rows(self, digest: str) -> Iterator[Row]:
        for file in ("manifest.csv.gz", "rejected.csv") if digest else ():
            content = self._get(names.dataset(digest, file))
            if file.endswith(".gz"):
                content = gzip.decompress(content)
            yield from read_rows(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""))

    def put_picture(self, key: str, content: bytes, kind: str, identity: str) -> bool:
        """False when it was there already."""
        for _ in range(_TRIES):
            try:
                self._s3.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=content,
                    ContentType=f"image/{kind.lower()}",
                    Metadata={provenance.METADATA: identity},
                    IfNoneMatch="*",
                )
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status == _THERE:
                    return False
                if status != _AT_THIS_MOMENT:
                    raise
                continue
            return True
        return False  # somebody else is putting the same content there

    def record(self, identity: str) -> Record | None:
        try:
            return provenance.read(self._get(provenance.key(identity)))
        except ClientError as error:
            if _is_missing(error):
                return None
            raise

    def put_record(self, told: Record) -> None:
        self._s3.put_object(
            Bucket=self.name,
            Key=provenance.key(told["id"]),
            Body=provenance.written(told),
            ContentType="application/json",
        )

    def _get(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self.name, Key=key)["Body"].read()


def _is_missing(error: ClientError) -> bool:
    return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 404)
