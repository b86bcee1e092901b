"""Does a camera answer frame after frame while somebody sends it one bad order after the other?"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from camera import config
from camera.assembly import connect
from camera.frames import Frame
from camera.sources.opening import open_source
from tests.camera import signer
from tests.camera.conftest import Shelf
from tests.camera.small_release import colour_model, make_release, picture
from tests.camera.test_agent import Cloud, eventually
from tests.camera.test_bad_orders import BAD, Attack, Camera, back_to, release
from tests.wire.test_onnx_check import REFUSED

LONGEST_GAP = 2.0  # seconds without an answer; a frame takes a few hundredths here
MIXED_UP = "4 of 6 golden pictures"


def with_model(made: Callable[[], bytes]) -> Attack:
    """It is signed: whoever holds the key can still publish a model that is no good."""
    return lambda camera: camera.shelf.put(make_release(8, model=made()))


ORDERS: dict[str, tuple[Attack, str]] = {
    **BAD,
    **{f"model: {name}": (with_model(made), said) for name, (made, said) in REFUSED.items()},
    "model: mixed up labels": (with_model(lambda: colour_model((1, 0, 2))), MIXED_UP),
}


class Attacker(Cloud):
    """Who can order jobs: the next one as soon as the camera has answered the last."""

    def __init__(self, orders: Iterator[tuple[str, Any]]) -> None:
        self._orders, self.answered = orders, dict[str, tuple[str, str]]()
        self._numbers = itertools.count(1)
        self._next()

    def _next(self) -> None:
        self.name, document = next(self._orders, ("", None))
        super().__init__(document)
        self.job = f"j{next(self._numbers)}"

    def publish(self, topic: str, content: Any) -> bool:
        done = super().publish(topic, content)
        status = content.get("status") if topic.endswith("/update") else "IN_PROGRESS"
        if status != "IN_PROGRESS":
            reason = content["statusDetails"].get("reason", "")
            self.answered[self.name] = (status, reason)
            self._next()
            base = topic.split("/jobs/")[0]
            threading.Thread(target=super().publish, args=(f"{base}/jobs/$next/get", {})).start()
        return done


def test_while_every_bad_order_is_refused_no_two_answers_are_far_apart(
    home: Path, shelf: Shelf, tmp_path: Path, pauses: list[int]
) -> None:
    camera = Camera(home, shelf)
    camera.installs(5, 6)
    assert camera.order(back_to(camera, 5, serial=3))[0] == "SUCCEEDED"
    camera.installs(7)
    before = camera.store.state
    orders = ((name, json.loads(json.dumps(made(camera)))) for name, (made, _) in ORDERS.items())
    attacker = Attacker(orders)
    agent = connect(attacker, config.read(home), record=False, fps=50)
    seen: list[tuple[float, int]] = []

    def note(_frame: Frame, _prediction: Any, epoch: int) -> None:
        seen.append((time.monotonic(), epoch))

    agent.show_to(note)
    (folder := tmp_path / "pictures").mkdir()
    (folder / "red.png").write_bytes(picture("red"))
    thread = threading.Thread(target=agent.run, args=(lambda: open_source(str(folder), loop=True),))
    thread.start()
    try:
        eventually(lambda: len(attacker.answered) == len(ORDERS), seconds=60)
        good = release(camera, 9)
    finally:
        agent.stop()
        thread.join(10)

    wrong = {
        name: answer
        for name, answer in attacker.answered.items()
        if answer[0] not in ("REJECTED", "FAILED") or ORDERS[name][1] not in answer[1]
    }
    assert wrong == {}
    assert {epoch for _, epoch in seen} == {7}
    gaps = [later - one for (one, _), (later, _) in itertools.pairwise(seen)]
    assert (max(gaps) < LONGEST_GAP, len(seen) > len(ORDERS)) == (True, True), max(gaps)
    after = camera.restarts()
    assert (after.epoch, after.store.state.followed) == (7, before.followed)
    assert after.store.believed == signer.BELIEVED
    assert after.order(good)[0] == "SUCCEEDED", "and it takes the next good one"
