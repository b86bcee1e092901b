"""How much memory does inspecting a folder take?
Run as a program; the inspection step with S3 on a disk.
"""

import hashlib
import io
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from lambdas import inspect_images
from lambdas.aws import clients
from lambdas.decoding import decoder


class FolderS3:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work: bytes = b""

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if not Key.startswith("images/"):
            return {"Body": io.BytesIO(self.work)}
        path = self.folder / Key.rsplit("/", 1)[-1]
        return {
            "Body": path.open("rb"),
            "ETag": f'"{etag(path)}"',
            "ContentLength": path.stat().st_size,
        }

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:
        self.work = Body


def etag(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def main(folder: Path) -> None:
    s3 = FolderS3(folder)
    pictures = [
        {"key": f"images/glass/{path.name}", "etag": etag(path), "size": path.stat().st_size}
        for path in sorted(folder.iterdir())
    ]
    s3.work = json.dumps({"pictures": pictures, "rows": [], "samples": {}}).encode()
    os.environ["BUCKET"] = "b"
    decoder.CPU_SECONDS = 2
    clients.s3 = lambda: s3  # type: ignore[assignment]
    answer = inspect_images.handler({"chunk": "c.json"}, None)
    # Of this program alone: getrusage would count the process that started it, too.
    status = Path("/proc/self/status").read_text()
    ours = (
        int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
        // 1024
    )
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(json.dumps({**answer, "ours": ours, "child": child, "megabytes": ours + child}))


main(Path(sys.argv[1]))
