"""A camera takes a good release, refuses or survives every other,
and always has a working model afterwards.
"""

import errno
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from camera import disk, download, trial
from camera.running import Running
from camera.store import Store
from camera.update import MAX_CUTS, MAX_STARTS, restore, take
from tests.camera.conftest import Shelf
from tests.camera.signer import KEYS
from tests.camera.small_release import (
    COLOURS,
    LABELS,
    colour_model,
    golden_zip,
    make_release,
    picture,
    sha256,
)


def start(home: Path) -> tuple[Store, Running | None]:
    """What a restart of the agent does."""
    store = Store(home, KEYS)
    return store, restore(store)


def install(home: Path, shelf: Shelf, *epochs: int) -> tuple[Store, Running]:
    store, running = start(home)
    for epoch in epochs:
        outcome = take(shelf.put(make_release(epoch)), store, running, "trash")
        assert outcome.answer.status == "SUCCEEDED", outcome.answer
        running = outcome.running
    assert running is not None
    return store, running


def assert_works(home: Path, running: Running | None, epoch: int) -> None:
    assert running is not None
    assert running.installed.epoch == epoch
    assert (home / "current").resolve() == home.resolve() / "releases" / str(epoch)
    for label in LABELS:
        shown = Image.new("RGB", (64, 48), COLOURS[label])
        assert running.model.predict(shown).predicted == label


@pytest.mark.usefixtures("tried_apart")
def test_a_release_is_verified_proved_and_committed(home: Path, shelf: Shelf) -> None:
    files = make_release(7)
    store, running = start(home)
    outcome = take(shelf.put(files), store, running, "trash")
    details = outcome.answer.details
    assert outcome.answer.status == "SUCCEEDED"
    assert (details["epoch"], details["sha256"], details["golden"]) == (
        "7",
        sha256(files.model),
        "6/6",
    )
    assert all(isinstance(value, str) for value in details.values())
    assert_works(home, outcome.running, 7)
    assert_works(home, start(home)[1], 7)


def test_the_last_two_good_releases_are_kept(home: Path, shelf: Shelf) -> None:
    install(home, shelf, 3, 5, 6)
    assert {folder.name for folder in (home / "releases").iterdir()} == {"5", "6"}


def test_the_running_release_again_is_a_success_without_a_download(
    home: Path, shelf: Shelf
) -> None:
    store, running = install(home, shelf, 7)
    shelf.requests.clear()
    outcome = take(shelf.put(make_release(7)), store, running, "trash")
    assert outcome.answer.status == "SUCCEEDED"
    assert shelf.requests == ["/7/manifest.json"]
    assert outcome.running is running


