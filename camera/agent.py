"""What does a camera do all day? Classifies frames in one thread and carries out jobs in another,
and never gives up.

The two meet in one field: `running`,
which a job replaces only after the new release is proved and committed.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from typing import Callable, Optional

from camera import memory, recovery
from camera.broker import Broker
from camera.frames import Frame, Frames, Wait
from camera.health import Fault, Health
from camera.jobs import Execution, Jobs
from camera.line import Later, Line
from camera.reporting import Reporting
from camera.results import Results
from camera.review import Review
from camera.running import Running
from camera.store import Store
from camera.update import restore, take
from camera.watchdog import Pulse, Watchdog
from lensloop.wire.errors import BadArtifact, PictureError
from lensloop.wire.prediction import Prediction

ASK_SECONDS = 300.0  # a lost message delays a job by at most this long
ASK_AGAIN_SECONDS = 10.0  # after a job that could not be begun or answered
FORGET_SECONDS = 24 * 3600.0  # a hang once a week is a machine's
WATCH_SECONDS = 1.0  # between two looks at whether frames move and something is to be reported
PAUSE_SECONDS = 5.0  # after a surprise
FINISH_SECONDS = 30.0  # for a job in hand at the end, so that it need not be done twice
DROP_SECONDS = 1.0  # for a download in hand: what has arrived is kept
log = logging.getLogger(__name__)
Source = Callable[[], Frames]


class Agent:
    def __init__(
        self,
        broker: Broker,
        jobs: Jobs,
        results: Results,
        reporting: Reporting,
        watchdog: Watchdog,
        store: Store,
        project: str,
        fps: float,
        review: Optional[Review] = None,
    ) -> None:
        self._broker, self._jobs, self._results = broker, jobs, results
        self._reporting, self._review = reporting, review
        self._watchdog, self._pulse = watchdog, Pulse()
        self._store, self._project = store, project
        self._spacing = 1.0 / fps
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._changing = threading.Lock()
        self._health = Health(0.0)
        self._ask_at = 0.0
        self._seen = 0
        self._hangs = False  # the frame loop, when the watch looked last
        self._line, self._line_of = Line(self._stop), ("", 0)  # the patience of which job
        self._waiting = ""  # why there are no frames now
        self._show: Callable[[Frame, Prediction, int], None] = lambda _frame, _seen, _epoch: None
        self.running: Optional[Running] = None

    def run(self, source: Source, enough: Optional[int] = None) -> None:
        """Until the frames end, `enough` of them were looked at, or somebody calls `stop`.

        A source that cannot be opened at the start is a person's mistake and raises SourceError.
        """
        first = source()
        self._use(restore(self._store))
        worker = threading.Thread(target=self._carry_out_jobs, name="jobs", daemon=True)
        self._broker.start()
        worker.start()
        threading.Thread(target=self._keep_watch, name="watch", daemon=True).start()
        self._watchdog.ready()
        if self._review is not None:
            self._review.start(self._stop)
        try:
            self._classify(first, source, enough)
        finally:
            self._stop.set()
            self._jobs.end()
            worker.join(DROP_SECONDS if self._line.busy else FINISH_SECONDS)
            self._broker.stop()
            self._results.note()

    def show_to(self, show: Callable[[Frame, Prediction, int], None]) -> None:
        """Before `run`: who sees each frame with what was answered, and by which epoch."""
        self._show = show

    def stop(self) -> None:
        self._stop.set()
        self._ready.set()

    def _classify(self, first: Frames, source: Source, enough: Optional[int]) -> None:
        if not self._ready.is_set():
            log.info("no release on this camera yet; waiting for the first one")
            self._await_release(source)
        if self._stop.is_set():
            return
        ended = self._survive(functools.partial(self._watch, lambda: first, enough))
        while not ended and not self._stop.is_set():
            ended = self._survive(functools.partial(self._watch, source, enough))

    def _await_release(self, source: Source) -> None:
        """Meanwhile a person may ask for frames: the first pictures come from here as well."""
        while not self._ready.wait(WATCH_SECONDS):
            if self._review is not None and self._review.asked_for:
                self._survive(functools.partial(self._capture, source, self._review))

    def _capture(self, source: Source, review: Review) -> None:
        with contextlib.closing(source()) as frames:
            for frame in frames:
                if self._ready.is_set() or not review.asked_for:
                    return
                if isinstance(frame, Wait):
                    self._say_waiting(frame.sentence or self._waiting)
                    self._ready.wait(frame.seconds)
                    continue
                self._say_waiting("")
                review.saw(frame)
                self._ready.wait(self._spacing)

    def _watch(self, source: Source, enough: Optional[int]) -> None:
        due = time.monotonic()
        self._pulse.beat()
        with contextlib.closing(source()) as frames:
            for frame in frames:
                if self._stop.is_set():
                    return
                if isinstance(frame, Wait):
                    self._await_frames(frame)
                    continue
                self._pulse.beat(self._spacing)
                self._say_waiting("")
                self._survive(functools.partial(self._look_at, frame))
                self._seen += 1
                if enough is not None and self._seen >= enough:
                    return
                due = max(due + self._spacing, time.monotonic() - 1.0)
                self._stop.wait(max(0.0, due - time.monotonic()))

    def _await_frames(self, wait: Wait) -> None:
        if not wait.stuck:
            self._pulse.beat(wait.seconds)
        if wait.sentence:
            self._say_waiting(wait.sentence)
        self._stop.wait(wait.seconds)

    def _say_waiting(self, sentence: str) -> None:
        """Once, however long it takes; and when it is over."""
        if sentence == self._waiting:
            return
        if sentence:
            log.warning("waiting for frames: %s", sentence)
        else:
            log.info("there are frames again")
        self._waiting = sentence
        self._results.note(waiting=sentence or None)

    def _look_at(self, frame: Frame) -> None:
        running = self.running
        if running is None:
            return
        try:
            prediction = frame.predict(running.model)
        except PictureError as error:
            log.warning("passed over %s: %s", frame.name, error)
            self._results.passed_over(frame.name, error)
            return
        except BadArtifact as error:
            self._failed(running, frame, error)
            return
        self._results.saw(frame.name, prediction, running.installed.epoch)
        self._show(frame, prediction, running.installed.epoch)
        if self._review is not None:
            self._review.saw(frame, prediction, running.installed.epoch)
        fault = self._health.answered(running.model.seconds)
        if fault:
            self._recover(running, frame, fault)

    def _failed(self, running: Running, frame: Frame, error: BadArtifact) -> None:
        log.error("%s: %s", frame.name, error)
        self._results.error(error)
        fault = self._health.failed(str(error))
        if fault:
            self._recover(running, frame, fault)
        elif self._health.excused:
            self._stop.wait(PAUSE_SECONDS)

    def _recover(self, running: Running, frame: Frame, fault: Fault) -> None:
        try:
            older = recovery.give_back(self._store, running, fault, frame.predict, self._pulse.beat)
        except recovery.NothingBetter as error:
            log.error("%s", error)
            self._results.error(error)
            self._health.excuse(fault)
            return
        self._use(older, instead_of=running)

    def _keep_watch(self) -> None:
        """Beside the jobs, because a job may take hours on a weak link."""
        trim_at = time.monotonic() + memory.TRIM_SECONDS
        forget_at = time.monotonic() + FORGET_SECONDS
        while not self._stop.wait(WATCH_SECONDS):
            if time.monotonic() >= trim_at:
                trim_at = time.monotonic() + memory.TRIM_SECONDS
                memory.trim()
            if time.monotonic() >= forget_at:
                forget_at = time.monotonic() + FORGET_SECONDS
                self._survive(self._store.forget_hangs)
            alive = self._pulse.elapse(WATCH_SECONDS)
            self._survive(functools.partial(self._note_hang, alive))
            self._survive(functools.partial(self._watchdog.look, alive))
            self._survive(self._reporting.look)

    def _note_hang(self, alive: bool) -> None:
        """Once for each, and before the restart: the next start looks at how often it was."""
        running, anew = self.running, not alive and not self._hangs
        self._hangs = not alive
        if anew and running is not None and running.model.at_work:
            log.error("the model of release %d does not come back", running.installed.epoch)
            recovery.note_hang(self._store, running)

    def _carry_out_jobs(self) -> None:
        self._ask_at = time.monotonic() + ASK_SECONDS
        while not self._stop.is_set():
            self._survive(self._next_job)

    def _next_job(self) -> None:
        execution = self._jobs.next(seconds=1.0)
        if time.monotonic() >= self._ask_at and self._broker.up:
            self._ask_at = time.monotonic() + ASK_SECONDS
            self._jobs.ask()
        if execution is None:
            return
        self._ask_at = time.monotonic() + ASK_AGAIN_SECONDS  # unless it comes to a good end below
        if self._line_of != (execution.job, execution.number):
            self._line_of = (execution.job, execution.number)
            self._line = Line(self._stop)
        started = self._jobs.start(execution, self._line.trouble)
        if started is not None:
            self._carry_out(started)

    def _carry_out(self, started: Execution) -> None:
        log.info("job %s", started.job)
        before = self.running
        try:
            outcome = take(started.document, self._store, before, self._project, self._line)
        except Later as reason:
            self._wait(reason)
            return
        if outcome.running is not before:  # which may have been given back meanwhile
            self._use(outcome.running)
        self._results.answered(outcome.answer)
        if self._jobs.answer(started, outcome.answer):
            self._ask_at = time.monotonic() + ASK_SECONDS

    def _wait(self, reason: Later) -> None:
        """The cloud is asked for the job again, and says whether it still stands, with fresh
        addresses. While the broker is away, that is as soon as it is back.
        """
        seconds = self._line.wait_for(reason)
        log.warning("waiting %.0f seconds: %s", seconds, reason)
        self._results.note(last_update={"status": "WAITING", "details": {"reason": str(reason)}})
        self._ask_at = time.monotonic() + seconds

    def _use(self, running: Optional[Running], instead_of: Optional[Running] = None) -> None:
        """`instead_of`: only if that is still what runs."""
        if running is None:
            return
        with self._changing:
            if instead_of is not None and self.running is not instead_of:
                return
            self._health = Health(running.seconds)
            self.running = running
            self._results.running(running, self._store.given_back(running.installed))
        self._ready.set()

    def _survive(self, step: Callable[[], None]) -> bool:
        """The project's one broad catch: whatever a frame or a job does to the camera, it says so
        and goes on.
        """
        try:
            step()
            return True
        except Exception as error:
            log.exception("something unexpected happened; going on")
            self._results.error(error)
            self._stop.wait(PAUSE_SECONDS)
            return False
