"""The bin is shown that the camera's answer means; in doubt, and without an answer, none is."""

import functools
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
from camera import hearing
from camera.bin_indicator import DARK, DOUBT, STALE_SECONDS, Sign, colour_of, sign_of
from camera.connection import ConfigError
from camera.sources.opening import open_source
from camera.telling import Telling
from tests.camera.conftest import Shelf, certificate
from tests.camera.small_release import picture
from tests.camera.test_agent import agent_on, eventually
from tests.camera.test_update import install


def answer(label: Any = "Recycle", **changes: Any) -> dict[str, Any]:
    return {"predicted": label, "unsure": False, "unfamiliar": False, **changes}


@pytest.mark.parametrize(
    ("content", "sign"),
    [
        (answer(), Sign("R", (0, 90, 255), "Recycle")),
        (answer("compost"), Sign("C", (0, 160, 40), "compost")),
        (answer("燃えるごみ"), Sign("燃", colour_of("燃えるごみ"), "燃えるごみ")),
        (answer("ßuper"), Sign("S", colour_of("ßuper"), "ßuper")),
        (answer("\x1b[2J"), Sign("[", colour_of("\x1b[2J"), "\x1b[2J")),
        (answer("\x1b"), Sign("-", colour_of("\x1b"), "\x1b")),
        (answer("can", unsure=True), Sign("?", DOUBT, "perhaps can: please look yourself")),
        (answer("", unsure=False), DARK),
        (answer(None), DARK),
        ({"can": 0.9}, DARK),
        ({}, DARK),
        ([], DARK),
        (None, DARK),
    ],
)
def test_each_answer_has_its_sign(content: Any, sign: Sign) -> None:
    assert sign_of(content, age=1) == sign


def test_what_is_unfamiliar_sends_nobody_to_a_bin_even_if_it_is_unsure_too() -> None:
    sign = sign_of(answer("can", unfamiliar=True, unsure=True), age=1)
    assert (sign.letter, "can" in sign.words) == ("?", False)


def test_an_old_answer_is_none() -> None:
    assert sign_of(answer(), STALE_SECONDS) != DARK
    assert sign_of(answer(), STALE_SECONDS + 0.1) == DARK


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 9999, '{"last_result": 7}'])
def test_a_status_that_says_nothing_shows_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "status.json").write_text(content)
    assert sign_of(*module.from_status(tmp_path)) == DARK
    assert sign_of(*module.from_status(tmp_path / "gone")) == DARK


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
        target=module.follow,
        args=(
            functools.partial(module.from_status, home),
            lambda sign: shown.append(sign.words),
            stop,
        ),
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
    (tmp_path / "status.json").write_text(json.dumps({"last_result": answer("glass")}))
    command = [sys.executable, "-m", "camera.bin_indicator", "--home", str(tmp_path)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert program.stdout is not None
    assert program.stdout.readline() == "glass\n"
    program.send_signal(signal.SIGTERM)
    told = time.monotonic()
    assert program.stdout.read() == f"{DARK.words}\n"
    assert program.wait(10) == 0
    assert time.monotonic() - told < 5


def test_where_there_is_nothing_to_follow_it_says_so_and_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "camera.bin_indicator", "--home", str(tmp_path)]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    said = program.stderr.readline()
    assert f"{tmp_path} holds no status.json (yet), and no indicator.json" in said
    program.send_signal(signal.SIGTERM)
    assert program.wait(10) == 0


def made(folder: Path, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    pem, key = certificate(folder)
    content = {
        "thing": "deeplens_kitchen",
        "client": "deeplens-trash-indicator-1a2b3c4d",
        "endpoint": "localhost",
        "port": 9,
        "ca": pem.name,
        "certificate": pem.name,
        "key": key.name,
    }
    (folder / "indicator.json").write_text(json.dumps({**content, **changes}))
    return folder


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"thing": "kitchen"}, "a camera's name, deeplens_<id>"),
        ({"client": "deeplens_kitchen"}, "the name of an indicator"),
        ({"key": "gone.key"}, "this indicator's private key"),
        ({"port": 0}, "a whole number from 1 to 65535"),
    ],
)
def test_each_mistake_in_its_folder_gets_a_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    assert hearing.read(made(tmp_path)).thing == "deeplens_kitchen"
    with pytest.raises(ConfigError) as caught:
        hearing.read(made(tmp_path, **changes))
    assert sentence in str(caught.value)
    assert "`lensloop camera indicator`" in str(caught.value)


def test_the_program_ends_with_that_sentence(tmp_path: Path) -> None:
    (tmp_path / "indicator.json").write_text("{")
    command = [sys.executable, "-m", "camera.bin_indicator", "--home", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, "indicator.json cannot be read" in ended.stderr) == (2, True)


def test_it_needs_nothing_but_an_mqtt_client() -> None:
    """A Raspberry Pi that only shows a letter needs no model's runtime."""
    heavy = "('numpy', 'PIL', 'onnxruntime', 'cryptography')"
    code = f"import sys, camera.bin_indicator; print([m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_listeners_hear_what_changes_soon_and_what_stays_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("camera.telling.time.monotonic", lambda: now)
    told, heard = Telling(), []
    for now, label, unsure in (
        (0.0, "can", False),
        (0.5, "can", False),
        (0.9, "glass", False),  # too soon
        (1.0, "glass", False),
        (2.0, "glass", True),
        (6.9, "glass", True),
        (7.0, "glass", True),
        (12.0, "glass", True),
    ):
        if told.due(answer(label, unsure=unsure)):
            heard.append(now)
    assert heard == [0.0, 1.0, 2.0, 7.0, 12.0]
