"""Is an evaluation read as it was measured, and is one that does not add up refused?"""

from typing import Any

import pytest

from lensloop.model.evaluation import (
    Change,
    Evaluation,
    LabelScore,
    Live,
    Score,
    Scores,
    Unfamiliar,
    read_evaluation,
)
from lensloop.model.precision import Made
from lensloop.wire.errors import BadArtifact
from tests.model.evaluations import LABELS, evaluation, score, scores

ALL_RIGHT = dict.fromkeys(LABELS, (20, 20))


def broken(path: str, value: Any) -> dict[str, Any]:
    content = evaluation(scores(ALL_RIGHT, None), scores(ALL_RIGHT, None))
    *parents, last = path.split(".")
    at = content
    for name in parents:
        at = at[name]
    at[last] = value
    return content


def test_what_was_measured_is_read() -> None:
    known, new = {"can": (10, 9), "glass": (10, 10)}, {"can": (10, 5), "glass": (0, 0)}
    content = evaluation(
        scores(known, new, 0.07),
        scores({"can": (10, 8), "glass": (10, 10)}, None),
        losses=1,
        live_labels=("can", "glass"),
    )
    of_known = Score(
        20,
        0.95,
        0.05,
        {"can": LabelScore(10, 0.9), "glass": LabelScore(10, 1.0)},
        {"can": {"can": 9, "glass": 1}, "glass": {"glass": 10}},
    )
    of_new = Score(
        10,
        0.5,
        0.05,
        {"can": LabelScore(10, 0.5), "glass": LabelScore(0, None)},
        {"can": {"can": 5, "glass": 5}, "glass": {}},
    )
    of_all = Score(
        30,
        0.8,
        0.07,
        {"can": LabelScore(20, 0.7), "glass": LabelScore(10, 1.0)},
        {"can": {"can": 14, "glass": 6}, "glass": {"glass": 10}},
    )
    of_live = Score(
        20,
        0.9,
        0.05,
        {"can": LabelScore(10, 0.8), "glass": LabelScore(10, 1.0)},
        {"can": {"can": 8, "glass": 2}, "glass": {"glass": 10}},
    )
    assert read_evaluation(content) == Evaluation(
        "d1",
        ("can", "glass"),
        Scores(of_all, of_known, of_new),
        Live(6, ("can", "glass"), Scores(of_live, of_live, None), 1, 2),
    )


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (None, None),
        ({"threshold": 1.5, "false_alarms": 0}, Unfamiliar(1.5, 0)),
        ({"threshold": -1e6, "false_alarms": 60}, Unfamiliar(-1e6, 60)),
    ],
)
def test_what_is_unfamiliar_is_read_of_models_that_can_tell(
    content: Any, read: Unfamiliar | None
) -> None:
    assert read_evaluation(broken("unfamiliar", content)).unfamiliar == read


def test_what_was_learnt_is_read_as_known_and_new() -> None:
    content = evaluation(
        scores(None, ALL_RIGHT),
        learnt={"can": (4, 3), "glass": (0, 0)},
        learnt_known={"can": (3, 3), "glass": (0, 0)},
        learnt_new={"can": (1, 0), "glass": (0, 0)},
    )
    content["out_of_fold_new"]["labels"]["can"]["surely_wrong"] = 1
    learnt = read_evaluation(content).out_of_fold
    assert learnt is not None
    assert learnt.known is not None
    assert learnt.new is not None
    assert [learnt.all.images, learnt.known.images, learnt.new.images] == [4, 3, 1]
    assert learnt.new.labels["can"] == LabelScore(1, 0.0, 1)
    assert learnt.known.labels["can"].surely_wrong is None


def test_files_without_them_have_no_answers_out_of_fold() -> None:
    content = evaluation(scores(None, ALL_RIGHT), learnt=ALL_RIGHT)
    learnt = read_evaluation(content).out_of_fold
    assert learnt is not None
    assert (learnt.known, learnt.new) == (None, None)
    del content["out_of_fold"]
    assert read_evaluation(content).out_of_fold is None


