"""What happens in the demo, act by act?
Each changes pictures, then waits until it has seen what must follow.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from demo import drop, unfamiliar
from demo.album import Album
from demo.cameras import Fleet, Sight
from demo.errors import DemoFailed
from demo.listener import Listener
from demo.loop import Loop, Refusal, share
from demo.show import Show
from demo.watch import Delivery, Job, Release, Run, Watch
from lensloop.record import Record


@dataclass(frozen=True)
class Act:
    """What one batch of changes led to."""

    number: int
    pictures: int
    executions: int
    run: Run
    record: Record
    job: Job
    release: Release | None = None
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    sights: tuple[Sight, ...] = ()
    left_out: tuple[dict[str, str], ...] = ()
    labels_to_check: tuple[dict[str, str], ...] = ()


@dataclass
class Story:
    show: Show
    watch: Watch
    fleet: Fleet
    listener: Listener
    album: Album
    acts: list[Act] = field(default_factory=list)
    loop: Loop = field(init=False)

    def __post_init__(self) -> None:
        self.loop = Loop(self.show, self.watch, self.fleet, self.listener)

    def tell(self) -> Refusal | None:
        """Act by act; ends early where the user's own pictures make no release."""
        with self.show.stage("act 1", f"Act 1 · {self.album.title} arrive"):
            first = self._first_batch()
        if isinstance(first, Refusal):
            return first
        self.acts.append(first)
        with self.show.stage(
            "act 2", "Act 2 · A wrong batch arrives: good pictures in the wrong folders"
        ):
            self.acts.append(self._wrong_batch())
        with self.show.stage(
            "act 3", f"Act 3 · The wrong batch is deleted, and {self._news()} arrive"
        ):
            last = self._better_batch()
        if isinstance(last, Refusal):
            return last
        self.acts.append(last)
        self.loop.see_no_more(len(self.acts))
        return None

    def _first_batch(self) -> Act | Refusal:
        drop.upload(self.show, self.watch, self.album.first)
        act = self._released(1, len(self.album.first))
        if isinstance(act, Act):
            self.show.say(
                f"on {len(act.sights)} frames that no training saw, the cameras are right"
                f" {self.right(act)} of the time"
            )
            self._say_unfamiliar(act)
        return act

    def _wrong_batch(self) -> Act:
        before = self.acts[-1]
        assert before.release is not None
        drop.upload(self.show, self.watch, self.album.wrong)
        retrained = self.loop.retrained()
        run, record = retrained.run, retrained.record
        if record["outcome"] != "refused":
            raise DemoFailed(
                f"The model trained on wrong labels was not refused: its run ended as {run.ending}."
            )
        job = self.loop.trained_once(2)
        self.show.say("judged, and refused:")
        for reason in record["reasons"]:
            self.show.say(f"  – {reason}")
        doubts = self.watch.labels_to_check(str(run.output["digest"]))
        wrong = {picture.key for picture in self.album.wrong}
        guilty = sum(doubt["key"] in wrong for doubt in doubts)
        self.show.say(
            f"its report lists {len(doubts)} labels to check; {guilty} of them are of the wrong"
            " batch"
        )
        self.loop.see_message(record)
        since = self.fleet.positions()
        self._see_nothing_moved(run.epoch, before.release.epoch)
        sights = self.loop.seen(before.release.epoch, since)
        act = Act(
            2,
            len(self.album.wrong),
            retrained.executions,
            run,
            record,
            job,
            sights=sights,
            labels_to_check=tuple(doubts),
        )
        self.show.say(
            f"the cameras still run release {before.release.epoch} and are right"
            f" {self.right(act)} of the time, as before"
        )
        return act

    def _better_batch(self) -> Act | Refusal:
        with ThreadPoolExecutor(
            1
        ) as other_hand:  # at once, so that no pause between them looks like the end
            deleted = other_hand.submit(drop.delete, self.show, self.watch, self.album.wrong)
            drop.upload(self.show, self.watch, self.album.better)
            deleted.result()
        act = self._released(3, len(self.album.better))
        if isinstance(act, Refusal):
            return act
        assert act.release is not None
        if self.album.new_label and self.album.new_label not in act.release.labels:
            raise DemoFailed(f"Release {act.release.epoch} does not know {self.album.new_label}.")
        before = self.acts[0].sights
        self.show.say(
            f"on the same {len(before)} frames: {share(before)} right before,"
            f" {share(act.sights)} now"
        )
        self._say_unfamiliar(act)
        return act

    def _say_unfamiliar(self, act: Act) -> None:
        assert act.release is not None
        if said := unfamiliar.sentence(act.sights, act.release.labels):
            self.show.say(said)

    def _news(self) -> str:
        count = len(self.album.better)
        return (
            f"{count} pictures of a new label, {self.album.new_label},"
            if self.album.new_label
            else f"{count} held-back ones"
        )

    def _released(self, number: int, pictures: int) -> Act | Refusal:
        since = self.fleet.positions()
        retrained = self.loop.retrained()
        if not retrained.released:
            if self.album.new_label:
                raise DemoFailed(
                    f"The run was to end in a release and ended as {retrained.run.ending}."
                )
            return self.loop.refused(number, retrained.record)
        made = self.loop.released(retrained, number)
        left_out = tuple(self.watch.left_out(str(retrained.run.output["digest"])))
        for line in left_out[:5]:
            self.show.say(f"left out: {line['key']} – {line['reason']}")
        return Act(
            number,
            pictures,
            retrained.executions,
            retrained.run,
            retrained.record,
            made.job,
            made.release,
            made.deliveries,
            self.loop.seen(made.release.epoch, since),
            left_out,
        )

    def _see_nothing_moved(self, refused: int, live: int) -> None:
        if refused in self.watch.releases() or self.watch.live_epoch() != live:
            raise DemoFailed(f"Run {refused} was refused, but something of it was released.")
        if any(
            rollout.epoch == refused for rollout in self.watch.rollouts()
        ) or self.watch.iot_jobs(refused):
            raise DemoFailed(f"Run {refused} was refused, but a rollout of it was started.")

    def right(self, act: Act) -> str:
        """The share of frames that the cameras were right on, as terminal and page say it."""
        new = self.album.new_label
        if not new or (act.release and new in act.release.labels):
            return share(act.sights)
        return f"{share(act.sights)} ({share(self.known(act.sights))} without {new})"

    def known(self, sights: Iterable[Sight]) -> list[Sight]:
        """Frames of the labels that the first release knows."""
        return [sight for sight in sights if sight.picture.label in self.album.labels]
