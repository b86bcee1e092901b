"""What did a training job leave behind? Its model.tar.gz; lensloop/archive.py reads files of it."""

import io
from typing import TYPE_CHECKING, BinaryIO

from lensloop.wire.errors import BadArtifact

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_ARCHIVE_BYTES = 200 * 1024**2  # it is read into the memory of a function


def fetch(s3: "S3Client", bucket: str, uri: str) -> tuple[BinaryIO, str]:
    """The archive, and when it was written (ISO 8601); only from the project's own bucket."""
    start = f"s3://{bucket}/"
    if not uri.startswith(start):
        raise BadArtifact(f"The model is at {uri}, which is not in this project's bucket {bucket}.")
    answer = s3.get_object(Bucket=bucket, Key=uri.removeprefix(start))
    if answer["ContentLength"] > MAX_ARCHIVE_BYTES:
        raise BadArtifact(
            f"{uri} has {answer['ContentLength']} bytes; at most {MAX_ARCHIVE_BYTES} are read."
        )
    return io.BytesIO(answer["Body"].read()), answer["LastModified"].isoformat()