def test_the_golden_set_and_what_was_measured_of_the_file_are_read() -> None:
    content = evaluation(scores(None, ALL_RIGHT))
    read = read_evaluation(content)
    assert (read.golden_set, read.model_bytes, read.milliseconds) == (None, None, None)
    assert read.eight_bits is None
    content |= {"golden_set": score(ALL_RIGHT), "model_bytes": 5, "milliseconds": 1.5}
    content |= {"int8": {"kept": False, "reason": "too few pictures"}}
    read = read_evaluation(content)
    assert read.golden_set is not None
    assert (read.golden_set.images, read.model_bytes, read.milliseconds) == (60, 5, 1.5)
    assert read.eight_bits == Made(False, "too few pictures", None, None, None, None)


def test_what_changed_since_live_is_read_by_label() -> None:
    content = broken("live.changes", {"can": {"losses": 2, "gains": 1}})
    content["live"]["change_of_new"] = {"losses": 0, "gains": 3}
    live = read_evaluation(content).live
    assert live is not None
    assert (live.changes, live.change_of_new) == ({"can": Change(2, 1)}, Change(0, 3))
    live = read_evaluation(broken("live.changes", None)).live
    assert live is not None
    assert (live.changes, live.change_of_new) == ({}, None)


@pytest.mark.parametrize(
    ("score", "contradicted"),
    [
        (LabelScore(20, 0.75), 5),  # nobody noted how confident it was
        (LabelScore(20, 0.75, 0), 0),
        (LabelScore(20, 0.75, 3), 3),
    ],
)
def test_how_many_labels_are_contradicted(score: LabelScore, contradicted: int) -> None:
    assert score.contradicted == contradicted


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [(9, 4, Change(5, 0)), (4, 9, Change(0, 5)), (4, 4, Change(0, 0))],
)
def test_where_nobody_noted_which_pictures_changed_it_is_as_few_as_can_be(
    before: int, now: int, change: Change
) -> None:
    scores_of = (LabelScore(10, right / 10) for right in (before, now))
    assert Change.between(*scores_of) == change


def test_a_change_is_turned_and_loses_less() -> None:
    assert Change(2, 5).turned == Change(5, 2)
    assert Change(2, 5).without(1) == Change(1, 5)
    assert Change(2, 5).without(3) == Change(0, 5)


def test_a_first_model_has_no_live_one_beside_it() -> None:
    assert read_evaluation(evaluation(scores(None, ALL_RIGHT))).live is None


def test_the_first_release_can_be_live() -> None:
    live = read_evaluation(broken("live.epoch", 1)).live
    assert live is not None
    assert live.epoch == 1


