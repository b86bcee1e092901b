"""Is a camera moved by nobody but who holds its release key? The attacks on updates that The Update
Framework lists, as orders: each is refused with its reason, and the camera goes on as before.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from camera.running import Running
from camera.store import Store
from camera.update import restore, take
from lensloop.wire.key_chain import Believed
from lensloop.wire.statement import Statement, text
from lensloop.wire.succession import Succession
from lensloop.wire.succession import text as text_of_keys
from tests.camera import signer
from tests.camera.conftest import Shelf
from tests.camera.signer import KEYS
from tests.camera.small_release import Files, colour_model, make_release, sha256

Document = dict[str, Any]
UNSIGNED, UNKNOWN = "is not signed", "not signed by a key that this camera knows"
NOT_NAMED = "not signed by the key that this camera believes"


class Camera:
    """Registered, with releases; `order` carries out a job as its agent does."""

    def __init__(self, home: Path, shelf: Shelf) -> None:
        self.home, self.shelf = home, shelf
        self.store = Store(home, KEYS)
        self.running: Running | None = restore(self.store)

    def order(self, document: Document) -> tuple[str, str]:
        outcome = take(document, self.store, self.running, "trash")
        self.running = outcome.running
        return outcome.answer.status, outcome.answer.details.get("reason", "")

    def installs(self, *epochs: int) -> None:
        for epoch in epochs:
            assert self.order(self.shelf.put(make_release(epoch)))[0] == "SUCCEEDED"

    def restarts(self) -> "Camera":
        return Camera(self.home, self.shelf)

    @property
    def epoch(self) -> int:
        return self.running.installed.epoch if self.running else 0


def stated(
    document: Document, files: Files, serial: int, by: str = "release", **changes: Any
) -> Document:
    """The order with a statement that names its release, but for `changes`."""
    said = Statement(
        "trash", serial, files.manifest["epoch"], sha256(files.manifest_bytes)
    )._replace(**changes)
    content = text(said)
    return {**document, "statement": content, "statement_signature": _signed(content, by)}


def _signed(content: str, by: str = "release") -> str:
    return signer.in_base64(content.encode(), by)


@pytest.fixture
def camera(home: Path, shelf: Shelf, pauses: list[int]) -> Camera:
    """It took 5 and 6, was led back to 5 by statement 3, and went on to 7."""
    here = Camera(home, shelf)
    here.installs(5, 6)
    assert here.order(back_to(here, 5, serial=3))[0] == "SUCCEEDED"
    here.installs(7)
    return here


def back_to(camera: Camera, epoch: int, serial: int, **changes: Any) -> Document:
    files = make_release(epoch)
    return stated(camera.shelf.put(files), files, serial, **changes)


def release(camera: Camera, epoch: int = 8) -> Document:
    return camera.shelf.put(make_release(epoch))


Attack = Callable[[Camera], Document]


def altered(field: str, value: Any, epoch: int = 8) -> Attack:
    """A good order of a new release in which one field was changed."""

    def attack(camera: Camera) -> Document:
        document = release(camera, epoch)
        part, _, name = field.partition(".")
        if name:
            document[part] = {**document[part], name: value}
        else:
            document[part] = value
        return document

    return attack


def signed_by(key: str) -> Attack:
    def attack(camera: Camera) -> Document:
        document = release(camera)
        document["manifest"]["signature"] = signer.in_base64(make_release(8).manifest_bytes, key)
        return document

    return attack


def manifest_with(**changes: Any) -> Attack:
    """Who can write the bucket changes the manifest and the order; the signature stays."""

    def attack(camera: Camera) -> Document:
        document, good = release(camera), make_release(8)
        changed = good._replace(manifest={**good.manifest, **changes})
        camera.shelf.files["/8/manifest.json"] = changed.manifest_bytes
        document["manifest"]["sha256"] = sha256(changed.manifest_bytes)
        document["epoch"] = changed.manifest["epoch"]
        for part in ("model", "golden"):
            named = changed.manifest[part]
            document[part] |= {key: named[key] for key in document[part] if key in named}
        return document

    return attack


def other_model(camera: Camera) -> Document:
    """Arbitrary software: a model of the attacker, with a manifest that fits it."""
    mine = make_release(8, colour_model((1, 2, 0)))
    document = camera.shelf.put(mine)
    document["manifest"]["signature"] = signer.in_base64(make_release(8).manifest_bytes)
    return document


def swapped_model(camera: Camera) -> Document:
    document = release(camera)
    camera.shelf.files["/8/model.onnx"] = make_release(9).model
    return document


def mixed(part: str) -> Attack:
    """Mix and match: files of two releases, each of them signed."""

    def attack(camera: Camera) -> Document:
        older, newer = release(camera, 8), release(camera, 9)
        return {**newer, part: older[part]}

    return attack


def signature_of_another(camera: Camera) -> Document:
    document = release(camera)
    document["manifest"]["signature"] = signer.in_base64(make_release(9).manifest_bytes)
    return document


def statement_as_signature(camera: Camera) -> Document:
    """What was signed as a statement must not pass as a manifest."""
    document = back_to(camera, 8, serial=9)
    body = document["statement"].encode()
    camera.shelf.offer(document, body)
    del document["statement"], document["statement_signature"]
    return document


def manifest_as_statement(camera: Camera) -> Document:
    content = make_release(6).manifest_bytes.decode()
    return {**release(camera, 6), "statement": content, "statement_signature": _signed(content)}


def back(serial: int = 4, epoch: int = 6, **changes: Any) -> Attack:
    return lambda camera: back_to(camera, epoch, serial, **changes)


def back_unsigned(camera: Camera) -> Document:
    document = back_to(camera, 6, serial=4)
    del document["statement_signature"]
    return document


def back_changed(old: str, new: str) -> Attack:
    """A statement that was changed after it was signed."""

    def attack(camera: Camera) -> Document:
        document = back_to(camera, 6, serial=4)
        assert old in document["statement"]
        return {**document, "statement": document["statement"].replace(old, new)}

    return attack


def back_elsewhere(camera: Camera) -> Document:
    """The statement is of release 5, the order of release 6."""
    other = back_to(camera, 5, serial=4)
    return {**other, **release(camera, 6)}


def back_to_another_file(camera: Camera) -> Document:
    """The same epoch as in the statement, and another, signed manifest."""
    document = back_to(camera, 6, serial=4)
    other = camera.shelf.put(make_release(6, colour_model(marker="another")), "other")
    return {**document, **other}


def change(
    number: int, *keys: str, by: str = "release", itself: str = "", project: str = "trash"
) -> Document:
    """Keys by the names of who holds them."""
    content = text_of_keys(Succession(project, number, tuple(map(signer.pem, keys))))
    return {
        "text": content,
        "by_the_one_before": _signed(content, by),
        "by_itself": _signed(content, itself or keys[0]),
    }


def with_keys(
    camera: Camera, epoch: int, *changes: Document, by: str = "release", **document: Any
) -> Document:
    """An order of this release, which `by` has signed, with these changes of keys."""
    files = make_release(epoch)
    found = {**camera.shelf.put(files), **document, "keys": list(changes)}
    found["manifest"] = {**found["manifest"], "signature": _release_by(files, by)}
    return found


def _release_by(files: Files, by: str) -> str:
    return signer.in_base64(files.manifest_bytes, by)


def keys(*changes: Document, epoch: int = 8, by: str = "release") -> Attack:
    return lambda camera: with_keys(camera, epoch, *changes, by=by)


BAD: dict[str, tuple[Attack, str]] = {
    # Arbitrary software
    "another model with its own manifest": (other_model, UNKNOWN),
    "another model in the place of the one named": (swapped_model, "was announced"),
    "no signature": (lambda c: _without_signature(release(c)), UNSIGNED),
    "an empty signature": (altered("manifest.signature", ""), "not a release order"),
    "a signature of null": (altered("manifest.signature", None), UNSIGNED),
    "a signature that is no base64": (altered("manifest.signature", "~~"), "not a release order"),
    "a signature that is too long": (altered("manifest.signature", "A" * 400), "at most 72 bytes"),
    "a signature that is a list": (altered("manifest.signature", ["A"]), "not a release order"),
    "a signature of zeros": (altered("manifest.signature", "MAYCAQACAQA="), UNKNOWN),
    "other labels": (manifest_with(labels=["green", "red", "blue"]), UNKNOWN),
    "no golden pictures to speak of": (manifest_with(reject_threshold=0.0), UNKNOWN),
    "another field's value": (manifest_with(temperature=2.0), UNKNOWN),
    "a statement for a manifest": (statement_as_signature, "release manifest is wrong"),
    "another project's release": (lambda c: _of_project(c, "other"), "belongs to project 'other'"),
    # Wrong key
    "a stranger's key": (signed_by("stranger"), UNKNOWN),
    "the next key before it was announced": (signed_by("next"), UNKNOWN),
    "a stranger's key, brought along": (
        keys(change(1, "stranger", by="stranger"), by="stranger"),
        NOT_NAMED,
    ),
    "a stranger's key beside the good one": (
        keys(change(1, "release", "stranger", by="stranger"), by="stranger"),
        NOT_NAMED,
    ),
    "a new key that has not signed": (keys(change(1, "next", itself="release")), "that it names"),
    "a second change without the first": (keys(change(2, "next"), by="next"), "up to 0"),
    "a change of keys for another project": (
        keys(change(1, "next", project="other"), by="next"),
        "for project 'other'",
    ),
    "a good change and a forged one": (
        keys(change(1, "next"), change(2, "stranger", by="stranger"), by="stranger"),
        NOT_NAMED,
    ),
    "a change of keys that is none": (
        keys({**change(1, "next"), "text": "{}"}),
        "change of keys is wrong",
    ),
    "a statement for a change of keys": (
        lambda c: with_keys(c, 8, {**change(1, "next"), "text": back_to(c, 6, 4)["statement"]}),
        "`kind` is 'lensloop-statement'",
    ),
    # Rollback
    "an older release": (lambda c: release(c, 6), "not newer than release 6"),
    "the release before, which it knows": (lambda c: release(c, 5), "not newer than release 6"),
    "the same epoch with another file": (
        lambda c: c.shelf.put(make_release(7, colour_model(marker="another"))),
        "another file",
    ),
    "an older release renamed": (altered("epoch", 9, epoch=6), "name different files"),
    "a statement without a signature": (back_unsigned, "`statement_signature` is missing"),
    "a statement of a stranger": (back(by="stranger"), UNKNOWN),
    "a statement for another project": (back(project="other"), "is for project 'other'"),
    "a statement of another release": (back_elsewhere, "another release than the job"),
    "a statement and another file": (back_to_another_file, "another release than the job"),
    "a statement whose serial was raised": (back_changed('"serial":4', '"serial":5'), UNKNOWN),
    "a statement whose epoch was changed": (back_changed('"epoch":6', '"epoch":5'), UNKNOWN),
    "a manifest for a statement": (manifest_as_statement, "job's statement is wrong"),
    # Replayed rollback
    "the statement that it has followed": (back(3, 5), "not newer than release 6"),
    "another statement of that serial": (back(3, 6), "has followed serial 3 already"),
    "a statement of a lower serial": (back(2, 6), "has followed serial 3 already"),
    "a statement of serial 0": (back(0, 6), "`serial` is 0"),
    # Fast-forward
    "an epoch that was never signed": (manifest_with(epoch=2**53), UNKNOWN),
    "an epoch in the order alone": (altered("epoch", 2**53), "name different files"),
    "an epoch beyond all numbers": (altered("epoch", 2**53 + 1), "not a release order"),
    "a serial that was never signed": (back(2**53, by="stranger"), UNKNOWN),
    "a serial beyond all numbers": (back(2**53 + 1), "`serial` is"),
    # Mix and match
    "another release's manifest": (mixed("manifest"), "name different files"),
    "another release's model": (mixed("model"), "name different files"),
    "another release's golden pictures": (
        lambda c: {**release(c), "golden": {**release(c)["golden"], "sha256": "0" * 64}},
        "name different files",
    ),
    "another release's signature": (signature_of_another, UNKNOWN),
}


def _without_signature(document: Document) -> Document:
    del document["manifest"]["signature"]
    return document


def _of_project(camera: Camera, project: str) -> Document:
    return camera.shelf.put(make_release(8, project=project))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_order_moves_no_camera(camera: Camera, name: str) -> None:
    attack, sentence = BAD[name]
    document = json.loads(json.dumps(attack(camera)))
    before = camera.store.state
    camera.shelf.requests.clear()
    status, reason = camera.order(document)
    assert (status in ("REJECTED", "FAILED"), sentence in reason) == (True, True), (status, reason)
    assert camera.epoch == camera.restarts().epoch == 7
    assert camera.store.state.followed == before.followed
    assert camera.store.believed == camera.restarts().store.believed == signer.BELIEVED
    if sentence in (UNSIGNED, UNKNOWN):
        assert not [path for path in camera.shelf.requests if "manifest" not in path]


def test_a_camera_without_a_key_takes_nothing_and_says_what_to_do(home: Path, shelf: Shelf) -> None:
    store = Store(home)
    store.open()
    outcome = take(shelf.put(make_release(8)), store, None, "trash")
    assert outcome.answer.status == "REJECTED"
    assert "run `lensloop camera add` again" in outcome.answer.details["reason"]
    assert shelf.requests == ["/8/manifest.json"]


def test_a_signed_statement_leads_back_once_and_the_next_release_leads_on(camera: Camera) -> None:
    statement = back_to(camera, 6, serial=4)
    assert camera.order(statement) == ("SUCCEEDED", "")
    assert camera.epoch == camera.restarts().epoch == 6
    assert camera.order(statement) == ("SUCCEEDED", ""), "its answer was lost, and it comes again"
    status, reason = camera.order(release(camera, 7))
    assert (status, "from which a signed statement led this camera back" in reason) == (
        "REJECTED",
        True,
    )
    camera.installs(8)
    assert camera.order(statement)[0] == "REJECTED"
    assert camera.restarts().epoch == 8


def test_a_release_that_was_given_up_can_be_ordered_again_by_a_statement(camera: Camera) -> None:
    assert camera.order(back_to(camera, 6, serial=4))[0] == "SUCCEEDED"
    assert camera.order(back_to(camera, 7, serial=5))[0] == "SUCCEEDED"
    assert camera.restarts().epoch == 7


def test_what_a_statement_led_back_from_is_not_come_back_to(camera: Camera) -> None:
    """Not even when the release that it named has rotted."""
    assert camera.order(back_to(camera, 6, serial=4))[0] == "SUCCEEDED"
    (camera.home / "releases" / "6" / "model.onnx").write_bytes(b"rot")
    again = camera.restarts()
    assert again.running is None
    again.installs(6)


def test_a_statement_that_fails_may_come_again(camera: Camera) -> None:
    statement = back_to(camera, 6, serial=4)
    kept = camera.shelf.files.pop("/6/model.onnx")
    assert camera.order(statement)[0] == "FAILED"
    assert camera.epoch == 7
    camera.shelf.files["/6/model.onnx"] = kept
    assert camera.order(statement)[0] == "SUCCEEDED"


BESIDE = change(1, "next", "release")
ALONE = change(2, "next", by="next")
AT_ONCE = change(1, "next")


def takes(camera: Camera, epoch: int, *changes: Document, by: str) -> str:
    """Nothing where it takes it, else why not."""
    return camera.order(with_keys(camera, epoch, *changes, by=by))[1]


def test_another_key_signs_beside_the_old_one_and_then_alone(camera: Camera) -> None:
    assert takes(camera, 8, BESIDE, by="next") == ""
    assert takes(camera, 9, BESIDE, by="release") == "", "it counts until it is retired"
    assert takes(camera, 10, BESIDE, ALONE, by="next") == ""
    again = camera.restarts()
    assert again.store.believed == Believed(2, (signer.pem("next"),))
    assert UNKNOWN in takes(again, 11, BESIDE, ALONE, by="release")
    assert UNKNOWN in takes(again, 11, by="release"), "nor without the changes"
    assert again.epoch == 10
    assert takes(again, 11, by="next") == ""


def test_a_camera_that_was_away_for_several_changes_follows_them_at_once(camera: Camera) -> None:
    last = change(3, "last", by="next")
    assert takes(camera, 8, BESIDE, ALONE, last, by="last") == ""
    assert camera.restarts().store.believed == Believed(3, (signer.pem("last"),))


def test_the_running_release_brings_the_new_key(camera: Camera) -> None:
    """No camera changes its model for it."""
    camera.shelf.requests.clear()
    assert takes(camera, 7, AT_ONCE, by="next") == ""
    assert camera.shelf.requests == ["/7/manifest.json"]
    assert (camera.epoch, camera.restarts().store.believed.number) == (7, 1)


def test_keys_are_followed_whatever_becomes_of_the_release(camera: Camera) -> None:
    """A canary runs a newer one than the order that brings the key."""
    assert "older than release 7" in takes(camera, 6, AT_ONCE, by="next")
    assert (camera.epoch, camera.restarts().store.believed.number) == (7, 1)


def test_an_old_change_that_is_played_back_moves_no_key(camera: Camera) -> None:
    assert takes(camera, 8, BESIDE, ALONE, by="next") == ""
    stolen = change(1, "stranger")  # by the key that was retired
    assert UNKNOWN in takes(camera, 9, stolen, by="stranger")
    assert NOT_NAMED in takes(camera, 9, change(3, "stranger"), by="stranger")
    assert UNKNOWN in takes(camera, 9, BESIDE, by="release")
    assert camera.restarts().store.believed == Believed(2, (signer.pem("next"),))


def test_the_key_before_names_no_other_one_while_it_still_counts(camera: Camera) -> None:
    assert takes(camera, 8, BESIDE, by="next") == ""
    assert NOT_NAMED in takes(camera, 9, BESIDE, change(2, "stranger"), by="stranger")


def test_a_statement_of_a_key_that_is_retired_leads_nowhere(camera: Camera) -> None:
    assert takes(camera, 8, BESIDE, ALONE, by="next") == ""
    old = back_to(camera, 7, serial=9)
    old["manifest"]["signature"] = _release_by(make_release(7), "next")
    assert UNKNOWN in camera.order(old)[1]
    signed_anew = {**old, "statement_signature": _signed(old["statement"], "next")}
    assert camera.order(signed_anew) == ("SUCCEEDED", "")
    assert camera.epoch == camera.restarts().epoch == 7


def test_a_statement_that_was_followed_comes_again_after_a_change_of_keys(camera: Camera) -> None:
    said = back_to(camera, 6, serial=4)
    assert camera.order(said) == ("SUCCEEDED", "")
    assert takes(camera, 6, BESIDE, by="next") == ""
    assert camera.order({**said, "keys": [BESIDE]}) == ("SUCCEEDED", "")


def test_whoever_had_the_key_before_used_up_no_serial(camera: Camera) -> None:
    """Fast-forward: with a stolen key somebody stated the highest serial there is."""
    assert camera.order(back_to(camera, 6, serial=2**53))[0] == "SUCCEEDED"
    assert takes(camera, 6, AT_ONCE, by="next") == ""
    files = make_release(5)
    back = stated(with_keys(camera, 5, AT_ONCE, by="next"), files, 5, by="next")
    assert camera.order(back) == ("SUCCEEDED", "")
    assert camera.restarts().epoch == 5


def test_while_both_keys_count_serials_go_on(camera: Camera) -> None:
    assert takes(camera, 8, BESIDE, by="next") == ""
    assert "has followed serial 3 already" in camera.order(back_to(camera, 6, serial=3))[1]
    assert camera.restarts().store.state.followed.serial == 3


def test_a_camera_that_is_registered_again_believes_what_it_was_given_then(
    camera: Camera,
) -> None:
    assert takes(camera, 8, BESIDE, by="next") == ""
    registered = Store(camera.home, (signer.pem("last"),), 3)
    registered.open()
    assert registered.believed == Believed(3, (signer.pem("last"),))
    older = Store(camera.home, KEYS, 0)
    older.open()
    assert older.believed.number == 1, "what it has followed since counts"


def test_a_camera_that_was_registered_after_a_change_follows_only_later_ones(
    home: Path, shelf: Shelf, pauses: list[int]
) -> None:
    new = Camera(home, shelf)
    new.store = Store(home, (signer.pem("next"),), 1)
    new.store.open()
    assert takes(new, 8, BESIDE, by="next") == ""
    assert UNKNOWN in takes(new, 9, BESIDE, by="release")
    assert takes(new, 9, BESIDE, ALONE, by="next") == ""
    assert new.store.believed.number == 2


def test_a_damaged_state_costs_no_key(camera: Camera) -> None:
    assert takes(camera, 8, BESIDE, ALONE, by="next") == ""
    (camera.home / "state.json").write_text("{")
    again = camera.restarts()
    assert (again.epoch, again.store.believed) == (8, signer.BELIEVED)
    assert takes(again, 9, BESIDE, ALONE, by="next") == "", "each order brings them"
