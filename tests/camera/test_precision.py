"""A camera runs a release in eight bits where that is faster and proves itself, and no release
fails for them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from camera import precision, trial
from camera.health import Fault
from camera.model import overflows
from camera.prove import Proof
from camera.recovery import give_back, note_hang
from camera.running import Running
from camera.store import Store
from camera.update import restore, take
from lensloop.wire.errors import BadArtifact
from tests.camera.conftest import Shelf
from tests.camera.signer import KEYS
from tests.camera.small_release import COLOURS, LABELS, Files, colour_model, make_release

EIGHT = colour_model(int8=True)
FILE = "model.int8.onnx"


@pytest.fixture
def milliseconds(monkeypatch: pytest.MonkeyPatch) -> dict[bool, float]:
    """What a picture takes in eight bits, and without; the proofs themselves are real ones."""
    takes, prove = {False: 10.0, True: 5.0}, trial.prove_apart

    def proved(folder: Path, seconds: float, int8: bool = False, **_: float) -> Proof:
        return prove(folder, seconds, int8=int8)._replace(milliseconds=takes[int8])

    monkeypatch.setattr("camera.trial.prove_apart", proved)
    return takes


def install(home: Path, shelf: Shelf, files: Files) -> tuple[Store, Running]:
    store = Store(home, KEYS)
    outcome = take(shelf.put(files), store, restore(store), "trash")
    assert outcome.answer.status == "SUCCEEDED", outcome.answer
    assert outcome.running is not None
    assert outcome.answer.details["precision"] == outcome.running.precision
    return store, outcome.running


def assert_right(running: Running) -> None:
    for label in LABELS:
        shown = Image.new("RGB", (64, 48), COLOURS[label])
        assert running.model.predict(shown).predicted == label


@pytest.mark.parametrize(
    ("takes", "used"), [(5.0, "int8"), (9.0, "int8"), (9.5, "fp32"), (30.0, "fp32")]
)
def test_what_is_faster_here_is_used_and_both_files_are_kept(
    home: Path, shelf: Shelf, milliseconds: dict[bool, float], takes: float, used: str
) -> None:
    milliseconds[True] = takes
    _, running = install(home, shelf, make_release(7, int8=EIGHT))
    assert (running.precision, running.note) == (used, "")
    assert running.proof == Proof(6, 6, milliseconds[used == "int8"])
    assert running.installed.sha256 == make_release(7).manifest["model"]["sha256"]
    assert_right(running)
    kept = {file.name for file in (home / "current").iterdir()}
    assert kept == {"manifest.json", "model.onnx", FILE, "golden.zip"}
    again = restore(Store(home, KEYS))
    assert again is not None
    assert again.precision == used


def test_they_prove_themselves_in_a_process_of_their_own(
    home: Path, shelf: Shelf, tried_apart: None
) -> None:
    _, running = install(home, shelf, make_release(7, int8=EIGHT))
    proof = trial.prove_apart(home / "current", 20, int8=True)
    assert (proof.golden, running.note) == ("6/6", "")


def wrong() -> Files:
    return make_release(7, int8=colour_model((1, 2, 0), int8=True))


def not_a_model() -> Files:
    return make_release(7, int8=b"eight bits of nonsense")


def looping() -> Files:
    import onnx

    model = onnx.load_from_string(EIGHT)
    model.graph.node.add(op_type="Mul", domain="somebody", input=["mean"], output=["other"])
    return make_release(7, int8=model.SerializeToString())


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (wrong, "answered wrongly"),
        (not_a_model, "no ONNX model"),
        (looping, "operators that are not ONNX's own"),
    ],
)
def test_eight_bits_that_do_not_prove_themselves_fail_no_release(
    home: Path, shelf: Shelf, files: Callable[[], Files], why: str
) -> None:
    _, running = install(home, shelf, files())
    assert running.precision == "fp32"
    assert why in running.note
    assert_right(running)


def swapped(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.files[f"/7/{FILE}"] = shelf.files[f"/7/{FILE}"][::-1]


def gone(document: dict[str, Any], shelf: Shelf) -> None:
    del shelf.files[f"/7/{FILE}"]


def not_ordered(document: dict[str, Any], shelf: Shelf) -> None:
    del document["int8"]


def by_plain_http(document: dict[str, Any], shelf: Shelf) -> None:
    document["int8"]["url"] = f"http://example.com/{FILE}"


@pytest.mark.parametrize("change", [swapped, gone, not_ordered, by_plain_http])
def test_eight_bits_that_do_not_arrive_fail_no_release(
    home: Path, shelf: Shelf, pauses: list[int], change: Callable[..., None]
) -> None:
    document = shelf.put(make_release(7, int8=EIGHT))
    change(document, shelf)
    store = Store(home, KEYS)
    outcome = take(document, store, restore(store), "trash")
    assert outcome.answer.status == "SUCCEEDED"
    assert outcome.running is not None
    assert outcome.running.precision == "fp32"
    assert not (home / "current" / FILE).exists()


def test_a_release_fails_by_its_model_whatever_its_eight_bits_do(
    home: Path, shelf: Shelf, milliseconds: dict[bool, float]
) -> None:
    store = Store(home, KEYS)
    bad = make_release(7, model=colour_model((1, 2, 0)), int8=EIGHT)
    outcome = take(shelf.put(bad), store, restore(store), "trash")
    assert (outcome.answer.status, outcome.running) == ("FAILED", None)


def test_eight_bits_that_fail_at_run_time_are_given_up_and_the_release_is_not(
    home: Path, shelf: Shelf, milliseconds: dict[bool, float]
) -> None:
    bits = colour_model(int8=True, dark=False)
    store, running = install(home, shelf, make_release(7, int8=bits))
    assert running.precision == "int8"
    black = Image.new("RGB", (64, 48))
    with pytest.raises(BadArtifact):
        running.model.predict(black)
    beats: list[float] = []
    plain = give_back(
        store, running, Fault("dark"), lambda model: model.predict(black), beats.append
    )
    assert (plain.installed, plain.precision) == (running.installed, "fp32")
    assert "dark" in plain.note
    assert beats
    again = restore(Store(home, KEYS))
    assert again is not None
    assert (again.installed, again.precision) == (running.installed, "fp32")


@pytest.mark.parametrize(("takes", "then", "hangs"), [(5.0, "fp32", 0), (30.0, "fp32", 1)])
def test_eight_bits_that_hang_are_given_up_before_the_release_is(
    home: Path,
    shelf: Shelf,
    milliseconds: dict[bool, float],
    takes: float,
    then: str,
    hangs: int,
) -> None:
    milliseconds[True] = takes
    store, running = install(home, shelf, make_release(7, int8=EIGHT))
    note_hang(store, running)
    again = restore(Store(home, KEYS))
    assert again is not None
    assert (again.precision, store.hangs(running.installed)) == (then, hangs)


def test_both_proofs_take_no_longer_than_one_may(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer than the model itself is not waited for."""
    install(home, shelf, make_release(7, int8=EIGHT))
    asked: list[float] = []

    def proved(_: Path, seconds: float, int8: bool = False, trying: float = 0) -> Proof:
        asked.append(seconds)
        raise BadArtifact("it hangs")

    monkeypatch.setattr("camera.trial.prove_apart", proved)
    for spent, most in ((4.0, 9.0), (48.0, 2.0)):
        monkeypatch.setattr("camera.precision.time.monotonic", lambda spent=spent: 100 + spent)
        found = precision.fastest(home / "current", Proof(6, 6, 10.0), 100.0, 50.0)
        assert found.precision == "fp32"
        assert asked.pop() == most


@pytest.mark.parametrize(
    ("flags", "inexact"), [("sse4_2", True), ("avx2 avx512_vnni", False), ("avx_vnni", False)]
)
def test_a_processor_whose_fast_multiplication_overflows_is_known(
    tmp_path: Path, flags: str, inexact: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: fpu {flags} fma\n")
    assert overflows(tmp_path / "cpuinfo") == inexact
    assert overflows(tmp_path / "none")
