"""Where does the emulator's S3 use more of this machine than it must?"""

from typing import Any

from ministack.services import s3


def versions_stay_on_disk() -> None:
    """Upstream keeps every version of every object in memory as well (s3.py:6026), though
    S3_PERSIST has it on disk.

    A thousand photographs and the training job's packages would be most of the memory that the
    local cloud may take.
    """
    record = s3._record_object_version

    def record_without_data(bucket: str, key: str, *rest: Any) -> Any:
        version = record(bucket, key, *rest)
        # Read from the object's file while it is the current version,
        # and from its own file after that.
        for entry in s3._object_versions.get((bucket, key), [])[-1:]:
            entry["data"] = None
        return version

    s3._record_object_version = record_without_data
