"""How do pictures get into the bucket, and out of it again?
As a person would do it, many at once.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from demo.album import Picture
from demo.errors import DemoFailed
from demo.show import Show
from demo.watch import Watch

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

AT_ONCE = 8
DELETED_AT_ONCE = 500


def upload(show: Show, watch: Watch, pictures: Sequence[Picture]) -> None:
    def put(picture: Picture) -> None:
        watch.s3.put_object(Bucket=watch.bucket, Key=picture.key, Body=picture.file.read_bytes())

    begun = show.elapsed
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(put, pictures):
            pass
    show.say(f"{len(pictures)} pictures uploaded to images/ in {show.elapsed - begun:.1f} s")


def delete(show: Show, watch: Watch, pictures: Sequence[Picture]) -> None:
    for start in range(0, len(pictures), DELETED_AT_ONCE):
        keys: list[ObjectIdentifierTypeDef] = [
            {"Key": picture.key} for picture in pictures[start : start + DELETED_AT_ONCE]
        ]
        answer = watch.s3.delete_objects(
            Bucket=watch.bucket, Delete={"Objects": keys, "Quiet": True}
        )
        if answer.get("Errors"):
            raise DemoFailed(f"S3 would not delete {answer['Errors'][0]['Key']}.")
    show.say(f"{len(pictures)} wrong pictures deleted")
