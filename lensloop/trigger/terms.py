"""What can the trigger know, and what can it do? The words in which `lensloop.trigger.decide` is
asked and answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lensloop.model.standards import Standards
from lensloop.settings import Settings

STARTING, RUNNING = "STARTING", "RUNNING"
EXECUTION_ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})
JOB_ENDED = frozenset({"Completed", "Failed", "Stopped", "Deleting"})


@dataclass(frozen=True)
class Run:
    """The lease: at most one exists, and its epoch names the one execution that it may have."""

    epoch: int
    snap_gen: int
    phase: str
    started_at: int
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class State:
    """What the table's item says."""

    gen: int = 0
    covered: int = 0
    epoch: int = 0
    digest: str = ""  # of the data set that was judged last
    judged_by: str = ""  # the standards that it was judged by
    standards: str = ""  # those of the last run that came to a good end
    held: str = ""  # the digest of the data set whose model waits for a person
    approved: str = ""  # that digest, once the person has approved it
    imported: str = ""  # the digest of a model from elsewhere that a person wants tried
    import_judged: str = ""  # that digest, once there was a verdict, or none was to be had
    run: Run | None = None
    first_at: int | None = None
    last_at: int = 0
    fails: int = 0
    not_before: int = 0
    spent_day: str = ""
    spent_runs: int = 0
    failed_digest: str = ""
    failed_times: int = 0
    blocked_digest: str = ""
    news: tuple[str, ...] = ()
    cap_told: str = ""
    told_faults: tuple[str, ...] = ()  # the keys of those that people were told since the last end

    @property
    def to_import(self) -> str:
        """What the next run is to try instead of training; empty when nothing is."""
        return "" if self.imported == self.import_judged else self.imported


@dataclass(frozen=True)
class Execution:
    """What Step Functions says about the execution of the run's epoch."""

    status: str
    started_at: int
    stopped_at: int = 0
    outcome: str = ""
    digest: str = ""
    reasons: tuple[str, ...] = ()
    error: str = ""  # of a failed one
    cause: str = ""
    standards: str = ""
    imported: str = ""  # the model from elsewhere that it tried instead of training

    @property
    def ended(self) -> bool:
        return self.status in EXECUTION_ENDED


@dataclass(frozen=True)
class Facts:
    """What AWS says about the run: no execution, or one,
    and the status of each training job that exists.
    """

    execution: Execution | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pacing:
    quiet: int
    max_wait: int
    backoff: int
    runs_per_day: int
    max_pause: int  # after a failure that is not the training's own
    standards: str = ""  # what the model and the verdict depend on besides the pictures

    @classmethod
    def from_settings(cls, settings: Settings) -> "Pacing":
        return cls(
            settings.quiet_seconds,
            settings.max_wait_seconds,
            settings.backoff_seconds,
            settings.runs_per_day,
            settings.max_pause_seconds,
            standards=str(Standards.from_settings(settings)),
        )


@dataclass(frozen=True)
class Step:
    """The next thing to do; `reason` is a sentence for a person."""

    reason: str


@dataclass(frozen=True)
class Wait(Step):
    """Nothing to do before the next tick. `alarms` names what a person should know while it
    lasts, and `until` (epoch seconds) when it ends by itself, where that is known.
    """

    alarms: tuple[str, ...] = ()
    until: int | None = None


@dataclass(frozen=True)
class Acquire(Step):
    epoch: int
    day: str
    runs_today: int
    now: int


@dataclass(frozen=True)
class Start(Step):
    """StartExecution, named after the epoch: repeating it can never start a second one."""

    epoch: int


@dataclass(frozen=True)
class Confirm(Step):
    epoch: int


@dataclass(frozen=True)
class Renumber(Step):
    """The epoch's name is taken by an execution from before a restore:
    move the lease to the next epoch.
    """

    epoch: int


@dataclass(frozen=True)
class StopTraining(Step):
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class Finish(Step):
    """The end is proven. `changes` are attributes of the item (None removes one), `news` are
    messages to send.
    """

    epoch: int
    digest_seen: str
    changes: Mapping[str, Any]
    news: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoteCap(Step):
    """Tell a person, once a day, that the daily cap holds changes back."""

    day: str
    news: tuple[str, ...]


@dataclass(frozen=True)
class Tell(Step):
    """Publish the oldest message (its first line is the subject), then forget it."""

    text: str
