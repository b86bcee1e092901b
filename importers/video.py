"""What does a video show, frame by frame? `video:file.mp4 --label glass`: a frame is taken when it
differs from those before it, not when some time is over.
"""

import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers.source import Asked, Found, Origin, Source, SourceError
from lensloop.wire.picture import phash
from lensloop.wire.uncertain import alike

BEGINS = "video:"
# Between two frames that are looked at: hashing each of 60 a second would find no more.
_STEP = 0.2
# Frames with which a new one is compared: a hand that comes back shows nothing new.
_REMEMBERED = 200
MOST = 5_000  # of a video; more of one scene teach little, and a broken file may never end
_QUALITY = 95
_MISSING = (
    "Videos are read by PyAV, which is not installed: `make import-extras` installs it (36 MB;"
    " it brings FFmpeg, under the LGPL)."
)


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    file = Path(asked.address.removeprefix(BEGINS)).expanduser()
    if not file.is_file():
        raise SourceError(f"{file} is not there.")
    if not asked.label:
        raise SourceError("Nothing in a video says its label: say it with --label.")
    yield Video(file, asked.label, Origin(asked.address))


@dataclass(frozen=True)
class Video:
    file: Path
    label: str
    origin: Origin

    def found(self) -> Iterator[Found]:
        seen: deque[int] = deque(maxlen=_REMEMBERED)
        taken = 0
        for seconds, image in _frames(self.file):
            hashed = int(phash(image), 16)
            if any(alike(hashed, other) for other in seen):
                continue
            seen.append(hashed)
            made = io.BytesIO()
            image.save(made, "JPEG", quality=_QUALITY)
            name = f"{self.file.stem}-{round(seconds * 1000):08d}.jpg"
            yield Found(name, made.tell(), made.getvalue, self.label)
            taken += 1
            if taken == MOST:
                return


def _frames(file: Path) -> Iterator[tuple[float, Any]]:
    """Seconds from the start, and an upright RGB Pillow image."""
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise SourceError(_MISSING) from error
    try:
        # Of what lies in a file only: a playlist may name addresses of other machines.
        with av.open(str(file), options={"protocol_whitelist": "file"}) as container:
            if not container.streams.video:
                raise SourceError(f"{file} holds no video.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            due = 0.0
            for number, frame in enumerate(container.decode(stream)):
                seconds = number / 25 if frame.time is None else frame.time
                if seconds >= due:
                    due = seconds + _STEP
                    image: Any = frame.to_image()  # type: ignore[no-untyped-call]
                    yield seconds, image.rotate(frame.rotation, expand=True)
    except FFmpegError as error:
        raise SourceError(f"{file} is damaged, or no video: {error.strerror}.") from error
