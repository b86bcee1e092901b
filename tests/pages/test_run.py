"""Does a run's page say what became of the run, and why?"""

from typing import Any

import pytest

from lensloop.pages.run import looked_at, page
from tests.pages.findings import mistake, trained
from tests.pages.reader import Page, read
from tools.sample_pages import ends, record, run_html

ENDS = ends(trained(), trained(ship=False))

HEADLINES = {
    "released": ("good", "Released: the new model is on its way to the cameras"),
    "rolled-out": ("good", "Released, and proven on 3 cameras"),
    "no-cameras": ("good", "Released: it waits for its first camera"),
    "superseded": ("plain", "Released, and then superseded by a newer release"),
    "canary-failed": ("bad", "Withdrawn: the canary cameras could not prove it"),
    "unanswered": ("warn", "Released: it waits for cameras that are offline"),
    "fleet-failed": ("bad", "Released, but the fleet could not prove it"),
    "rollout-failed": ("bad", "Released, but its rollout failed by an accident"),
    "not-rolled-out": ("bad", "Released, but its rollout could not be started"),
    "refused": ("bad", "Refused: the cameras keep the model that they have"),
    "held": ("warn", "Held for a person: the cameras keep the model that they have"),
    "to-approve": (
        "warn",
        "Waits for approval: it goes to no camera until a person approves it",
    ),
    "approved": ("good", "Approved: the new model is on its way to the cameras"),
    "rejected": ("warn", "Rejected by a person: the cameras keep the model that they have"),
    "replaced": (
        "plain",
        "Superseded: a newer release came before anybody approved this one",
    ),
    "too-few-images": ("warn", "Too few pictures: nothing was trained"),
    "wrong-folders": ("warn", "Wrong folders: they do not look like labels; nothing was trained"),
    "nothing-new": ("plain", "Nothing new: exactly these pictures were judged before"),
    "blocked": ("warn", "Blocked: training on exactly these pictures kept failing"),
    "failed": ("bad", "Failed: the training broke on these pictures"),
    "failed-late": ("bad", "Failed: the training broke on these pictures"),
    "pictures-deleted": (
        "plain",
        "Begun anew: pictures were deleted while it trained, and the next run takes what is there",
    ),
    "waiting": (
        "warn",
        "Waiting: a quota of the account is too small; it is tried again by itself",
    ),
    "no-machine": ("warn", "Waiting: AWS has no free machine; it is tried again by itself"),
    "aborted": ("warn", "Aborted: somebody stopped the run"),
    "timed-out": ("bad", "Timed out: the run took longer than it may"),
}


def end(name: str) -> Page:
    return read(run_html(*ENDS[name]))


@pytest.mark.parametrize("name", ENDS)
def test_the_headline_says_what_became_of_it_in_its_colour(name: str) -> None:
    tone, sentence = HEADLINES[name]
    found = end(name)
    assert found.headings[0] == (1, sentence)
    assert found.all("header") == [{"class": tone}]
    assert found.text.index(sentence) < 100


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("released", "Released: the new model is on its way to the cameras; weak: can, jar"),
        ("rolled-out", "Released, and proven on 3 cameras; weak: can, jar"),
        ("refused", "Refused: the cameras keep the model that they have"),
    ],
)
def test_a_release_with_weak_labels_names_them_at_once(name: str, sentence: str) -> None:
    run, *others = ENDS[name]
    verdict = {**run["verdict"], "weak": ["can", "jar"]}
    assert read(run_html({**run, "verdict": verdict}, *others)).headings[0] == (1, sentence)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("held", "lensloop approve releases it"),
        ("blocked", "lensloop clear-block"),
        ("to-approve", "lensloop approve 7 rolls it out, lensloop reject 7 leaves it unused"),
    ],
)
def test_what_waits_for_a_person_names_the_command(name: str, command: str) -> None:
    assert [other for other in ENDS if command in end(other).text] == [name]


def test_who_decided_and_why_stands_at_the_top() -> None:
    said = "Rejected by arn:aws:iam::123456789012:user/ann: blurred"
    assert said in end("rejected").text
    assert "Superseded by release 8" in end("replaced").text


def test_what_the_cameras_made_of_an_approved_release_comes_first() -> None:
    rollout = ENDS["rolled-out"][0]["rollout"]
    found = read(page({**ENDS["approved"][0], "rollout": rollout}, None, None))
    assert found.headings[0][1] == "Released, and proven on 3 cameras"


