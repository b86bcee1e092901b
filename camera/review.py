"""How do frames come back that the model is unsure of, or that a person asked for? While the camera
looks, the best are kept; a thread of its own hands one over now and then, when the broker is there.
"""

from __future__ import annotations

import http.client
import logging
import random
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Callable, Dict, List, Optional, Tuple

from camera.capture import Capture
from camera.frames import Frame
from camera.second import SecondLook
from camera.server import check_url, opener
from camera.uncertain import Files, Waiting
from lensloop.wire import names, review, uncertain
from lensloop.wire.errors import LensloopError, PictureError
from lensloop.wire.prediction import Prediction
from lensloop.wire.review import ANSWER, PICTURE, Links, ReviewError
from lensloop.wire.uncertain import Budget

LOOK_SECONDS = 1.0  # between two frames that are thought of: hashing and encoding take their time
TRY_SECONDS = 10.0
HURRY_SECONDS = 0.5  # between two that a person waits for
AGAIN_SECONDS = 600.0  # after an answer that did not come, or an upload that broke
ANSWER_SECONDS = 30.0
TIMEOUT_SECONDS = 60.0
_THERE_ALREADY = 412  # an upload whose answer was lost
log = logging.getLogger(__name__)


class UploadError(LensloopError):
    """A frame could not be handed over."""


class Review:
    def __init__(
        self,
        waiting: Waiting,
        thing: str,
        frames_a_day: int,
        publish: Callable[[str, Any], bool],
        connected: Callable[[], bool],
        second: Optional[SecondLook] = None,
    ) -> None:
        """Without a `second` look no release before is asked."""
        self._waiting, self._budget = waiting, Budget(frames_a_day)
        self._second = second
        self._ask_topic = names.REVIEW_GET_TOPIC.format(thing=thing)
        self._answer_topic = names.REVIEW_PUT_TOPIC.format(thing=thing)
        self._capture_topic = names.CAPTURE_TOPIC.format(thing=thing)
        self._capture = Capture()
        self._publish, self._connected = publish, connected
        self._look_at = float("-inf")
        self._answered = threading.Condition()
        self._links: Optional[Links] = None

    def topics(self) -> List[str]:
        return [self._answer_topic, self._capture_topic]

    def start(self, stop: threading.Event) -> None:
        threading.Thread(target=self._run, args=(stop,), name="review", daemon=True).start()
        if self._second is not None:
            self._second.start(stop)

    @property
    def asked_for(self) -> bool:
        """Does a person want frames now?"""
        return self._capture.session(time.monotonic()) is not None

    def saw(self, frame: Frame, prediction: Optional[Prediction] = None, epoch: int = 0) -> None:
        """Called for every frame, in the thread that looks. Without a prediction there is no
        release yet, and it counts only if a person asked for it.
        """
        session = self._capture.session(time.monotonic())
        found = (uncertain.CAPTURED, 0.0) if session else _worth(prediction)
        try:
            if found is not None:
                self._keep(frame, prediction, epoch, found, session)
            elif prediction is not None and self._second is not None:
                self._second.saw(frame, prediction, epoch)
        except PictureError as error:
            log.warning("an uncertain frame cannot be kept: %s", error)
        except OSError as error:  # a full disk is no news each second
            self._look_at += AGAIN_SECONDS
            log.warning("an uncertain frame cannot be kept: %s", error)

    def _keep(
        self,
        frame: Frame,
        prediction: Optional[Prediction],
        epoch: int,
        found: Tuple[str, float],
        session: Optional[str],
    ) -> None:
        """Raises PictureError and OSError."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        told = prediction.content() if prediction else {}
        answer = {"frame": frame.name, "epoch": epoch, **told}
        kept = self._waiting.keep(
            frame.picture(), answer, *found, now=time.time(), session=session or ""
        )
        if session and kept:
            self._capture.took(session)

    def received(self, topic: str, content: Any) -> None:
        """Called in the network's thread."""
        if topic == self._capture_topic:
            self._capture.received(content, time.monotonic())
        if topic != self._answer_topic:
            return
        try:
            links = review.read_links(content)
        except ReviewError as error:
            log.error("passed over: %s", error)
            return
        with self._answered:
            self._links = links
            self._answered.notify_all()

    def _run(self, stop: threading.Event) -> None:
        due, failed_at = time.monotonic() + TRY_SECONDS, float("-inf")
        while not stop.wait(HURRY_SECONDS):
            now = time.monotonic()
            hurry = self._waiting.somebody_waits() and now >= failed_at + TRY_SECONDS
            if now < due and not hurry:
                continue
            due = now + TRY_SECONDS
            try:
                self.send_one()
            except (LensloopError, OSError) as error:
                log.warning("a frame for a person waits on: %s", error)
                due, failed_at = now + AGAIN_SECONDS, now

    def send_one(self) -> bool:
        """False when there is none to send now. Raises UploadError and OSError."""
        kept = self._waiting.next(self._budget, time.time()) if self._connected() else None
        if kept is None:
            return False
        files = self._waiting.files(kept)
        links = self.ask(files, kept.name)
        wish = files.wish(kept.name)
        put(links.picture, files.picture, review.headers(wish.picture, PICTURE))
        put(links.answer, files.answer, review.headers(wish.answer, ANSWER))
        self._waiting.gone(kept, time.time())
        log.info("sent an uncertain frame: %s", kept.name)
        return True

    def ask(self, files: Files, name: str) -> Links:
        """Raises UploadError where no answer comes."""
        with self._answered:
            self._links = None
            self._publish(self._ask_topic, files.wish(name).content())
            self._answered.wait_for(self._is_answered(name), ANSWER_SECONDS)
            links = self._links
        if links is None or links.name != name:
            raise UploadError("the cloud did not say where to put it")
        return links

    def _is_answered(self, name: str) -> Callable[[], bool]:
        return lambda: self._links is not None and self._links.name == name


def _worth(prediction: Optional[Prediction]) -> Optional[Tuple[str, float]]:
    if prediction is None:
        return None
    return uncertain.worth(prediction, random.random())  # noqa: S311 - not a secret


def put(url: str, content: bytes, headers: Dict[str, str]) -> None:
    """Raises UploadError. Never shows the address: it is a secret."""
    check_url(url)
    request = urllib.request.Request(url, content, headers, method="PUT")  # noqa: S310 - checked
    try:
        opener(url, _NoRedirects()).open(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        if error.code != _THERE_ALREADY:
            raise UploadError(f"the server answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UploadError(f"the server cannot be reached: {reason}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address for a picture of this camera's is for no other server."""

    def redirect_request(self, *_: Any) -> None:
        return None
