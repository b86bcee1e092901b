"""Which models prove themselves on golden pictures, and on how many?"""

import io
import itertools
from pathlib import Path

import pytest

from camera.jobs import Answer
from camera.model import Checked, Model, opened
from camera.prove import NotProven, prove
from camera.store import Store
from camera.update import restore, take
from lensloop.wire import manifest
from lensloop.wire.manifest import ManifestError
from lensloop.wire.prediction import Prediction
from tests.camera.conftest import Shelf
from tests.camera.signer import KEYS
from tests.camera.small_release import LABELS, Files, colour_model, make_release
from tests.camera.test_bad_models import constant


def golden_of(*labels: str) -> Files:
    """A release whose golden pictures show these labels alone."""
    made = make_release(7)
    pictures = [each for each in made.manifest["golden"]["pictures"] if each["label"] in labels]
    return made._replace(
        manifest={**made.manifest, "golden": {**made.manifest["golden"], "pictures": pictures}}
    )


def loaded(release: Files, model: bytes) -> Model:
    return opened(Checked(manifest.parse(release.manifest), model, exact=False))


SETS = [labels for count in (2, 3) for labels in itertools.combinations(LABELS, count)]


@pytest.mark.parametrize("answer", LABELS)
@pytest.mark.parametrize("shown", SETS)
def test_a_constant_model_never_passes(answer: str, shown: tuple[str, ...]) -> None:
    release = golden_of(*shown)
    model = loaded(release, constant(LABELS.index(answer)))
    with pytest.raises(NotProven):
        prove(model, io.BytesIO(release.golden))
    with pytest.raises(NotProven):
        prove(model, io.BytesIO(release.golden), trying=0)


@pytest.mark.parametrize("shown", LABELS)
def test_pictures_that_would_let_a_constant_model_pass_prove_nothing(shown: str) -> None:
    with pytest.raises(ManifestError, match="answers the same for every picture would pass"):
        manifest.require_several_labels(manifest.parse(golden_of(shown).manifest))


def test_one_that_an_earlier_agent_took_runs_on_until_the_next(
    home: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(home, KEYS)

    def takes() -> Answer:
        return take(shelf.put(golden_of("red")), store, restore(store), "trash").answer

    refused = takes()
    assert (refused.status, "'red' alone of 3 labels" in refused.details["reason"]) == (
        "REJECTED",
        True,
    )
    with monkeypatch.context() as earlier:
        earlier.setattr("camera.update.require_several_labels", lambda _: None)
        assert takes().status == "SUCCEEDED"
    running = restore(Store(home, KEYS))
    assert running is not None
    assert running.installed.epoch == 7


def many(order: str) -> Files:
    """A release whose golden pictures show the labels with these first letters, in this order."""
    made = make_release(7)
    by_letter = {each["label"][0]: each for each in made.manifest["golden"]["pictures"]}
    pictures = [by_letter[letter] for letter in order]
    return made._replace(
        manifest={**made.manifest, "golden": {**made.manifest["golden"], "pictures": pictures}}
    )


@pytest.mark.parametrize(
    ("order", "seconds", "trying", "tried"),
    [
        ("rgb" * 10, 0.01, 20, 30),
        ("rgb" * 10, 1, 20, 21),  # begun before the time was up
        ("rgb" * 10, 10, 20, 12),  # a dozen, however long it takes
        ("r" * 14 + "g" * 16, 10, 20, 15),  # and a second label
        ("rgb", 100, 20, 3),
    ],
)
def test_a_slow_camera_tries_fewer_pictures_and_never_of_one_label_alone(
    order: str, seconds: float, trying: float, tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, now = many(order), 0.0
    model = loaded(release, colour_model())
    answer = model.predict_file

    def slowly(data: bytes) -> Prediction:
        nonlocal now
        now += seconds
        return answer(data)

    monkeypatch.setattr(model, "predict_file", slowly)
    proof = prove(model, io.BytesIO(release.golden), lambda: now, trying)
    assert proof.golden == f"{tried}/{tried}"


def test_without_a_limit_all_are_tried() -> None:
    release = many("rgb" * 10)
    model = loaded(release, colour_model())
    clock = itertools.count(0, 1000).__next__
    assert prove(model, io.BytesIO(release.golden), clock).golden == "30/30"