def test_one_camera_is_one() -> None:
    rollout = {**ENDS["rolled-out"][0]["rollout"], "proven": 1}
    found = read(page({**ENDS["rolled-out"][0], "rollout": rollout}, None, None))
    assert found.headings[0][1] == "Released, and proven on 1 camera"


def test_a_model_that_was_judged_again_was_not_trained() -> None:
    training = {"jobs": [], "model": "s3://b/m"}
    text = read(page(record("refused", training=training), None, None)).text
    assert "Nothing was trained: the model of these pictures was there" in text
    assert "Nothing was trained" not in end("refused").text


def test_an_end_of_a_newer_version_is_named() -> None:
    found = read(page(record("postponed"), None, None))
    assert found.headings[0] == (1, "Ended: postponed")
    assert found.title == "Run 7: postponed"


def test_the_reasons_stand_before_everything_else() -> None:
    for name in ("refused", "too-few-images", "nothing-new", "timed-out"):
        text = end(name).text
        reason = ENDS[name][0]["reasons"][0].replace("`", "")
        assert text.index(reason) < 200, name


def test_of_a_failed_rollout_its_reasons_come_before_those_of_the_verdict() -> None:
    text = end("canary-failed").text
    assert text.index("golden pictures 7 of 12") < text.index("recall of can 0.75")


def test_a_failure_is_shown_with_its_cause() -> None:
    assert "TrainingFailed" in end("failed").text
    assert "No usable training pictures of glass" in end("failed").text


def test_a_refused_run_is_never_headed_by_the_state_of_its_data_set() -> None:
    assert "Enough to train" not in end("refused").text


def test_the_parts_come_in_the_order_in_which_they_are_asked_for() -> None:
    assert [head.split(" <")[0] for head in end("refused").headings_of(2)] == [
        "What is taken for what",
        "Against the live model, release 6",
        "May its confidence be believed?",
        "Wrong on the test pictures 2 of 3",
        "Fixed and broken since release 6",
        "Will more pictures help?",
        "Unfamiliar",
        "In eight bits",
        "Labels to check 4",
        "Training",
        "Where it comes from",
        "The data set 120 pictures of 3 labels, compared with run 6; digest dddddddddddddddd…",
    ]


def test_a_run_without_training_shows_no_model() -> None:
    assert end("too-few-images").headings_of(2)[0] == "Labels to check 4"
    assert end("failed").headings_of(2) == ["Messages"]
    assert end("aborted").headings_of(2) == []


def test_a_record_needs_no_more_than_what_is_always_there() -> None:
    found = read(page({"epoch": 3, "project": "trash", "outcome": "failed"}, None, None))
    assert found.title == "Run 3: failed"


def test_both_confusions_stand_side_by_side() -> None:
    text = end("refused").text
    candidate, live = text.index("The candidate can glass"), text.index("The live model can glass")
    assert text[candidate:live].split()[5:9] == ["can", "30", "10", "0"]
    assert "The live model can glass paper can 36 4 0 glass 0 36 4 paper 4 0 36" in text


def test_a_first_model_is_compared_with_nothing() -> None:
    first = trained()
    scores = {"candidate": first.evaluation["candidate"] | {"known": None}, "live": None}
    text = read(page(record("released", first) | {"scores": scores}, None, None)).text
    assert "It is the first" in text
    assert "The live model" not in text


def test_an_evaluation_from_before_confusion_went_by_names_is_shown_without_it() -> None:
    old = trained()
    for model in ("candidate", "live"):
        old.evaluation[model]["all"]["confusion"] = [[1, 0], [0, 1]]
    text = read(run_html(record("released", old), old)).text
    assert "The candidate: this evaluation does not say what was taken for what." in text
    assert "The live model: this evaluation does not say" in text


def test_what_changed_is_said_in_pictures_and_in_points() -> None:
    better = trained()
    better.evaluation["live"] |= {"gains": 12, "losses": 3}
    text = read(run_html(record("released", better), better)).text
    assert (
        "Of the 60 test pictures that the live model was judged on, the candidate gets 12 right"
        " that the live model gets wrong, and 3 wrong that it gets right."
    ) in text
    assert "Known: the live model was judged on them 60 75.0% 90.0% 80–95% +15.0 points" in text
    assert "glass 20 75.0% 90.0% 70–97% +15.0 points" in text


