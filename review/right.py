"""Of which doubted labels did people say that they are right? One file in the bucket, which the
next list of labels to check is made with.
"""

import json

from lensloop.dataset.suspicious import RIGHT_LABELS, Place, Right, read_right, right_content
from lensloop.wire.errors import LensloopError
from review.bucket import Bucket

_TRIES = 8  # people who say something in the same moment


class NotNoted(LensloopError):
    """What a person said could not be written down."""


class RightLabels:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def read(self) -> Right:
        return self._read(self._bucket.etag(RIGHT_LABELS))

    def say(self, place: Place, is_right: bool) -> None:
        """Or take it back. Who else writes meanwhile is not overwritten."""
        for _ in range(_TRIES):
            etag = self._bucket.etag(RIGHT_LABELS)
            before = self._read(etag)
            after = before | {place} if is_right else before - {place}
            content = json.dumps(right_content(after), ensure_ascii=False).encode()
            if after == before or self._bucket.write(RIGHT_LABELS, content, etag):
                return
        raise NotNoted("Others were writing all the time; say it again.")

    def _read(self, etag: str) -> Right:
        if not etag:
            return frozenset()
        try:
            return read_right(json.loads(self._bucket.read(RIGHT_LABELS, etag)))
        except ValueError as error:
            message = f"{RIGHT_LABELS} is no JSON ({error}); restore an older version of it."
            raise NotNoted(message) from error
