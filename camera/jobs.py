"""What does the cloud ask of this camera? The device side of AWS IoT Jobs over MQTT.

jobs/notify-next             cloud → camera   the first job of this camera's queue has changed
jobs/$next/get               camera → cloud   asked at every connect and now and then, for messages
                                              are only wake-ups
jobs/<job>/update            camera → cloud   IN_PROGRESS, then SUCCEEDED, FAILED or REJECTED, with
                                              the version expected
jobs/…/accepted, …/rejected  cloud → camera   the answers
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from lensloop.wire.reading import Reader, listed, one_line

REPLY_SECONDS = 30.0  # for an answer of AWS IoT over a weak link
log = logging.getLogger(__name__)
Publish = Callable[[str, Any], bool]


class Execution(NamedTuple):
    job: str
    number: int  # the same job can be sent to a camera again under another number
    version: int
    document: Any


class Answer(NamedTuple):
    status: str  # SUCCEEDED, FAILED or REJECTED
    details: Dict[str, str]


class Jobs:
    def __init__(self, thing: str, publish: Publish) -> None:
        self._base = f"$aws/things/{thing}/jobs/"
        self._publish = publish
        self._changed = threading.Condition()
        self._next: Optional[Execution] = None
        self._replies: Dict[str, Optional[bool]] = {}  # token → accepted? (None: not yet)
        self._answers: Dict[Tuple[str, int], Answer] = {}
        self._done: Optional[Tuple[str, int]] = None  # answered, and the cloud has it
        self._tokens = 0
        self._over = False

    def topics(self) -> List[str]:
        return [
            self._base + "notify-next",
            self._base + "$next/get/accepted",
            self._base + "+/update/accepted",
            self._base + "+/update/rejected",
        ]

    def ask(self) -> None:
        """Which job is next? The answer arrives through `received`."""
        self._publish(self._base + "$next/get", {})

    def received(self, topic: str, content: Any) -> None:
        """Called in the network's thread."""
        if not topic.startswith(self._base) or not isinstance(content, dict):
            return
        end = topic[len(self._base) :]
        with self._changed:
            if end in ("notify-next", "$next/get/accepted"):
                offered = _execution(content.get("execution"))
                self._next = (
                    None if offered and (offered.job, offered.number) == self._done else offered
                )
            elif str(content.get("clientToken")) in self._replies:
                self._replies[str(content["clientToken"])] = end.endswith("accepted")
                if end.endswith("rejected"):
                    log.warning(
                        "the cloud refuses an update of %s: %s", end, content.get("message")
                    )
            self._changed.notify_all()

    def next(self, seconds: float) -> Optional[Execution]:
        """The next job, or None when none came in this time. It is handed out once, until the cloud
        names it again.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._next is not None, seconds)
            execution, self._next = self._next, None
            return execution

    def end(self) -> None:
        """Nobody waits for a next job any more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def start(self, execution: Execution, waited_for: str = "") -> Optional[Execution]:
        """Tells the cloud that work begins, or goes on after it waited for something.
        None: the job is no longer ours, or the cloud is away; ask again later.

        A job that was answered before, but whose answer got lost,
        is answered again and not done again.
        """
        known = self._answers.get((execution.job, execution.number))
        if known is not None:
            self.answer(execution, known)
            return None
        details = {"waited_for": waited_for} if waited_for else {}
        if not self._update(execution, "IN_PROGRESS", details):
            return None
        return execution._replace(version=execution.version + 1)

    def answer(self, execution: Execution, answer: Answer) -> bool:
        key = (execution.job, execution.number)
        self._answers = {key: answer}  # only the first of the queue can come back
        accepted = self._update(execution, answer.status, answer.details)
        with self._changed:
            if accepted:
                self._done = key
                if self._next and (self._next.job, self._next.number) == key:
                    self._next = None
        return accepted

    def _update(self, execution: Execution, status: str, details: Dict[str, str]) -> bool:
        """True when the cloud accepted it in time."""
        self._tokens += 1
        token = f"{execution.job[-40:]}-{self._tokens}"
        with self._changed:
            self._replies[token] = None
        message: Dict[str, Any] = {
            "status": status,
            "expectedVersion": execution.version,
            "executionNumber": execution.number,
            "clientToken": token,
        }
        if details:
            message["statusDetails"] = {name: printable(value) for name, value in details.items()}
        self._publish(self._base + execution.job + "/update", message)
        with self._changed:
            self._changed.wait_for(lambda: self._replies[token] is not None, REPLY_SECONDS)
            return bool(self._replies.pop(token))


def printable(value: str) -> str:
    """AWS refuses status details that are empty,
    longer than 1,024 characters or hold control characters.
    """
    return one_line(value, 1024)


def _execution(content: Any) -> Optional[Execution]:
    """None when there is no job, or nothing that could be answered."""
    if not content:
        return None
    part = Reader(content)
    job = part.text("jobId")
    number, version = part.whole("executionNumber"), part.whole("versionNumber")
    if part.mistakes:
        log.error("passed over a job that cannot be answered: %s", listed(part.mistakes))
        return None
    return Execution(job, number, version, content.get("jobDocument"))
