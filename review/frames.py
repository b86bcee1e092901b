"""Which uncertain frames wait, and what happens when a person decides about one?

The copy comes first and the mark after it, an undone decision loses its mark first: at whatever
moment this program is killed, a frame waits or its copy is there. All that is known stands in the
bucket and is read anew; in between, what was decided here counts.
"""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from lensloop.dataset.labels import composed, label_problem
from lensloop.review import answers, marks, naming, places, queue
from lensloop.review.answers import Answer
from lensloop.review.marks import Mark
from lensloop.review.places import FrameId
from lensloop.wire.errors import LensloopError
from lensloop.wire.names import IMAGES_PREFIX, REVIEW_PREFIX
from lensloop.wire.review import ANSWER, PICTURE
from review.bucket import AT_ONCE, Bucket, Found
from review.recording import Recorder

# A person who has just opened the page waits no longer for answers; the rest is read meanwhile.
PATIENCE = 0.5


class NoFrame(LensloopError):
    """The frame is not there, or somebody else has decided; the message says so."""


@dataclass(frozen=True)
class Waiting:
    """Frames to show, the most useful first, and how many wait in all."""

    frames: list[tuple[FrameId, Found, Answer | None]]
    left: int


class Frames:
    """Who only looks needs no recorder."""

    def __init__(
        self, bucket: Bucket, now: Callable[[], datetime], recorder: Recorder | None = None
    ) -> None:
        self._bucket, self._now, self.recorder = bucket, now, recorder
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._pictures: dict[FrameId, Found] = {}
        self._files: dict[FrameId, Found] = {}  # their answers, unread
        self._answers: dict[FrameId, Answer | None] = {}
        self._decided: dict[FrameId, datetime] = {}
        self._own: dict[FrameId, bool] = {}  # decided or undone since the listing began
        self._order: list[FrameId] | None = None
        self._reading: threading.Thread | None = None
        self.labels: set[str] = set()  # those that can be given

    def refresh(self) -> None:
        """Reads the bucket; what is decided meanwhile is not forgotten."""
        with self._listing:
            with self._lock:
                self._own = {}
            folders = self._bucket.folders(IMAGES_PREFIX)
            labels = [composed(folder) for folder in folders]
            pictures, files, decided = self._listed()
            decided |= self._copied({*folders, *labels})
            with self._lock:
                for frame, is_decided in self._own.items():
                    if is_decided:
                        decided.setdefault(frame, self._now())
                    else:
                        decided.pop(frame, None)
                self._pictures, self._files, self._decided = pictures, files, decided
                self.labels |= {label for label in labels if label and not label_problem(label)}
                self._order = None
                self._read_answers()

    def _listed(
        self,
    ) -> tuple[dict[FrameId, Found], dict[FrameId, Found], dict[FrameId, datetime]]:
        pictures, files, decided = {}, {}, {}
        for found in self._bucket.below(REVIEW_PREFIX):
            if frame := places.frame_of(found.key, places.MARK):
                decided[frame] = found.at
            elif frame := places.frame_of(found.key, ANSWER):
                files[frame] = found
            elif frame := places.frame_of(found.key, PICTURE):
                pictures[frame] = found
        return pictures, files, decided

    def _copied(self, labels: Collection[str]) -> dict[FrameId, datetime]:
        """Frames whose copy is there: some of these have no mark, if a program was killed."""
        found = {}
        for copies in self._bucket.below_all([places.copies(label) for label in labels]):
            for copy in copies:
                if frame := places.copied_from(copy.key.rpartition("/")[2]):
                    found[frame] = copy.at
        return found

    # Answers are read while the person looks at the first frames

    def _read_answers(self) -> None:
        if self._reading is None or not self._reading.is_alive():
            self._reading = threading.Thread(target=self._read_unread, daemon=True)
            self._reading.start()

    def _read_unread(self) -> None:
        while batch := self._unread(AT_ONCE * 4):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                found = list(pool.map(self._answer, batch))
            with self._lock:
                self._answers |= dict(zip(batch, found, strict=True))
                self._order = None

    def _unread(self, most: int) -> list[FrameId]:
        with self._lock:
            waits = [frame for frame in self._files if frame not in self._answers]
        return [frame for frame in reversed(waits) if frame not in self._decided][:most]

    def _answer(self, frame: FrameId) -> Answer | None:
        try:
            return answers.read(self._bucket.read(frame.key(ANSWER)))
        except LensloopError:
            return None  # gone meanwhile

    # What a person sees and does

    def waiting(self, most: int, without: Collection[FrameId] = ()) -> Waiting:
        """Those that the browser has already, or were skipped, are left out of the frames."""
        if self._reading:
            self._reading.join(PATIENCE)
        with self._lock:
            chosen = []
            for frame in self._ordered():
                if frame not in without:
                    chosen.append((frame, self._pictures[frame], self._answers.get(frame)))
                if len(chosen) == most:
                    break
            return Waiting(chosen, len(self._ordered()))

    def _ordered(self) -> list[FrameId]:
        if self._order is None:
            waits = [frame for frame in self._pictures if frame not in self._decided]
            self._order = queue.order({frame: self._answers.get(frame) for frame in waits})
        return self._order

    def left(self) -> int:
        with self._lock:
            return len(self._ordered())

    def decide(self, frame: FrameId, label: str) -> str:
        """The label as it is written. The same again is nothing new; an empty one: none fits."""
        picture = self._pictures.get(frame)
        if picture is None:
            raise NoFrame(f"There is no frame {frame}.")
        if label:
            label = naming.wanted(label, self.labels)
            self._bucket.copy(picture.key, picture.etag, places.copy_of(frame, label))
        mark = marks.to_json(Mark(label, self._now().isoformat()))
        if not self._bucket.write(frame.key(places.MARK), mark):
            self._decided_before(frame, label)
        elif self.recorder:
            self.recorder.gave(frame, label)
        with self._lock:
            if label:
                self.labels.add(label)
            self._own[frame] = True
            self._decided[frame] = self._now()
            self._order = None
        return label

    def _decided_before(self, frame: FrameId, label: str) -> None:
        """By somebody else, or by the same request, whose answer was lost."""
        before = marks.read(self._bucket.read(frame.key(places.MARK))).label
        if before == label:
            return
        if label:
            self._bucket.delete(places.copy_of(frame, label))
        said = f"`{before}`" if before else "no label"
        with self._lock:
            self._decided[frame] = self._now()
            self._order = None
        raise NoFrame(f"Somebody else has given {frame} {said} meanwhile; that stays.")

    def undo(self, frame: FrameId) -> None:
        """It waits again. Its copy goes, and nothing else: the frame itself was never moved."""
        label = self._label_of(frame)
        self._bucket.delete(frame.key(places.MARK))
        if label:
            self._bucket.delete(places.copy_of(frame, label))
        if self.recorder:
            self.recorder.took_back(frame)
        with self._lock:
            self._own[frame] = False
            self._decided.pop(frame, None)
            self._order = None

    def end(self, seconds: float) -> None:
        """What was labelled stands in its record, if that takes no longer."""
        if self.recorder:
            self.recorder.end(seconds)

    def _label_of(self, frame: FrameId) -> str:
        """What was decided, by the mark, else by the copy."""
        if self._bucket.etag(frame.key(places.MARK)):
            return marks.read(self._bucket.read(frame.key(places.MARK))).label
        for label in sorted(self.labels):
            if self._bucket.etag(places.copy_of(frame, label)):
                return label
        raise NoFrame(f"Nothing was decided about {frame}, so nothing was undone.")
