"""What do changed pictures lead to? Follows a retraining from its first step to the last camera,
and sees at each step that what the system promises has happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
class Retrained:
    """How a retraining ended, and how many executions it took."""

    run: Run
    record: Record
    executions: int

    @property
    def released(self) -> bool:
        return self.record["outcome"] == "released"


@dataclass(frozen=True)
class Refusal:
    """What the user's own pictures led to when it was no release: a result, and the end of the
    story.
    """

    act: int
    record: Record


@dataclass(frozen=True)
class Released:
    """What of a retraining came to the cameras, each with its answer."""

    job: Job
    release: Release
    deliveries: dict[str, Delivery]


@dataclass
class Loop:
    show: Show
    watch: Watch
    fleet: Fleet
    listener: Listener
    runs_shown: int = 0

    def retrained(self) -> Retrained:
        """What these changes led to, seen to its end: one retraining, and nothing left to do."""
        self.show.say("the trigger waits until nothing has changed for a while")
        self.show.until("retraining", lambda: self.runs() or None, RUN_SECONDS)
        self.show.say("it started a retraining:")
        shown: set[str] = set()
        self.show.until(
            "end of the retraining", lambda: self._follow(self.runs()[-1], shown), RUN_SECONDS
        )
        runs = self.runs()
        # A change event can come so late that a second run starts, finds what the first one used,
        # and trains nothing.
        telling = [run for run in runs if run.output.get("outcome") != NOTHING_NEW]
        if len(telling) != 1 or (not self.runs_shown and len(runs) != 1):
            raise DemoFailed(
                f"One retraining was to follow; there were {len(runs)}: {_endings(runs)}."
            )
        if telling[0].status != ENDED_WELL:
            raise DemoFailed(f"The retraining ended as {_endings(telling)}.")
        self.runs_shown += len(runs)
        record = self.watch.record(telling[0].epoch)
        if record is None:
            raise DemoFailed(f"Run {telling[0].epoch} left no record.")
        return Retrained(telling[0], record, len(runs))

    def released(self, retrained: Retrained, number: int) -> Released:
        """From the one training job of this act to the last camera's proof."""
        job = self.trained_once(number)
        release = self.watch.release(retrained.run.epoch)
        self.show.say(
            f"released: {release.accuracy:.1%} right on the test pictures, sha256"
            f" {release.sha256[:12]}…"
        )
        return Released(job, release, self._rolled_out(release))

    def refused(self, number: int, record: Record) -> Refusal:
        self.show.say(f"no release: {record['outcome']}")
        for reason in record["reasons"]:
            self.show.say(f"  – {reason}")
        self.see_message(record)
        return Refusal(number, record)

    def see_message(self, record: Record) -> None:
        sent = [message for message in record["messages"] if message["sent"]]
        if not sent:
            raise DemoFailed(f"Nobody was told how run {record['epoch']} ended.")
        self.show.say(f"the message: {sent[-1]['subject']}")

    def runs(self) -> list[Run]:
        """Those that no earlier act has shown."""
        return self.watch.retrainings()[self.runs_shown :]

    def see_no_more(self, jobs: int) -> None:
        """Nothing was retrained besides what was shown."""
        if self.runs() or len(self.watch.training_jobs()) != jobs:
            raise DemoFailed(f"A retraining came after its act: {_endings(self.runs())}.")

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

    def trained_once(self, number: int) -> Job:
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

    def seen(self, epoch: int, since: dict[str, int]) -> tuple[Sight, ...]:
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


def share(sights: Iterable[Sight]) -> str:
    return f"{accuracy(sights):.1%}"


def accuracy(sights: Iterable[Sight]) -> float:
    """The share of the frames that the cameras were right on."""
    rights = [sight.right for sight in sights]
    return sum(rights) / len(rights) if rights else 0.0
