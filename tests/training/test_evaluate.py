"""Are two models' answers for the same pictures set side by side, picture by picture?"""

from typing import cast

import numpy as np

from training.evaluate import Answers, compare, scored_out_of_fold
from training.live import LiveRelease
from training.model_file import ModelFile
from training.out_of_fold import Answered
from training.pictures import Picture

LABELS = ["can", "jar"]


def pictures(*labels: str) -> list[Picture]:
    return [
        Picture(f"images/{label}/{number}.jpg", f"{number}", label, "test", "0")
        for number, label in enumerate(labels)
    ]


def answers(*labels: str) -> Answers:
    return Answers(list(labels), [0.9] * len(labels))


def live(judged_on: dict[str, str], learnt: dict[str, str] | None = None) -> LiveRelease:
    return LiveRelease(6, LABELS, cast(ModelFile, None), judged_on, learnt)


def test_losses_and_gains_are_counted_by_label_and_apart_for_what_is_new() -> None:
    test = pictures("can", "can", "jar", "jar", "jar")
    candidate = answers("can", "jar", "jar", "jar", "can")
    theirs = answers("jar", "can", "can", "can", "jar")
    known = {"0": "can", "1": "can", "2": "jar", "3": "can"}  # the last but one was re-labelled
    found = compare(test, LABELS, candidate, live(known), theirs)["live"]
    assert found["changes"] == {
        "can": {"losses": 1, "gains": 1},
        "jar": {"losses": 0, "gains": 1},
    }
    assert (found["losses"], found["gains"]) == (1, 2)
    assert found["change_of_new"] == {"losses": 1, "gains": 1}


def test_what_live_had_is_known_whether_it_learnt_it_or_was_judged_on_it() -> None:
    answered = Answered(pictures("can", "can", "jar", "jar"), np.eye(2)[[0, 1, 1, 1]])
    release = live({"0": "can"}, {"1": "can", "2": "can"})
    found = scored_out_of_fold(answered, LABELS, release)
    counts = [found[name]["images"] for name in ("out_of_fold", "out_of_fold_known")]
    assert counts == [4, 2]
    assert found["out_of_fold_new"]["labels"]["jar"]["images"] == 2
    assert found["out_of_fold_known"]["labels"]["can"]["surely_wrong"] == 1


def test_a_renamed_label_is_renamed_in_what_was_learnt_as_well() -> None:
    release = live({f"{n}": "can" for n in range(9)}, {"x": "can", "y": "jar"})
    now = release.in_the_names_of({f"{n}": "tin" for n in range(9)})
    assert now.learnt == {"x": "tin", "y": "jar"}
    assert now.had("x", "tin")
    assert not now.had("x", "can")
    assert now.had("3", "tin")
    assert not now.had("unheard of", "tin")
