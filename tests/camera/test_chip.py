"""A stock DeepLens runs a release on its own chip where it proves itself there, and on the
processor otherwise. AWS' libraries are stand-ins that keep to their documentation.
"""

import io
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from camera import chip, trial
from camera.health import Fault
from camera.prove import Proof
from camera.recovery import give_back
from camera.results import Results
from camera.running import Running
from camera.store import Store
from camera.update import restore, take
from lensloop.model.deeplens import SYMBOL, bundle
from lensloop.wire.errors import BadArtifact
from tests.camera.conftest import Shelf
from tests.camera.signer import KEYS
from tests.camera.small_release import COLOURS, LABELS, Files, colour_model, make_release

PARAMS = "image-classification-0009.params"
EIGHT = colour_model(int8=True)


def network(weights: bytes = b"good") -> bytes:
    return bundle({SYMBOL: b"{}", PARAMS: weights}, PARAMS, LABELS)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[bool, float]]:
    """A DeepLens, and how many milliseconds its processor takes; in eight bits, and without."""
    takes, prove = {False: 5000.0, True: 4000.0}, trial.prove_apart

    def proved(folder: Path, seconds: float, int8: bool = False, **_: float) -> Proof:
        return prove(folder, seconds, int8=int8)._replace(milliseconds=takes[int8])

    monkeypatch.setattr("camera.trial.prove_apart", proved)
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("stock_deeplens")))
    yield takes
    for name in ("awscam", "mo"):  # a test that comes later runs on a machine without them
        sys.modules.pop(name, None)


def install(home: Path, shelf: Shelf, files: Files) -> tuple[Store, Running]:
    store = Store(home, KEYS)
    outcome = take(shelf.put(files), store, restore(store), "trash")
    assert outcome.answer.status == "SUCCEEDED", outcome.answer
    assert outcome.running is not None
    for label in LABELS:
        shown = Image.new("RGB", (64, 48), COLOURS[label])
        assert outcome.running.model.predict(shown).predicted == label
    return store, outcome.running


def test_the_chip_runs_what_the_optimiser_made_of_the_network(
    home: Path, shelf: Shelf, processor: dict[bool, float]
) -> None:
    _, running = install(home, shelf, make_release(7, deeplens=network(), int8=EIGHT))
    assert (running.precision, running.proof.golden, running.note) == ("fp16", "6/6", "")
    assert running.installed.sha256 == make_release(7).manifest["model"]["sha256"]
    made = home / "current" / "chip" / "network.xml"
    before = made.stat().st_mtime_ns
    again = restore(Store(home, KEYS))
    assert again is not None
    assert again.precision == "fp16"
    assert made.stat().st_mtime_ns == before  # it was not optimised again


def test_an_answer_of_the_chip_is_as_calm_as_the_models(
    home: Path, shelf: Shelf, processor: dict[bool, float]
) -> None:
    def confidence(epoch: int, temperature: float) -> float:
        files = make_release(epoch, deeplens=network(), temperature=temperature)
        _, running = install(home, shelf, files)
        seen = running.model.predict(Image.new("RGB", (64, 48), (100, 90, 80)))
        return seen.confidence

    sure, calm = confidence(7, 1.0), confidence(8, 2.0)
    assert sure == pytest.approx(0.506, abs=0.01)
    assert calm == pytest.approx(0.419, abs=0.01)


def a_link() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(SYMBOL)
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (network(b"odd"), "AWS' optimiser answers 2: it failed"),
        (network(b"does not load"), "the chip cannot load the network"),
        (network(b"mixed up"), "golden pictures are answered wrongly"),
        (b"no archive", "deeplens.tar.gz cannot be read"),
        (a_link(), "deeplens.tar.gz cannot be read"),
    ],
    ids=["not optimised", "not loaded", "wrong", "no archive", "a link"],
)
def test_a_chip_that_fails_leaves_the_release_to_the_processor_and_says_so(
    home: Path, shelf: Shelf, processor: dict[bool, float], content: bytes, why: str
) -> None:
    _, running = install(home, shelf, make_release(7, deeplens=content, int8=EIGHT))
    assert running.precision == "int8"
    assert "runs on the processor and not on the chip" in running.note
    assert why in running.note
    results = Results(home, "deeplens_test", "t", lambda *_: True, lambda: True, record=False)
    results.running(running)
    assert why in results.facts()["last_error"]
    again = restore(Store(home, KEYS))
    assert again is not None
    assert (again.precision, why in again.note) == ("int8", True)


def test_a_chip_that_is_slower_than_the_processor_is_not_used(
    home: Path, shelf: Shelf, processor: dict[bool, float]
) -> None:
    processor[False] = 0.0
    _, running = install(home, shelf, make_release(7, deeplens=network()))
    assert running.precision == "fp32"
    assert "and the processor 0.0" in running.note


def test_a_chip_that_fails_at_run_time_leaves_the_release_to_the_processor(
    home: Path, shelf: Shelf, processor: dict[bool, float]
) -> None:
    files = make_release(7, deeplens=network(b"fails in the dark"))
    store, running = install(home, shelf, files)
    assert running.precision == "fp16"
    black = Image.new("RGB", (64, 48))
    with pytest.raises(BadArtifact, match="the chip does not answer"):
        running.model.predict(black)
    fault = Fault("it fails in the dark")
    plain = give_back(store, running, fault, lambda one: one.predict(black), lambda _: None)
    assert (plain.installed, plain.precision) == (running.installed, "fp32")
    assert "on the chip release 7 failed here" in plain.note
    again = restore(Store(home, KEYS))
    assert again is not None
    assert again.precision == "fp32"


def test_other_cameras_do_not_even_fetch_the_network(home: Path, shelf: Shelf) -> None:
    assert not chip.is_there()
    _, running = install(home, shelf, make_release(7, deeplens=network()))
    assert (running.precision, running.note) == ("fp32", "")
    assert "/7/deeplens.tar.gz" not in shelf.requests
