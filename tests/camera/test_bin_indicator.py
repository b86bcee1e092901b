"""The bin is shown that the camera's answer means; in doubt, and without an answer, none is."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import pytest

from camera import bin_indicator as module
from camera.bin_indicator import DARK, DOUBT, STALE_SECONDS, Sign, colour_of, sign_of
from camera.sources.opening import open_source
from tests.camera.conftest import Shelf
from tests.camera.small_release import picture
from tests.camera.test_agent import agent_on, eventually
from tests.camera.test_update import install


def status(label: str = "Recycle", **changes: Any) -> dict[str, Any]:
    answer = {"predicted": label, "unsure": False, "unfamiliar": False}
    return {"last_result": {**answer, **changes}}


@pytest.mark.parametrize(
    ("content", "sign"),
    [
        (status(), Sign("R", (0, 90, 255), "Recycle")),
        (status("compost"), Sign("C", (0, 160, 40), "compost")),
        (status("燃えるごみ"), Sign("燃", colour_of("燃えるごみ"), "燃えるごみ")),
        (status("can", unsure=True), Sign("?", DOUBT, "perhaps can: please look yourself")),
        (status("", unsure=False), DARK),
        ({"last_result": None}, DARK),
        ({}, DARK),
        ([], DARK),
    ],
)
def test_each_answer_has_its_sign(content: Any, sign: Sign) -> None:
    assert sign_of(content, age=1) == sign


def test_what_is_unfamiliar_sends_nobody_to_a_bin_even_if_it_is_unsure_too() -> None:
    sign = sign_of(status("can", unfamiliar=True, unsure=True), age=1)
    assert (sign.letter, "can" in sign.words) == ("?", False)


def test_an_old_answer_is_none() -> None:
    assert sign_of(status(), STALE_SECONDS) != DARK
    assert sign_of(status(), STALE_SECONDS + 0.1) == DARK


def test_labels_that_nobody_paints_have_colours_of_their_own() -> None:
    colours = {colour_of(label) for label in ("can", "glass", "paper", "metal")}
    assert len(colours) == 4
    assert colour_of("can") == colour_of("can")
    assert all(0 <= part <= 255 for colour in colours for part in colour)


def test_what_the_agent_answers_is_shown_once_and_the_end_is_dark(
    home: Path, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    shown: list[str] = []
    stop = threading.Event()
    follower = threading.Thread(
        target=module.follow, args=(home, lambda sign: shown.append(sign.words), stop)
    )
    follower.start()
    install(home, shelf, 7)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "red.png").write_bytes(picture("red"))
    agent_on(home).run(lambda: open_source(str(tmp_path / "pictures"), loop=False))
    eventually(lambda: "red" in shown)
    stop.set()
    follower.join(5)
    assert shown == [DARK.words, "red", DARK.words]


def test_a_sense_hat_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    class SenseHat:
        def show_letter(self, letter: str, text_colour: list[int], back_colour: list[int]) -> None:
            shown.append((letter, back_colour))

    monkeypatch.setitem(sys.modules, "sense_hat", types.SimpleNamespace(SenseHat=SenseHat))
    module.display()(Sign("R", (0, 90, 255), "Recycle"))
    assert shown == [("R", [0, 90, 255])]


def no_board() -> None:
    raise OSError("Cannot detect RPi-Sense FB device")


@pytest.mark.parametrize("sense_hat", [None, types.SimpleNamespace(SenseHat=no_board)])
def test_without_a_sense_hat_the_terminal_is(
    sense_hat: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sense_hat", sense_hat)
    module.display()(Sign("R", (0, 90, 255), "Re\x1b[2Jcycle"))
    assert capsys.readouterr().out == "Re[2Jcycle\n"


def test_the_program_follows_and_ends_when_told(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text(json.dumps(status("glass")))
    command = [sys.executable, "-m", "camera.bin_indicator", "--home", str(tmp_path)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert program.stdout is not None
    assert program.stdout.readline() == "glass\n"
    program.send_signal(signal.SIGTERM)
    told = time.monotonic()
    assert program.stdout.read() == f"{DARK.words}\n"
    assert program.wait(10) == 0
    assert time.monotonic() - told < 5
