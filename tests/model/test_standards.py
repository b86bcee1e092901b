"""Is exactly that done again which a change of settings makes doubtful?"""

from dataclasses import replace

import pytest

from lensloop.model.standards import (
    IMPORTED,
    JUDGE,
    NOTHING,
    TRAIN,
    VERSIONS,
    Judged,
    LiveModel,
    Standards,
    Trained,
    what_to_do,
)
from lensloop.settings import Settings

NOW = Standards("t1", "j1")
JUDGED = Judged("d1", "t1.j1")
TRAINED = Trained(epoch=7, digest="d1", training="t1", live_epoch=5, model="s3://b/model")
LIVE = LiveModel(epoch=5, digest="d0", training="t1")


@pytest.mark.parametrize(
    ("now", "judged", "trained", "live", "todo"),
    [
        pytest.param(NOW, JUDGED, TRAINED, LIVE, NOTHING, id="judged already"),
        pytest.param(Standards("t1", "j2"), JUDGED, TRAINED, LIVE, JUDGE, id="other floors"),
        pytest.param(Standards("t2", "j1"), JUDGED, TRAINED, LIVE, TRAIN, id="another algorithm"),
        pytest.param(Standards("t2", "j2"), JUDGED, TRAINED, LIVE, TRAIN, id="both"),
        pytest.param(
            Standards("t9", "j9"),
            replace(JUDGED, by=""),
            TRAINED,
            LIVE,
            NOTHING,
            id="judged before anybody noted by what",
        ),
        pytest.param(
            NOW, replace(JUDGED, digest="d9"), None, LIVE, TRAIN, id="pictures that nobody judged"
        ),
        pytest.param(
            NOW,
            replace(JUDGED, digest="d9"),
            TRAINED,
            LIVE,
            JUDGE,
            id="the last run broke after its model was judged",
        ),
        pytest.param(
            Standards("t1", "j2"),
            JUDGED,
            replace(TRAINED, digest="d9"),
            LIVE,
            TRAIN,
            id="the newest model is of other pictures",
        ),
        pytest.param(
            Standards("t1", "j2"),
            JUDGED,
            replace(TRAINED, live_epoch=4),
            LIVE,
            TRAIN,
            id="the model was compared with another live release",
        ),
        pytest.param(
            Standards("t1", "j2"),
            JUDGED,
            replace(TRAINED, live_epoch=0),
            None,
            JUDGE,
            id="a first model that was refused",
        ),
        pytest.param(
            Standards("t1", "j2"),
            Judged("d9", "t1.j1"),
            None,
            replace(LIVE, digest="d1"),
            NOTHING,
            id="the pictures of the live release, whatever the floors are by now",
        ),
        pytest.param(
            Standards("t2", "j1"),
            Judged("d9", "t1.j1"),
            None,
            replace(LIVE, digest="d1"),
            TRAIN,
            id="the pictures of the live release, but another algorithm",
        ),
        pytest.param(
            Standards("t2", "j1"),
            Judged("d9", "t1.j1"),
            None,
            replace(LIVE, digest="d1", training=""),
            NOTHING,
            id="a live release of before",
        ),
    ],
)
def test_what_is_done_with_pictures(
    now: Standards, judged: Judged, trained: Trained | None, live: LiveModel | None, todo: str
) -> None:
    assert what_to_do("d1", now, judged, trained, live) == todo


@pytest.mark.parametrize(
    "floor",
    [
        {"min_accuracy": 0.71},
        {"min_recall": 0.51},
        {"tolerance": 0.03},
        {"max_calibration_error": 0.21},
        {"min_test_images_per_label": 3},
        {"min_images_per_label": 11},
        {"folders_are_labels": True},
    ],
)
def test_a_changed_floor_changes_the_verdict_and_not_the_model(floor: dict[str, float]) -> None:
    before, after = (Standards.from_settings(Settings(**change)) for change in ({}, floor))  # type: ignore[arg-type]
    assert before.training == after.training
    assert before.judging != after.judging


@pytest.mark.parametrize(
    "other", [{"quiet_seconds": 60}, {"training_instance_type": "ml.c5.large"}]
)
def test_what_decides_nothing_changes_nothing(other: dict[str, object]) -> None:
    assert Standards.from_settings(Settings(**other)) == Standards.from_settings(Settings())  # type: ignore[arg-type]


def test_a_new_version_of_an_algorithm_is_another_algorithm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = Standards.from_settings(Settings())
    monkeypatch.setitem(VERSIONS, "head", VERSIONS["head"] + 1)  # type: ignore[arg-type]
    after = Standards.from_settings(Settings())
    assert (before.training == after.training, before.judging == after.judging) == (False, True)
    assert (len(before.training), str(before)) == (12, f"{before.training}.{before.judging}")


def test_whoever_begins_to_ask_for_a_golden_set_trains_once_more() -> None:
    off, some, more = (
        Standards.from_settings(Settings(golden_set_accuracy=least)) for least in (0.0, 0.8, 0.9)
    )
    assert off.training != some.training == more.training
    assert some.judging != more.judging


def test_a_new_version_of_lensloop_goes_by_the_same_standards() -> None:
    """Literally: where this changes, every project trains or judges again after its next deploy."""
    assert str(Standards.from_settings(Settings())) == "7bf2b8225934.cc478e9e6925"
    assert (NOTHING, JUDGE, TRAIN) == ("nothing", "judge", "train")


def test_every_algorithm_has_a_version() -> None:
    assert VERSIONS == {"head": 2, "finetune": 1, "image-classification": 1}


def test_epochs_make_another_model_of_finetune_alone() -> None:
    taught, longer = (Settings(algorithm="finetune", finetune_epochs=n) for n in (8, 9))
    assert Standards.from_settings(taught).training != Standards.from_settings(longer).training
    head, same = (Settings(finetune_epochs=n) for n in (8, 9))
    assert Standards.from_settings(head) == Standards.from_settings(same)


def test_depth_and_epochs_make_another_model_of_the_built_in_algorithm_alone() -> None:
    of = Standards.from_settings
    network = Settings(algorithm="image-classification")
    deeper = Settings(algorithm="image-classification", image_classification_layers=50)
    longer = Settings(algorithm="image-classification", image_classification_epochs=31)
    assert len({of(one).training for one in (network, deeper, longer, Settings())}) == 4
    assert of(Settings(image_classification_layers=50)) == of(Settings())


def test_a_model_that_the_cloud_never_tried_as_a_camera_is_trained_anew() -> None:
    before = replace(TRAINED, tried=False)
    now = Standards("t1", "j2")
    assert what_to_do("d1", now, JUDGED, TRAINED, LIVE) == JUDGE
    assert what_to_do("d1", now, JUDGED, before, LIVE) == TRAIN


def test_an_import_that_is_held_is_judged_again_once_a_person_approves_it() -> None:
    now = Standards.from_settings(Settings())
    held = Trained(epoch=3, digest="d1", training=IMPORTED, live_epoch=2, model="s3://b/m")
    judged = Judged("", str(now))
    assert what_to_do("d1", now, judged, held, None, approved=True) == JUDGE
    assert what_to_do("d1", now, judged, held, None) == TRAIN
    assert what_to_do("d2", now, judged, held, None, approved=True) == TRAIN