@pytest.mark.parametrize(
    ("score", "right"),
    [
        (LabelScore(0, None), 0),
        (LabelScore(30, 0.0), 0),
        (LabelScore(30, 29 / 30), 29),
        (LabelScore(3, 0.6667), 2),  # a share that was written with four digits
        (Score(30, 29 / 30, 0.05, {}), 29),
        (Score(3, 0.6667, 0.05, {}), 2),
    ],
)
def test_how_many_pictures_are_right_is_a_whole_number(
    score: LabelScore | Score, right: int
) -> None:
    assert score.right == right


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("format", 2, "`format` is 2; this version reads 1."),
        ("candidate", None, "`candidate` is missing; it must be an object"),
        ("unfamiliar", {"threshold": 1}, "`unfamiliar.false_alarms` is missing"),
        ("untaught", {"can": {}}, "`untaught.can.images` is missing"),
        ("untaught", {"jar": {}}, "`untaught` has the unknown label jar"),
        (
            "unfamiliar",
            {"threshold": 1e7, "false_alarms": 61},
            "`unfamiliar.threshold` is 10000000.0; it must be a number from -1000000 to 1000000;"
            " `unfamiliar.false_alarms` is 61; it must be a whole number from 0 to 60",
        ),
        (
            "candidate.all.accuracy",
            1.5,
            "`candidate.all.accuracy` is 1.5; it must be a number from 0 to 1",
        ),
        ("candidate.all.accuracy", float("nan"), "`candidate.all.accuracy` is nan"),
        (
            "candidate.all.images",
            float("inf"),
            "`candidate.all.images` is inf; it must be a whole number from 0 to",
        ),
        (
            "candidate.all.labels.can.recall",
            None,
            "`candidate.all.labels.can` must have a recall exactly when it has pictures",
        ),
        (
            "candidate.all.labels.can.surely_wrong",
            1,
            "`candidate.all.labels.can.surely_wrong` is more than what is wrong",
        ),
        ("live.changes", {"can": 1}, "`live.changes.can` is 1; it must be an object"),
        ("live.change_of_new", {"losses": 1}, "`live.change_of_new.gains` is missing"),
        ("out_of_fold", {"images": 1}, "`out_of_fold.labels` is missing"),
        (
            "golden_set",
            {"images": 0, "accuracy": 0, "calibration_error": 0, "labels": {}},
            "`golden_set.labels` does not name the labels of the model",
        ),
        ("model_bytes", 1.5, "`model_bytes` is 1.5; it must be a whole number"),
        ("milliseconds", -1, "`milliseconds` is -1; it must be a number from 0"),
        ("int8", {"kept": 1}, "`int8.kept` is 1; it must be true or false"),
        ("int8", [], "`int8` is []; it must be an object"),
        (
            "candidate.all.labels.tin",
            {"images": 0, "recall": None},
            "`candidate.all.labels` does not name the labels of the model.",
        ),
        ("labels", [], "`labels` is []; it must be a list of labels"),
        ("dataset", "", "`dataset` is ''; it must be text"),
        ("live.losses", "2", "`live.losses` is '2'"),
        (
            "candidate.all.confusion.can",
            {"can": 19},
            "`candidate.all.confusion.can` does not add up to the 20 pictures and the recall of"
            " can.",
        ),
        (
            "candidate.all.confusion.can",
            {"can": 19, "glass": 1},
            "`candidate.all.confusion.can` does not add up to the 20 pictures and the recall of"
            " can.",
        ),
        ("candidate.all.confusion.can.glass", 0, "`candidate.all.confusion.can.glass` is 0"),
        (
            "candidate.all.confusion.can",
            {"can": 19, "tin": 1},
            "`candidate.all.confusion` has the unknown label tin",
        ),
        ("live.epoch", 0, "`live.epoch` is 0; it must be a whole number from 1"),
        ("live.renamed", {"tin": 3}, "`live.renamed.tin` is 3; it must be text"),
        ("live.gains", -1, "`live.gains` is -1"),
        ("live.labels", [], "`live.labels` is []; it must be a list of labels"),
        ("live.all", None, "`live.all` is missing; it must be an object"),
        (
            "candidate.all.calibration_error",
            1.5,
            "`candidate.all.calibration_error` is 1.5; it must be a number from 0 to 1",
        ),
        (
            "candidate.all.labels.can.recall",
            1.5,
            "`candidate.all.labels.can.recall` is 1.5; it must be a number from 0 to 1",
        ),
        ("candidate.all.labels.can.images", -1, "`candidate.all.labels.can.images` is -1"),
        ("live.known", 5, "`live.known` is 5; it must be an object"),
        ("candidate.new", 5, "`candidate.new` is 5; it must be an object"),
    ],
)
def test_an_evaluation_that_does_not_add_up_is_refused_with_the_place(
    path: str, value: Any, sentence: str
) -> None:
    with pytest.raises(BadArtifact) as refused:
        read_evaluation(broken(path, value))
    assert str(refused.value).startswith(f"evaluation.json: {sentence}")


@pytest.mark.parametrize("earlier", [None, [], [[20, 0, 0], [0, 20, 0], [0, 0, 20]]])
def test_an_evaluation_from_before_there_was_a_confusion_by_name_is_read(earlier: Any) -> None:
    found = read_evaluation(broken("candidate.all.confusion", earlier))
    assert found.candidate.all.confusion is None
