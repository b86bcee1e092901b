"""Now and then a frame that the model is sure of is shown to the release before as well, apart from
the agent, and comes back where that is as sure of another label.
"""

import functools
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from camera import config, second
from camera.agent import Agent
from camera.assembly import connect
from camera.frames import of_image
from camera.model import load
from camera.running import Running
from camera.second import Before, SecondLook, answer_of
from camera.sources.opening import open_source
from camera.store import Store
from camera.uncertain import FOLDER, Waiting
from camera.update import take
from lensloop.wire import uncertain
from lensloop.wire.errors import BadArtifact
from lensloop.wire.picture import to_input
from lensloop.wire.prediction import Prediction
from tests.camera.conftest import Shelf
from tests.camera.small_release import COLOURS, Files, colour_model, make_release
from tests.camera.test_agent import Cloud, eventually
from tests.camera.test_update import start


def spotted(label: str = "red", spot: str = "green") -> Image.Image:
    """Of one colour, with a brighter spot of another."""
    image = Image.effect_noise((64, 48), 20).convert("RGB")
    dim = tuple(min(value, 190) for value in COLOURS[label])
    image = Image.blend(image, Image.new("RGB", image.size, dim), 0.9)
    bright = tuple(255 if value > 100 else 0 for value in COLOURS[spot])
    image.paste(bright, (8, 8, 24, 24))
    return image


def two_releases(home: Path, shelf: Shelf, *files: Files) -> tuple[Store, Running]:
    """Release 6 looks at the brightest spot, release 7 at the whole, if nothing else is given."""
    before = make_release(6, colour_model(marker="6", brightest=True))
    store, running = start(home)
    for each in files or (before, make_release(7)):
        outcome = take(shelf.put(each), store, running, "trash")
        assert outcome.answer.status == "SUCCEEDED", outcome.answer
        running = outcome.running
    assert running is not None
    return store, running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(second, "SHARE", 1e9)
    monkeypatch.setattr(second, "SECONDS", 120)  # where much else runs
    monkeypatch.setattr(uncertain, "RANDOM_SHARE", 0.0)


def kept(home: Path) -> list[Any]:
    return [json.loads(path.read_text()) for path in sorted((home / FOLDER).glob("*-*.json"))]


@pytest.fixture
def agent(home: Path) -> Iterator[Callable[[Path], Agent]]:
    started: list[tuple[Agent, threading.Thread]] = []

    def start(pictures: Path) -> Agent:
        content = json.loads((home / "camera.json").read_text())
        (home / "camera.json").write_text(json.dumps({**content, "review_frames_a_day": 5}))
        made = connect(Cloud(None), config.read(home), record=True, fps=20)
        source = functools.partial(open_source, str(pictures), loop=True)
        thread = threading.Thread(target=made.run, args=(source,))
        thread.start()
        started.append((made, thread))
        return made

    yield start
    for made, thread in started:
        made.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_a_frame_on_which_two_releases_disagree_waits_for_a_person_with_both_answers(
    home: Path, shelf: Shelf, tmp_path: Path, agent: Callable[[Path], Agent]
) -> None:
    two_releases(home, shelf)
    (tmp_path / "pictures").mkdir()
    spotted().save(tmp_path / "pictures" / "spotted.png")
    running = agent(tmp_path / "pictures")
    eventually(lambda: len(kept(home)) == 1, 120)
    seen = running._seen
    eventually(lambda: running._seen > seen + 20)
    (found,) = kept(home)
    assert (found["reason"], found["frame"], found["epoch"]) == ("disagrees", "spotted.png", 7)
    assert (found["predicted"], found["unsure"]) == ("red", False)
    before = found["previous"]
    assert (before["epoch"], before["predicted"]) == (6, "green")
    assert found["score"] == pytest.approx(min(before["confidence"], found["confidence"]), abs=1e-5)


def test_where_the_release_before_agrees_nothing_waits(
    home: Path, shelf: Shelf, tmp_path: Path, agent: Callable[[Path], Agent]
) -> None:
    two_releases(home, shelf)
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (64, 48), COLOURS["red"]).save(tmp_path / "pictures" / "red.png")
    asked: list[Prediction] = []
    with pytest.MonkeyPatch.context() as patch:

        def noted(*given: Any) -> Prediction:
            asked.append(answer_of(*given))
            return asked[-1]

        patch.setattr(second, "answer_of", noted)
        agent(tmp_path / "pictures")
        eventually(lambda: len(asked) > 0, 120)
    assert kept(home) == []


def sure_of(running: Running, image: Image.Image) -> Prediction:
    seen = running.model.predict(image)
    assert not seen.unsure
    return seen


def shown(look: SecondLook, running: Running, image: Image.Image) -> bool:
    """Whether it is to be shown to the release before."""
    look._due = float("-inf")
    look.saw(of_image("f", image), sure_of(running, image), running.installed.epoch)
    return not look._asked.empty()


def test_nobody_is_asked_where_there_is_no_release_before_or_its_labels_are_others(
    home: Path, shelf: Shelf
) -> None:
    store, running = two_releases(home, shelf, make_release(7))
    assert not shown(SecondLook(Waiting(home), store), running, spotted())
    renamed = json.dumps(make_release(8).manifest)
    for label in COLOURS:
        renamed = renamed.replace(json.dumps(label), json.dumps(f"{label} things"))
    files = make_release(8)._replace(manifest=json.loads(renamed))
    store, running = two_releases(home, shelf, files)
    assert not shown(SecondLook(Waiting(home), store), running, spotted())
    store, running = two_releases(
        home, shelf, files._replace(manifest={**files.manifest, "epoch": 9})
    )
    assert shown(SecondLook(Waiting(home), store), running, spotted())


