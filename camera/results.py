"""Who hears what the camera saw? The cloud over MQTT,
a record for measuring, and DIR/status.json for people.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from camera.jobs import Answer
from camera.machine import Speed
from camera.running import Running
from camera.store import Bad
from camera.telling import Telling
from lensloop.wire import names
from lensloop.wire.prediction import Prediction

STATUS_SECONDS = 1.0  # between two writes of status.json, to spare the camera's flash
# Between two lines of the log on unfamiliar frames: what stands before a camera stays for a while.
UNFAMILIAR_SECONDS = 60.0
UNSENT_SECONDS = 60.0  # between two on results that are not sent
UNWRITTEN_SECONDS = 3600.0  # and two on a status.json that cannot be written
log = logging.getLogger(__name__)


class Results:
    def __init__(
        self,
        home: Path,
        thing: str,
        topic: str,
        publish: Callable[[str, Any], bool],
        connected: Callable[[], bool],
        record: bool,
    ) -> None:
        self._topic = topic
        self._answers_topic = names.ANSWERS_TOPIC.format(thing=thing)
        self._telling = Telling()
        self._status_path = home / "status.json"
        self._record_path = home / "results.jsonl" if record else None
        self._publish, self._connected = publish, connected
        self._lock = threading.Lock()
        self._speed = Speed()
        self._written_at = self._logged_at = float("-inf")
        self._told_unsent_at = self._told_unwritten_at = float("-inf")
        self._unsent = 0
        self._status: Dict[str, Any] = {
            "thing": thing,
            "epoch": None,
            "sha256": None,
            "proven": False,
            "golden": None,
            "latency_ms": None,
            "precision": None,
            "fps": 0.0,
            "connected": False,
            "frames": 0,
            "unsure": 0,
            "unfamiliar": 0,
            "published": 0,
            "dropped": 0,
            "errors": 0,
            "waiting": None,
            "last_result": None,
            "last_update": None,
            "last_error": None,
            "given_back": None,
        }

    def saw(self, frame: str, prediction: Prediction, epoch: int) -> None:
        answer: Dict[str, Any] = {"frame": frame, "epoch": epoch}
        answer.update(prediction.content())
        if self._topic == self._answers_topic:
            sent = self._publish(self._topic, answer)
        else:
            sent = self._publish(self._topic, answer["probabilities"])
            if self._telling.due(answer):
                self._publish(self._answers_topic, answer)
        self._keep(answer)
        self._tell_unsent(sent)
        self._speed.frame()
        with self._lock:
            self._status["frames"] += 1
            self._status["published" if sent else "dropped"] += 1
            self._status["unsure"] += prediction.unsure
            self._status["unfamiliar"] += prediction.unfamiliar
            self._status["last_result"] = answer
        if prediction.unfamiliar:
            self._tell_unfamiliar(frame, prediction)
        self._show(at_once=False)

    def _keep(self, answer: Any) -> None:
        """A full disk costs the record, no frame."""
        if self._record_path is None:
            return
        try:
            with open(str(self._record_path), "a", encoding="utf-8") as file:
                file.write(json.dumps(answer) + "\n")
        except OSError as error:
            self.error(error)

    def _tell_unsent(self, sent: bool) -> None:
        self._unsent += not sent
        now = time.monotonic()
        if not self._unsent or now - self._told_unsent_at < UNSENT_SECONDS:
            return
        self._told_unsent_at = now
        if sent:
            log.info("results are sent again; %d were not and never will be", self._unsent)
            self._unsent = 0
        else:
            log.warning(
                "the broker is away or too slow; results are counted as `dropped` and not sent"
                " later (%d so far)",
                self._unsent,
            )

    def _tell_unfamiliar(self, frame: str, prediction: Prediction) -> None:
        if time.monotonic() - self._logged_at < UNFAMILIAR_SECONDS:
            return
        self._logged_at = time.monotonic()
        log.info(
            "%s: %s (%d of %d frames so far were unfamiliar)",
            frame,
            prediction.words,
            self._status["unfamiliar"],
            self._status["frames"],
        )

    def passed_over(self, frame: str, reason: Exception) -> None:
        self.note(last_error=f"{frame}: {reason}")

    def error(self, reason: BaseException) -> None:
        with self._lock:
            self._status["errors"] += 1
        self.note(last_error=repr(reason))

    def running(self, running: Running, given_back: Optional[Bad] = None) -> None:
        """What the camera classifies with from now on, and what newer one it gave back."""
        installed, proof = running.installed, running.proof
        self.note(
            epoch=installed.epoch,
            sha256=installed.sha256,
            proven=True,
            golden=proof.golden,
            latency_ms=proof.milliseconds,
            precision=running.precision,
            **({"last_error": running.note} if running.note else {}),
            given_back=given_back
            and {"epoch": given_back.release.epoch, "reason": given_back.reason},
        )

    def answered(self, answer: Answer) -> None:
        self.note(last_update={"status": answer.status, "details": answer.details})

    def facts(self) -> Dict[str, Any]:
        """What status.json shows, as it is now."""
        with self._lock:
            return dict(self._status, fps=self._speed.fps)

    def note(self, **facts: Any) -> None:
        with self._lock:
            self._status.update(facts)
        self._show(at_once=True)

    def _show(self, at_once: bool) -> None:
        """Not made durable: people look at it, and flash memory wears out. A full disk costs the
        status, no frame.
        """
        with self._lock:
            if not at_once and time.monotonic() - self._written_at < STATUS_SECONDS:
                return
            self._written_at = time.monotonic()
            self._status.update(connected=self._connected(), fps=self._speed.fps)
            part = self._status_path.with_name("status.json.part")
            try:
                part.write_text(json.dumps(self._status, indent=1, ensure_ascii=False), "utf-8")
                part.replace(self._status_path)
            except OSError as error:
                self._tell_unwritten(error)

    def _tell_unwritten(self, error: OSError) -> None:
        if time.monotonic() - self._told_unwritten_at >= UNWRITTEN_SECONDS:
            self._told_unwritten_at = time.monotonic()
            log.warning("status.json cannot be written: %s", error)