def test_a_fall_is_a_fall() -> None:
    assert "glass 20 90.0% 75.0% 53–89% −15.0 points" in end("refused").text


MISTAKES = [
    mistake("can", "glass", confidence=0.99, live_predicted="paper"),
    mistake("paper", "can", confidence=0.51, live_predicted=None, thumbnail=""),
]


def mistakes_page(**content: Any) -> str:
    run = trained()
    mistakes = {"format": 1, "count": 2, "pictures": MISTAKES} | content
    return read(page(record("refused", run), run.report, mistakes)).text


def test_a_mistake_is_shown_with_both_predictions_and_the_confidence() -> None:
    text = mistakes_page()
    assert "Wrong on the test pictures 2 True label" in text
    assert "can → glass 99% live: paper can 2.jpg" in text
    assert "no thumbnail paper → can 51% paper 2.jpg" in text


def test_no_mistake_at_all_is_said() -> None:
    assert "every test picture was recognised" in mistakes_page(count=0, pictures=[])


def test_more_mistakes_than_are_shown_are_counted() -> None:
    assert "Wrong on the test pictures 2 of 1,070" in mistakes_page(count=1070)


def test_the_labels_to_check_are_told_even_where_the_report_is_lost() -> None:
    doubts = {"count": 2, "sentences": ["These labels may be wrong: `can`."]}
    text = read(page(record("refused", doubts=doubts), None, None)).text
    assert "Labels to check 2 These labels may be wrong: can." in text


def test_every_training_job_is_listed() -> None:
    text = end("refused").text
    assert "deeplens-trash-7-1 Failed 1 h 2 min 18 min 20 s billed ml.m5.xlarge spot" in text
    assert "deeplens-trash-7-2 Completed 1 min 36 s ml.m5.xlarge" in text


def test_a_message_that_was_not_sent_says_so() -> None:
    assert "from the retraining · could not be sent" in end("failed").text
    assert "could not be sent" not in end("released").text


def test_the_data_set_is_shown_as_on_its_own_page() -> None:
    assert end("refused").headings_of(3)[-6:] == [
        "Worth a look",
        "Labels",
        "New since run 6 4 of 1,234",
        "Examples",
        "Rejected, and the reasons",
        "Nearly the same picture under two labels",
    ]


JOB = {"name": "deeplens-trash-7-1", "status": "Stopped", "spot": None}
UNKNOWN: list[dict[str, Any]] = [
    {"failure": {"error": "States.Timeout", "cause": None}},
    {"failure": {"error": None, "cause": "No name."}},
    {"training": {"jobs": [], "model": None}},
    {
        "training": {
            "jobs": [JOB | {"seconds": None, "billable_seconds": None, "instance": None}],
            "model": None,
        }
    },
    {"doubts": {"count": None, "sentences": ["They could not be reported."]}},
    {"doubts": {"sentences": ["They could not be reported."]}},
    {
        "rollout": {
            "outcome": "failed",
            "reasons": None,
            "proven": None,
            "cameras": None,
            "ended_at": None,
        }
    },
]


@pytest.mark.parametrize("parts", UNKNOWN)
def test_what_is_not_known_of_a_part_leaves_a_gap_and_no_word(parts: dict[str, Any]) -> None:
    found = read(page(record("failed") | parts, None, None))
    assert found.headings[0][0] == 1
    assert "None" not in found.text


LOOKED_AT = [
    (None, ""),
    ({"kept": 0, "embedded": 1251}, "It looked at 1,251 pictures."),
    (
        {"kept": 1, "embedded": 20},
        "It looked at 20 pictures; of 1 other, what earlier runs saw was kept.",
    ),
    (
        {"kept": 1231, "embedded": 1},
        "It looked at 1 picture; of 1,231 others, what earlier runs saw was kept.",
    ),
]


@pytest.mark.parametrize(("features", "sentence"), LOOKED_AT)
def test_the_training_says_how_many_pictures_it_had_to_look_at(
    features: dict[str, int] | None, sentence: str
) -> None:
    assert looked_at(features) == sentence
    record, *found = ENDS["released"]
    shown = read(run_html(record | {"features": features}, *found)).text
    assert ("It looked at" in shown) is bool(sentence)
    assert sentence in shown