def test_a_release_that_a_restart_fell_back_from_is_not_the_one_before(
    home: Path, shelf: Shelf
) -> None:
    store, running = two_releases(home, shelf)
    look, older = SecondLook(Waiting(home), store), running.model.predict(spotted())
    look._due = float("-inf")
    look.saw(of_image("f", spotted()), older, epoch=6)
    assert look._asked.empty()
    assert shown(look, running, spotted())


def test_a_release_before_that_has_rotted_is_left_alone(home: Path, shelf: Shelf) -> None:
    store, running = two_releases(home, shelf)
    (store.folder(6) / "manifest.json").write_text("{")
    assert not shown(SecondLook(Waiting(home), store), running, spotted())


def test_a_scene_that_waits_or_went_costs_no_second_look(home: Path, shelf: Shelf) -> None:
    store, running = two_releases(home, shelf)
    waiting, image = Waiting(home), spotted()
    look = SecondLook(waiting, store)
    assert waiting.keep(image, {}, uncertain.UNSURE, 0.5, time.time())
    assert not shown(look, running, image)
    assert 0 < look._due - time.monotonic() <= second.KNOWN_SECONDS


def test_one_frame_at_a_time_is_asked_about(home: Path, shelf: Shelf) -> None:
    store, running = two_releases(home, shelf)
    look = SecondLook(Waiting(home), store)
    assert shown(look, running, spotted())
    for _ in range(3):
        image = spotted("blue")
        look.saw(of_image("f", image), sure_of(running, image), 7)
    assert look._asked.qsize() == 1


@pytest.mark.parametrize(
    ("took", "chance", "pause"),
    [(0.5, 0.0, 30.0), (0.5, 1.0, 90.0), (1.2, 0.5, 60.0), (6.0, 0.5, 300.0), (6.0, 0.0, 150.0)],
)
def test_the_slower_the_camera_the_longer_the_pause(
    home: Path,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
    took: float,
    chance: float,
    pause: float,
) -> None:
    monkeypatch.setattr(second, "PAUSE_SECONDS", 60.0)
    monkeypatch.setattr(second, "SHARE", 0.02)
    store, running = two_releases(home, shelf)
    look, image = SecondLook(Waiting(home), store), spotted()
    assert shown(look, running, image)
    now = 1000.0

    def answer(*_: Any) -> Prediction:
        nonlocal now
        now += took
        return running.model.predict(image)

    monkeypatch.setattr(second, "answer_of", answer)
    monkeypatch.setattr(random, "random", lambda: chance)
    monkeypatch.setattr("camera.second.time.monotonic", lambda: now)
    assert look._look(look._asked.get()) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ('{"probabilities": {"red": 0.5, "green": 0.5}}', "`probabilities.blue` is missing"),
        ('{"probabilities": {"red": 7, "green": 0, "blue": 0}}', "`probabilities.red` is 7"),
        ('{"probabilities": [1]}', "`probabilities`"),
        ("[", "answers"),
        ("", "answers"),
    ],
)
def test_what_the_process_says_is_not_believed_unseen(
    home: Path,
    shelf: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: str,
    sentence: str,
) -> None:
    before = before_of(two_releases(home, shelf)[0])
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nprintf %s '{answers}'\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(BadArtifact) as caught:
        answer_of(before, b"")
    assert sentence in str(caught.value)


def before_of(store: Store) -> Before:
    found = second._release_before(store, store.state.good, 7)
    assert found is not None
    return found


def test_the_release_before_answers_as_it_did_when_it_ran(home: Path, shelf: Shelf) -> None:
    store, _ = two_releases(home, shelf)
    before, image = before_of(store), spotted("blue", "red")
    given = to_input(image, before.manifest.width, before.manifest.height).tobytes()
    expected = load(before.folder).predict(image)
    found = answer_of(before, given)
    assert found.rounded() == expected.rounded()
    assert found.predicted == "red"


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("too little", "3071 bytes are no input of 32 × 32 pixels"),
        ("too much", "3073 bytes are no input of 32 × 32 pixels"),
        ("another file", "model.onnx is not the file that the manifest names"),
        ("hangs", "the model did not answer within 1 s"),
    ],
)
def test_a_release_before_that_cannot_answer_is_asked_again_an_hour_later(
    home: Path,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: str,
    sentence: str,
) -> None:
    store, running = two_releases(home, shelf)
    look = SecondLook(Waiting(home), store)
    assert shown(look, running, spotted())
    asked = look._asked.get()
    if broken == "too little":
        asked = asked._replace(input=asked.input[1:])
    elif broken == "too much":
        asked = asked._replace(input=asked.input + b"1")
    elif broken == "another file":
        (store.folder(6) / "model.onnx").write_bytes(colour_model())
    else:
        python = home / "python"
        python.write_text("#!/bin/sh\nexec sleep 60\n")
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        monkeypatch.setattr(second, "SECONDS", 1)
    assert look._look(asked) == second.BROKEN_SECONDS
    assert sentence in caplog.text
    assert kept(home) == []


def test_a_second_look_is_taken_only_where_uncertain_frames_are_wanted(home: Path) -> None:
    agent = connect(Cloud(None), config.read(home), record=False, fps=100)
    assert agent._review is None


def test_a_full_disk_costs_a_disagreement_and_no_thread(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> bool:
        raise OSError("no space left on device")

    store, running = two_releases(home, shelf)
    look, stop = SecondLook(Waiting(home), store), threading.Event()
    monkeypatch.setattr(look._waiting, "keep", full)
    assert shown(look, running, spotted())
    look.start(stop)
    eventually(lambda: look._due < float("inf"), 120)
    stop.set()
    assert look._due - time.monotonic() > second.BROKEN_SECONDS - 60
