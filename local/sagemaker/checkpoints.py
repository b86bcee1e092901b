"""What does a job keep beyond its end? The folder of its CheckpointConfig, filled from S3 before it
starts and carried there while it runs, so that even a job that is killed has kept it.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.sagemaker.box import ML
from local.sagemaker.inputs import DOWNLOADS_AT_ONCE, inside, split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEFAULT_PATH = f"{ML}/checkpoints"


class Checkpoints:
    """Of a job without a CheckpointConfig, nothing; it has no such folder either."""

    def __init__(self, root: Path, job: dict[str, Any], s3: "S3Client") -> None:
        self._s3, self._folder = s3, None
        self._carried: dict[Path, tuple[int, int]] = {}  # when it was changed, and its size
        if config := job.get("CheckpointConfig"):
            bucket, prefix = split_uri(config["S3Uri"])
            self._bucket, self._prefix = bucket, prefix.rstrip("/") + "/"
            below = config.get("LocalPath", DEFAULT_PATH).removeprefix(ML).strip("/")
            self._folder = root / below

    def bring(self) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        pages = self._s3.get_paginator("list_objects_v2")
        keys = []
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
            keys += [found["Key"] for found in page.get("Contents", [])]
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            for path in pool.map(self._fetch, [key for key in keys if not key.endswith("/")]):
                self._carried[path] = _state(path)

    def carry(self) -> None:
        """What is new or changed. What is gone from the folder stays in S3."""
        if self._folder is None:
            return
        for path in sorted(self._folder.rglob("*")):
            try:
                state = _state(path)
                if path.is_file() and self._carried.get(path) != state:
                    self._send(path)
                    self._carried[path] = state
            except FileNotFoundError:  # the job has renamed it meanwhile
                continue

    def _send(self, path: Path) -> None:
        assert self._folder is not None
        key = self._prefix + path.relative_to(self._folder).as_posix()
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=path.read_bytes())

    def _fetch(self, key: str) -> Path:
        assert self._folder is not None
        path = inside(self._folder, key.removeprefix(self._prefix))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._s3.download_file(self._bucket, key, str(path))
        return path


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
