"""What happens in the demo, act by act?
Each changes pictures, then waits until it has seen what must follow.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from demo import drop, unfamiliar
from demo.album import Album
from demo.cameras import Fleet, Sight
from demo.errors import DemoFailed
from demo.listener import Listener
from demo.show import Show
from demo.watch import ENDED_WELL, Delivery, Job, Release, Run, Watch
from lensloop.pages import duration
from lensloop.record import Record

RUN_SECONDS = 480.0
ROLLOUT_SECONDS = 120.0
FRAMES_SECONDS = 120.0
NOTHING_NEW = "nothing-new"
SILENT_STEPS = frozenset({"Inspect chunk"})


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


@dataclass(frozen=True)
class Refusal:
    """What the user's own pictures led to when it was no release: a result, and the end of the
    story.
    """

    act: int
    record: Record


@dataclass
class Story:
    show: Show
    watch: Watch
    fleet: Fleet
    listener: Listener
    album: Album
    acts: list[Act] = field(default_factory=list)
    runs_shown: int = 0

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
        self._see_no_more()
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
        run, record, executions = self._retrained()
        if record["outcome"] != "refused":
            raise DemoFailed(
                f"The model trained on wrong labels was not refused: its run ended as {run.ending}."
            )
        job = self._trained_once(2)
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
        self._see_message(record)
        since = self.fleet.positions()
        self._see_nothing_moved(run.epoch, before.release.epoch)
        sights = self._seen(before.release.epoch, since)
        act = Act(
            2,
            len(self.album.wrong),
            executions,
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
            f"on the same {len(before)} frames: {_share(before)} right before,"
            f" {_share(act.sights)} now"
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

    def _see_no_more(self) -> None:
        if self._runs() or len(self.watch.training_jobs()) != len(self.acts):
            raise DemoFailed(f"A retraining came after its act: {_endings(self._runs())}.")

    # What a batch leads to

    def _released(self, number: int, pictures: int) -> Act | Refusal:
        since = self.fleet.positions()
        run, record, executions = self._retrained()
        if record["outcome"] != "released":
            if self.album.new_label:
                raise DemoFailed(f"The run was to end in a release and ended as {run.ending}.")
            return self._refused(number, record)
        job = self._trained_once(number)
        release = self.watch.release(run.epoch)
        self.show.say(
            f"released: {release.accuracy:.1%} right on the test pictures, sha256"
            f" {release.sha256[:12]}…"
        )
        deliveries = self._rolled_out(release)
        left_out = tuple(self.watch.left_out(str(run.output["digest"])))
        for line in left_out[:5]:
            self.show.say(f"left out: {line['key']} – {line['reason']}")
        sights = self._seen(release.epoch, since)
        return Act(
            number, pictures, executions, run, record, job, release, deliveries, sights, left_out
        )

    def _refused(self, number: int, record: Record) -> Refusal:
        self.show.say(f"no release: {record['outcome']}")
        for reason in record["reasons"]:
            self.show.say(f"  – {reason}")
        self._see_message(record)
        return Refusal(number, record)

    def _retrained(self) -> tuple[Run, Record, int]:
        """What these changes led to, seen to its end: one retraining, and nothing left to do."""
        self.show.say("the trigger waits until nothing has changed for a while")
        self.show.until("retraining", lambda: self._runs() or None, RUN_SECONDS)
        self.show.say("it started a retraining:")
        shown: set[str] = set()
        self.show.until(
            "end of the retraining", lambda: self._follow(self._runs()[-1], shown), RUN_SECONDS
        )
        runs = self._runs()
        # A change event can come so late that a second run starts, finds what the first one used,
        # and trains nothing.
        telling = [run for run in runs if run.output.get("outcome") != NOTHING_NEW]
        if len(telling) != 1 or (not self.acts and len(runs) != 1):
            raise DemoFailed(
                f"One retraining was to follow; there were {len(runs)}: {_endings(runs)}."
            )
        if telling[0].status != ENDED_WELL:
            raise DemoFailed(f"The retraining ended as {_endings(telling)}.")
        self.runs_shown += len(runs)
        record = self.watch.record(telling[0].epoch)
        if record is None:
            raise DemoFailed(f"Run {telling[0].epoch} left no record.")
        return telling[0], record, len(runs)

    def _see_message(self, record: Record) -> None:
        sent = [message for message in record["messages"] if message["sent"]]
        if not sent:
            raise DemoFailed(f"Nobody was told how run {record['epoch']} ended.")
        self.show.say(f"the message: {sent[-1]['subject']}")

    def _runs(self) -> list[Run]:
        """Those that no earlier act has shown."""
        return self.watch.retrainings()[self.runs_shown :]

    def _follow(self, run: Run, shown: set[str]) -> bool | None:
        """Shows each step as it begins; True once the trigger has nothing left to do."""
        for step in self.watch.steps(run):
            if (
                f"{run.name} {step}" not in shown
                and step not in SILENT_STEPS
                and not step.startswith("Tell")
            ):
                self.show.say(f"  {step}")
            shown.add(f"{run.name} {step}")
        return (run.ended and self.watch.at_rest()) or None

    def _trained_once(self, number: int) -> Job:
        jobs = self.watch.training_jobs()
        if len(jobs) != number or jobs[-1].status != "Completed":
            seen = ", ".join(f"{job.name} {job.status}" for job in jobs)
            raise DemoFailed(
                f"After act {number} there were to be {number} completed training jobs; there were:"
                f" {seen}."
            )
        self.show.say(
            f"exactly one training job for all of it: {jobs[-1].name}, {duration(jobs[-1].seconds)}"
        )
        return jobs[-1]

    def _rolled_out(self, release: Release) -> dict[str, Delivery]:
        """Every camera's own answer to its job: first the canary's, then the fleet's."""
        deliveries: dict[str, Delivery] = {}
        for camera in sorted(self.fleet.cameras, key=lambda camera: camera.wave):
            answer = self.show.until(
                f"answer of {camera.thing} to release {release.epoch}",
                lambda camera=camera: self._answer(release.epoch, camera.wave, camera.thing),  # type: ignore[misc]
                ROLLOUT_SECONDS,
            )
            if answer.status != "SUCCEEDED" or answer.details.get("sha256") != release.sha256:
                reason = answer.details.get("reason", answer.details)
                raise DemoFailed(f"{camera.thing} answered {answer.status}: {reason}", camera.log)
            golden = answer.details.get("golden", "?")
            self.show.say(
                f"{camera.thing} ({camera.wave}) took it and proved it: golden pictures {golden}"
            )
            deliveries[camera.thing] = answer
        self._check_order(deliveries)
        rollout = self.show.until(
            "end of the rollout",
            lambda: _last_ended(self.watch.rollouts(), release.epoch),
            ROLLOUT_SECONDS,
        )
        if rollout.status != ENDED_WELL or rollout.output.get("outcome") != "rolled-out":
            raise DemoFailed(f"The rollout ended as {rollout.ending}.")
        return deliveries

    def _answer(self, epoch: int, wave: str, thing: str) -> Delivery | None:
        delivery = self.watch.delivery(epoch, wave, thing)
        return delivery if delivery and delivery.status not in ("QUEUED", "IN_PROGRESS") else None

    def _check_order(self, deliveries: dict[str, Delivery]) -> None:
        canary_ended = max(
            deliveries[c.thing].ended_at for c in self.fleet.cameras if c.wave == "canary"
        )
        fleet_queued = min(
            deliveries[c.thing].queued_at for c in self.fleet.cameras if c.wave == "fleet"
        )
        if fleet_queued < canary_ended:
            raise DemoFailed("The fleet was offered the release before the canary had proved it.")

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
            return _share(act.sights)
        return f"{_share(act.sights)} ({_share(self.known(act.sights))} without {new})"

    def known(self, sights: Iterable[Sight]) -> list[Sight]:
        """Frames of the labels that the first release knows."""
        return [sight for sight in sights if sight.picture.label in self.album.labels]

    def _seen(self, epoch: int, since: dict[str, int]) -> tuple[Sight, ...]:
        return self.show.until(
            "results of every frame from every camera",
            lambda: self.fleet.sights(epoch, self.listener, since),
            FRAMES_SECONDS,
        )


def _last_ended(runs: Sequence[Run], epoch: int | None = None) -> Run | None:
    """The newest run once it has ended; with an epoch, only if it is that one."""
    last = runs[-1] if runs else None
    return last if last and last.ended and epoch in (None, last.epoch) else None


def _endings(runs: Iterable[Run]) -> str:
    return ", ".join(f"{run.name} {run.ending}" for run in runs) or "none"


def _share(sights: Iterable[Sight]) -> str:
    return f"{accuracy(sights):.1%}"


def accuracy(sights: Iterable[Sight]) -> float:
    rights = [sight.right for sight in sights]
    return sum(rights) / len(rights) if rights else 0.0