def swapped(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.files["/8/model.onnx"] = shelf.files["/8/model.onnx"][::-1]


def longer(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.files["/8/model.onnx"] += b"more"


def shorter(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.files["/8/model.onnx"] = shelf.files["/8/model.onnx"][:-1]


def gone(document: dict[str, Any], shelf: Shelf) -> None:
    del shelf.files["/8/golden.zip"]


def plain_http(document: dict[str, Any], shelf: Shelf) -> None:
    document["model"]["url"] = "http://example.com/model.onnx"


def local_file(document: dict[str, Any], shelf: Shelf) -> None:
    document["model"]["url"] = "file:///etc/passwd"


def other_operation(document: dict[str, Any], shelf: Shelf) -> None:
    document["operation"] = "format the disk"


def other_size(document: dict[str, Any], shelf: Shelf) -> None:
    document["model"]["size"] += 1


def address(text: str) -> Callable[..., None]:
    def fault(document: dict[str, Any], shelf: Shelf) -> None:
        document["manifest"]["url"] = text

    return fault


def endless_epoch(document: dict[str, Any], shelf: Shelf) -> None:
    document["epoch"] = float("inf")


def not_json(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.offer(document, b"{half")


def deep(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.offer(document, b"[" * 100_000)


def forged_manifest(document: dict[str, Any], shelf: Shelf) -> None:
    shelf.files["/8/manifest.json"] += b" "


@pytest.mark.parametrize(
    ("fault", "status", "sentence"),
    [
        (swapped, "FAILED", "sha256"),
        (longer, "FAILED", "More than the"),
        (shorter, "FAILED", "were announced"),
        (gone, "FAILED", "404"),
        (plain_http, "FAILED", "https"),
        (local_file, "FAILED", "https"),
        (forged_manifest, "FAILED", "sha256"),
        (other_operation, "REJECTED", "'format the disk'"),
        (other_size, "REJECTED", "name different files"),
        (not_json, "REJECTED", "cannot be read"),
        (deep, "REJECTED", "cannot be read"),
        (endless_epoch, "REJECTED", "not a release order"),
        (address("https://[half"), "FAILED", "is not one"),
        (address("https://localhost:9/ü"), "FAILED", "is not one"),
        (address("https://localhost:x/"), "FAILED", "is not one"),
    ],
)
def test_a_damaged_delivery_is_answered_with_its_reason(
    home: Path,
    shelf: Shelf,
    fault: Callable[..., None],
    status: str,
    sentence: str,
) -> None:
    store, running = install(home, shelf, 7)
    document = shelf.put(make_release(8))
    fault(document, shelf)
    outcome = take(document, store, running, "trash")
    assert (outcome.answer.status, sentence in outcome.answer.details["reason"]) == (
        status,
        True,
    ), outcome.answer
    assert_works(home, outcome.running, 7)
    assert_works(home, start(home)[1], 7)
    assert {path.name for path in (home / "releases").iterdir()} == {"7"}


def not_a_name() -> bytes:
    return golden_zip({"ü": b""}).replace("ü".encode(), b"\xff\xff")


def compressed() -> bytes:
    pictures = make_release(8).manifest["golden"]["pictures"]
    return golden_zip(
        {entry["file"]: picture(entry["label"]) for entry in pictures}, zipfile.ZIP_LZMA
    )


@pytest.mark.parametrize(
    ("made", "status", "sentence"),
    [
        (lambda: make_release(6), "REJECTED", "older than release 7"),
        (lambda: make_release(7, colour_model(marker="another")), "REJECTED", "another file"),
        (lambda: make_release(8, project="cats"), "REJECTED", "'cats'"),
        (lambda: make_release(8, min_agent=99), "REJECTED", "agent 99"),
        (lambda: make_release(8, format=2), "REJECTED", "format"),
        (
            lambda: make_release(8, input={"width": 32, "height": 32, "resize": "magic"}),
            "REJECTED",
            "'magic'",
        ),
        (lambda: make_release(8, model=b"this is not a model"), "FAILED", "no ONNX model"),
        (lambda: make_release(8, model=colour_model()[:200]), "FAILED", "no ONNX model"),
        (
            lambda: make_release(8, model=colour_model(output="something")),
            "FAILED",
            "must answer probabilities and nothing unknown",
        ),
        (
            lambda: make_release(8, labels=["red", "green", "blue", "black"]),
            "FAILED",
            "answers for 3 labels, and the release names 4",
        ),
        (
            lambda: make_release(8, model=colour_model(order=(1, 0, 2))),
            "FAILED",
            "4 of 6 golden pictures",
        ),
        (
            lambda: make_release(8, unfamiliar_threshold=60.0),
            "FAILED",
            "must answer probabilities and unfamiliar",
        ),
        (
            lambda: make_release(8, colour_model(unfamiliar="least"), unfamiliar_threshold=30.0),
            "FAILED",
            "3 of 6 golden pictures are answered wrongly: golden/",
        ),
        (
            lambda: make_release(8, colour_model(unfamiliar="nothing"), unfamiliar_threshold=60.0),
            "FAILED",
            "[nan] does not say how unfamiliar a picture is",
        ),
        (lambda: make_release(8, golden=b"no zip"), "FAILED", "golden pictures cannot be read"),
        (
            lambda: make_release(8, golden=golden_zip({"x": b""})),
            "FAILED",
            "golden pictures cannot be read",
        ),
        (lambda: make_release(8, golden=not_a_name()), "FAILED", "golden pictures cannot be read"),
        (lambda: make_release(8, golden=compressed()), "FAILED", "too large or compressed"),
    ],
)
def test_a_release_that_is_no_good_here_leaves_the_old_one_running(
    home: Path, shelf: Shelf, made: Callable[[], Any], status: str, sentence: str
) -> None:
    store, running = install(home, shelf, 7)
    outcome = take(shelf.put(made(), "other"), store, running, "trash")
    assert (outcome.answer.status, sentence in outcome.answer.details["reason"]) == (
        status,
        True,
    ), outcome.answer
    assert_works(home, outcome.running, 7)
    assert_works(home, start(home)[1], 7)
    assert {path.name for path in (home / "releases").iterdir() if path.is_dir()} == {"7"}


def test_a_golden_picture_that_is_unfamiliar_here_is_named(home: Path, shelf: Shelf) -> None:
    """It was chosen among those that are not: so this model computes something else here."""
    strict = make_release(8, colour_model(unfamiliar="least"), unfamiliar_threshold=30.0)
    store, running = install(home, shelf, 7)
    reason = take(shelf.put(strict), store, running, "trash").answer.details["reason"]
    assert reason.endswith(".png is unfamiliar here and must not be")


def test_a_release_that_can_tell_what_is_unfamiliar_is_proved_and_tells_it(
    home: Path, shelf: Shelf
) -> None:
    able = make_release(8, colour_model(unfamiliar="least"), unfamiliar_threshold=60.0)
    store, running = install(home, shelf, 7)
    outcome = take(shelf.put(able), store, running, "trash")
    assert outcome.answer.status == "SUCCEEDED"
    assert_works(home, outcome.running, 8)
    assert outcome.running is not None
    grey = outcome.running.model.predict(Image.new("RGB", (64, 48), (128, 128, 128)))
    red = outcome.running.model.predict(Image.new("RGB", (64, 48), COLOURS["red"]))
    assert (grey.unfamiliar, grey.unfamiliarity) == (True, 128.0)
    assert (red.unfamiliar, red.unfamiliarity) == (False, 20.0)


def test_an_output_that_the_release_does_not_speak_of_is_passed_over(
    home: Path, shelf: Shelf
) -> None:
    store, running = start(home)
    outcome = take(
        shelf.put(make_release(8, colour_model(unfamiliar="nothing"))), store, running, "trash"
    )
    assert outcome.running is not None
    grey = outcome.running.model.predict(Image.new("RGB", (64, 48), (128, 128, 128)))
    assert (grey.unfamiliar, grey.unfamiliarity) == (False, None)


def test_golden_pictures_that_were_exchanged_prove_nothing(home: Path, shelf: Shelf) -> None:
    good = make_release(8)
    names = [entry["file"] for entry in good.manifest["golden"]["pictures"]]
    exchanged = make_release(8, golden=golden_zip({name: picture("red") for name in names}))
    store, running = install(home, shelf, 7)
    outcome = take(shelf.put(exchanged), store, running, "trash")
    assert "is not the one the manifest names" in outcome.answer.details["reason"]
    assert_works(home, outcome.running, 7)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"operation": "release"}])
def test_a_document_that_orders_nothing_is_rejected(home: Path, document: Any) -> None:
    store, running = start(home)
    assert take(document, store, running, "trash").answer.status == "REJECTED"


def test_a_server_that_recovers_is_waited_for(home: Path, shelf: Shelf, pauses: list[int]) -> None:
    shelf.statuses["/7/model.onnx"] = [503, 429]
    _, running = install(home, shelf, 7)
    assert pauses == [1, 2]
    assert_works(home, running, 7)


def test_a_full_disk_is_noticed_before_the_download(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = install(home, shelf, 7)
    monkeypatch.setattr(disk, "free_bytes", lambda _: download.SPARE_BYTES)
    document = shelf.put(make_release(8))
    outcome = take(document, store, running, "trash")
    assert "make room" in outcome.answer.details["reason"]
    assert "/8/model.onnx" not in shelf.requests
    assert_works(home, outcome.running, 7)


@pytest.mark.parametrize("function", ["write", "write_json", "move", "point", "settle", "remove"])
def test_a_disk_that_fills_up_at_any_step_costs_only_the_new_release(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    store, running = install(home, shelf, 7)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(disk, function, full)
        outcome = take(shelf.put(make_release(8)), store, running, "trash")
    assert outcome.answer.status == "FAILED"
    assert "No space left" in outcome.answer.details["reason"]
    assert_works(home, start(home)[1], 7)
    assert_works(home, take(shelf.put(make_release(8)), *start(home), "trash").running, 8)


@pytest.mark.parametrize("function", ["write", "write_json", "move", "point", "settle", "remove"])
def test_a_disk_that_can_only_be_read_starts_the_camera_with_its_release(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """What a worn-out memory card becomes, and what a full disk is to whoever must write."""
    install(home, shelf, 6, 7)
    (home / "releases" / "8.part").mkdir()  # something to clear away

    def refuse(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(disk, function, refuse)
    with disk.only_one(home):
        assert_works(home, start(home)[1], 7)


def test_a_committed_release_succeeded_even_if_an_old_one_cannot_be_removed(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, running = install(home, shelf, 6, 7)
    remove = disk.remove

    def stuck(folder: Path) -> None:
        if folder.name == "6":
            raise PermissionError(errno.EACCES, "Permission denied")
        remove(folder)

    monkeypatch.setattr(disk, "remove", stuck)
    outcome = take(shelf.put(make_release(8)), store, running, "trash")
    assert outcome.answer.status == "SUCCEEDED"
    assert_works(home, outcome.running, 8)
    assert_works(home, start(home)[1], 8)


def test_a_release_that_kills_the_agent_each_time_is_given_up(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    install(home, shelf, 7)
    document = shelf.put(make_release(8))
    with monkeypatch.context() as patch:
        patch.setattr("camera.trial.prove_apart", kill)
        for _ in range(MAX_STARTS):
            store = Store(home, KEYS)
            store.open()
            with pytest.raises(Killed):
                take(document, store, None, "trash")
    store, running = start(home)
    outcome = take(document, store, running, "trash")
    assert "never came to an end" in outcome.answer.details["reason"]
    assert_works(home, outcome.running, 7)


def test_a_committed_release_that_rots_gives_way_to_the_one_before(
    home: Path, shelf: Shelf
) -> None:
    install(home, shelf, 6, 7)
    model = home / "releases" / "7" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    store, running = start(home)
    assert_works(home, running, 6)
    assert take(shelf.put(make_release(5)), store, running, "trash").answer.status == "REJECTED"
    assert_works(home, take(shelf.put(make_release(7)), store, running, "trash").running, 7)


def test_what_ran_until_now_is_kept_and_not_what_had_rotted(home: Path, shelf: Shelf) -> None:
    install(home, shelf, 6, 7)
    (home / "releases" / "7" / "model.onnx").write_bytes(b"?")
    store, running = start(home)
    assert_works(home, take(shelf.put(make_release(8)), store, running, "trash").running, 8)
    (home / "releases" / "8" / "model.onnx").write_bytes(b"?")
    assert_works(home, start(home)[1], 6)


DAMAGES = {
    "empty": b"",
    "half": b"{half",
    "a list": b"[]",
    "no list": b'{"good": 5}',
    "endless": b'{"good": [{"epoch": 1e999, "sha256": "%s"}], "starts": 0}' % (b"a" * 64),
    "negative": b'{"good": [], "starts": -1}',
    "no number": b'{"good": [], "starts": NaN}',
    "deep": b"[" * 100_000,
    "gone": None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_lost_state_is_rebuilt_from_releases_that_prove_themselves(
    home: Path, shelf: Shelf, damage: bytes | None
) -> None:
    install(home, shelf, 6, 7)
    state = home / "state.json"
    state.unlink() if damage is None else state.write_bytes(damage)
    assert_works(home, start(home)[1], 7)


def test_the_state_names_what_is_good(home: Path, shelf: Shelf) -> None:
    install(home, shelf, 6, 7)
    state = json.loads((home / "state.json").read_text())
    assert [release["epoch"] for release in state["good"]] == [7, 6]
    assert state["trying"] is None


@pytest.mark.parametrize("stray", ["current.part", "state.json.part", "current"])
def test_what_stands_in_the_way_is_cleared_away(home: Path, shelf: Shelf, stray: str) -> None:
    """A folder where a link or a file must be: as a person's copy of the camera's folder makes."""
    install(home, shelf, 7)
    if stray == "current":
        (home / stray).unlink()
    (home / stray / "something").mkdir(parents=True)
    store, running = start(home)
    assert_works(home, running, 7)
    assert_works(home, take(shelf.put(make_release(8)), store, running, "trash").running, 8)


def activated_only(home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, files: Any) -> None:
    """The power goes between activation and proof, and takes state.json along."""

    class Cut(BaseException):
        pass

    def cut(*_: Any) -> None:
        raise Cut

    store, running = start(home)
    with monkeypatch.context() as patch:
        patch.setattr("camera.trial.prove_apart", cut)
        with pytest.raises(Cut):
            take(shelf.put(files), store, running, "trash")
    (home / "state.json").write_bytes(b"{half")


def test_an_unproved_release_does_not_become_good_by_the_loss_of_the_state(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would raise the floor: no release below its epoch would ever be taken again."""
    install(home, shelf, 7)
    bad = make_release(900, model=colour_model(order=(1, 0, 2)))
    activated_only(home, shelf, monkeypatch, bad)
    store, running = start(home)
    assert_works(home, running, 7)
    assert [release.epoch for release in store.state.good] == [7]
    assert not (home / "releases" / "900").exists()
    assert_works(home, take(shelf.put(make_release(8)), store, running, "trash").running, 8)


def test_an_unproved_release_that_ends_the_agent_cannot_do_so_for_ever(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home, shelf, 7)
    activated_only(home, shelf, monkeypatch, make_release(8))
    prove = trial.prove_apart

    class Killed(BaseException):
        pass

    def kill(folder: Path, seconds: float) -> Any:
        if folder.name == "8":
            raise Killed
        return prove(folder, seconds)

    monkeypatch.setattr("camera.trial.prove_apart", kill)
    for _ in range(MAX_STARTS):
        with pytest.raises(Killed):
            start(home)
    assert_works(home, start(home)[1], 7)


@pytest.mark.parametrize(("cuts", "status"), [(MAX_CUTS - 1, "SUCCEEDED"), (MAX_CUTS, "FAILED")])
def test_cuts_of_the_power_in_proofs_do_not_speak_against_a_release_for_long(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, cuts: int, status: str
) -> None:
    """Each time the computer has started anew, so the agent did not die by itself."""
    install(home, shelf, 7)
    for number in range(cuts + 1):
        monkeypatch.setattr(disk, "boot", lambda number=number: f"boot {number}")
        if number < cuts:
            with monkeypatch.context() as patch:
                patch.setattr("camera.trial.prove_apart", _the_power_goes)
                store = Store(home, KEYS)
                store.open()
                with pytest.raises(KeyboardInterrupt):
                    take(shelf.put(make_release(8)), store, None, "trash")
    assert take(shelf.put(make_release(8)), *start(home), "trash").answer.status == status


def _the_power_goes(*_: Any) -> None:
    raise KeyboardInterrupt


def test_an_agent_that_is_cut_off_in_downloads_loses_no_release(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home, shelf, 7)
    document = shelf.put(make_release(8))
    with monkeypatch.context() as patch:
        patch.setattr(download, "_stream", _the_power_goes)
        for _ in range(MAX_STARTS + 2):
            with pytest.raises(KeyboardInterrupt):
                take(document, *start(home), "trash")
    assert_works(home, take(document, *start(home), "trash").running, 8)
