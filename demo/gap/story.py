"""What do answers bring in a new place? A model is taught from one source of pictures, and cameras
meet another. One of them sends what it is unsure of, somebody says what it is, the retraining runs
by itself; the other cameras look at frames of that place that nobody ever answers for.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from demo import drop
from demo.album import Picture
from demo.errors import DemoFailed
from demo.gap.labeller import Labeller, Waiting, chosen, complete
from demo.gap.sources import Sources
from demo.loop import Loop, Refusal, accuracy, share
from demo.stage import Stage
from lensloop.review.places import frame_id
from lensloop.wire.review import ANSWER

ROUNDS = (20, 50)  # answers of each label, together
COLLECT_SECONDS = 600.0
# Without a new frame: the camera has seen the place once and sent what it is unsure of.
NO_MORE_SECONDS = 60.0
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Round:
    """`answers`: all that were given so far. `epoch`: of the release that the cameras then have,
    and `tested` its accuracy on its own test pictures; `accuracy`: on the `frames` that nobody
    answers for. `refused`: why this round's model was, where it was.
    """

    each: int
    answers: int
    sent: int
    epoch: int
    tested: float
    frames: int
    accuracy: float
    training_seconds: float
    refused: tuple[str, ...] = ()


@dataclass
class GapStory:
    stage: Stage
    sources: Sources
    rounds: list[Round] = field(default_factory=list)
    answered: list[Picture] = field(default_factory=list)

    def __post_init__(self) -> None:
        stage = self.stage
        self.show, self.loop = (
            stage.show,
            Loop(stage.show, stage.watch, stage.fleet, stage.listener),
        )
        self.labeller = Labeller(stage.address, self._what)
        self._sender = next(camera for camera in stage.fleet.cameras if camera.frames_a_day)

    def tell(self) -> Refusal | None:
        """Round by round. A model that is refused ends nothing: the cameras keep the one that they
        have, and the next answers are added. A refusal is what the story ends with, though, where
        there is no first release, where nothing was trained, or where the last model is refused.
        """
        with self.show.stage("act 1", "Act 1 · The model is taught from the first source"):
            drop.upload(self.show, self.stage.watch, self.sources.known)
            refusal = self._round(0, 0)
        for number, each in enumerate(ROUNDS, 2):
            if refusal and len(self.rounds) < number - 1:
                return refusal
            title = f"Act {number} · {each} answers of each label to the camera's own frames"
            with self.show.stage(f"act {number}", title):
                refusal = self._round(each, self._answer(each))
        if len(self.rounds) > len(ROUNDS):
            self.loop.see_no_more(len(self.rounds))
        return refusal

    def _answer(self, each: int) -> int:
        """How many frames the camera had sent when they were answered for."""
        waiting = self._collected(each)
        kinds = Counter(one.kind for one in waiting)
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        self.show.say(f"{self._sender.thing} sent {len(waiting)} frames that wait: {told}")
        wanted = chosen(waiting, self.answered, each)
        if not wanted:
            raise DemoFailed("The camera sent no frame that could be answered for.")
        for one in wanted:
            self.labeller.answer(one)
            self.answered.append(one.picture)
        counts = Counter(one.picture.label for one in wanted)
        given = ", ".join(f"{counts[label]} {label}" for label in sorted(counts))
        self.show.say(f"answered for on the page, one key each: {given}")
        return len(waiting)

    def _collected(self, each: int) -> list[Waiting]:
        """What waits on the page once it is enough, or the camera has no more to send. Answered for
        together, so that the trigger sees one drop of pictures and not two.
        """
        newest, heard = 0, time.monotonic()
        end = heard + COLLECT_SECONDS

        def enough() -> list[Waiting] | None:
            nonlocal newest, heard
            time.sleep(LOOK_SECONDS)
            waiting = self.labeller.waiting()
            now = time.monotonic()
            if len(waiting) > newest:
                newest, heard = len(waiting), now
            together = [*self.answered, *(w.picture for w in chosen(waiting, self.answered, each))]
            done = complete(together, self._labels, each) or now - heard > NO_MORE_SECONDS
            return waiting if waiting and (done or now > end - LOOK_SECONDS) else None

        return self.show.until("frames that the camera is unsure of", enough, COLLECT_SECONDS + 60)

    @property
    def _labels(self) -> set[str]:
        return {picture.label for picture in self.sources.seen}

    def _round(self, each: int, sent: int) -> Refusal | None:
        number = len(self.rounds) + 1
        since = self.stage.fleet.positions()
        retrained = self.loop.retrained()
        refusal = None
        if retrained.released:
            made = self.loop.released(retrained, number)
            release, job = made.release, made.job
        else:
            refusal = self.loop.refused(number, retrained.record)
            live = self.stage.watch.live_epoch()
            if live is None or retrained.record["outcome"] != "refused":
                return refusal
            release, job = self.stage.watch.release(live), self.loop.trained_once(number)
            self.show.say(f"the cameras keep release {live}; the answers stay for the next round")
        sights = self.loop.seen(release.epoch, since)
        before = f"; {self.rounds[-1].accuracy:.1%} before" if self.rounds else ""
        self.show.say(
            f"{share(sights)} right on {len(sights)} frames of the new place that nobody answers"
            f" for{before}"
        )
        self.rounds.append(
            Round(
                each,
                len(self.answered),
                sent,
                release.epoch,
                release.accuracy,
                len(sights),
                round(accuracy(sights), 4),
                job.seconds,
                tuple(refusal.record["reasons"]) if refusal else (),
            )
        )
        return refusal

    def _what(self, frame: str) -> Picture | None:
        """By the name that the camera gave its own file: the person knows the thing itself."""
        found = frame_id(frame)
        if found is None or found.thing != self._sender.thing:
            return None
        try:
            told = json.loads(self.stage.watch.read(found.key(ANSWER)))
        except ClientError:  # its answer is on its way
            return None
        return self._sender.frames.get(told["frame"])


def table(rounds: Sequence[Round]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("taught with", "frames sent", "training", "right: test pictures", "the new place's frames")
    ]
    for one in rounds:
        what = (
            f"{one.answers} answers ({one.each} of each label)" if one.each else "the first source"
        )
        what += ": refused" if one.refused else ""
        rows.append(
            (
                what,
                str(one.sent) if one.each else "",
                f"{one.training_seconds:.0f} s",
                f"{one.tested:.1%}",
                f"{one.accuracy:.1%} of {one.frames}",
            )
        )
    return rows
