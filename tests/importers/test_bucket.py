"""A picture goes to S3 in one way there and back, and a large one asks first."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from importers.bucket import Bucket, without_asking_first


class _Empty(io.BytesIO):
    def stream(self, *_: Any) -> Iterator[bytes]:
        yield b""


@pytest.mark.parametrize(("size", "asks"), [(9_000, False), (1024**2, False), (2_000_000, True)])
@pytest.mark.parametrize("way", ["http", "https"])
def test_only_a_large_picture_asks_before_it_is_sent(size: int, asks: bool, way: str) -> None:
    sent: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        no_headers: Any = {}
        return AWSResponse(request.url, 200, no_headers, _Empty())

    s3: Any = boto3.client(
        "s3",
        "us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        endpoint_url=f"{way}://127.0.0.1:9",
    )
    bucket = Bucket(without_asking_first(s3), "deeplens-test")
    s3.meta.events.register("before-send.s3.PutObject", answer)
    assert bucket.put_picture("images/glass/a.jpg", bytes(size), "JPEG", "id")
    (request,) = sent
    assert ("Expect" in request.headers) == asks
    assert request.headers["If-None-Match"] == b"*"
