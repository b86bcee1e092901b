"""Is what the training says beyond scores shown on the run's page, in drawings and in words?"""

from typing import Any

import pytest

from lensloop.pages.run import page
from tests.pages.findings import THUMBNAIL, UNTAUGHT, insights, mistake, trained
from tests.pages.reader import Page, read
from tools.sample_pages import record, run_html


def shown(evaluation: Any = None, **different: Any) -> Page:
    run = trained()
    found = {**run.insights, **different}
    return read(
        page(record("released", run), run.report, run.mistakes, found, evaluation or run.evaluation)
    )


def test_shares_have_the_interval_that_so_few_pictures_leave_open() -> None:
    text = read(run_html(record("released", run := trained()), run)).text
    assert "glass 20 75.0% 90.0% 70–97% +15.0 points" in text


def test_of_many_labels_the_weakest_are_shown_at_once() -> None:
    labels = [f"label {n:02d}" for n in range(40)]
    run = trained(labels)
    scores = run.evaluation["candidate"]["known"]["labels"]
    scores["label 33"]["recall"] = 0.05
    text = read(run_html(record("released", run), run)).text
    recalls = text[text.index("Of each label, found") :]
    assert recalls.index("label 33") < recalls.index("label 00")
    assert "28 more labels, that are found more often" in recalls


def test_confidence_is_drawn_and_stands_in_tables() -> None:
    found = shown()
    assert (
        "May its confidence be believed? Of all answers of 80% confidence, 80 in a hundred should"
        " be right. On average the candidate is 5.0 points off, the live model 5.0." in found.text
    )
    assert "The candidate claimed right pictures 96% 99% 90 47% 50% 30" in found.text
    assert "The live model claimed right pictures 96% 99% 90" in found.text
    assert len(found.all("circle")) == 2 + 5
    assert len(found.all("rect")) == 2


def test_every_drawing_says_what_it_is_and_what_it_shows() -> None:
    found = shown()
    drawings = [svg for svg in found.all("svg") if svg.get("role") == "img"]
    assert len(drawings) == 2
    ids = {attributes["id"] for _, attributes in found.tags if "id" in attributes}
    for drawing in drawings:
        assert set((drawing["aria-labelledby"] or "").split()) <= ids
    hidden = [svg for svg in found.all("svg") if svg.get("role") != "img"]
    assert all(svg.get("aria-hidden") == "true" for svg in hidden)


def test_a_mistake_is_shown_with_the_pictures_that_taught_it() -> None:
    text = shown().text
    assert "can 2.jpg taught: can 93%, can 93%" in text
    assert "Below: the pictures that taught it and look most like this one" in text


def test_without_neighbours_mistakes_are_shown_as_they_are() -> None:
    text = shown(neighbours={}).text
    assert "Wrong on the test pictures 2 of 3" in text
    assert "taught:" not in text


def test_what_is_fixed_and_what_is_broken_since_live_is_shown() -> None:
    text = shown().text
    assert "Fixed and broken since release 6" in text
    assert "Fixed 2 of 1,234 no thumbnail can 71% live: glass can 3.jpg" in text
    assert "Broken 2 no thumbnail can → glass 71% can 3.jpg" in text
    assert "Broken 0 None." in shown(broken={"count": 0, "pictures": []}).text
    assert "Fixed and broken" not in shown(fixed=None, broken=None).text


def test_whether_more_pictures_help_is_said_drawn_and_tabled() -> None:
    found = shown()
    assert "Will more pictures help? Perhaps: taught with half of them" in found.text
    assert "taught with right between 40 66.7% 56–76% 100 77.8%" in found.text
    assert len(found.all("polyline")) == len(found.all("polygon")) == 1
    assert "Will more pictures help?" not in shown(curve=None).text


NOT_MEASURED = {
    "finetune": "That is not measured where the network itself is taught: each part",
    "image-classification": "That is not measured where the network itself is taught: each part",
    "imported": "Of a model that was trained elsewhere this cannot be told. For a head",
}


@pytest.mark.parametrize(("algorithm", "why"), NOT_MEASURED.items())
def test_where_no_curve_is_made_it_is_said_why_and_what_tells_it(algorithm: str, why: str) -> None:
    text = shown(trained().evaluation | {"algorithm": algorithm}, curve=None).text
    assert f"Will more pictures help? {why}" in text
    assert "lensloop experiment --algorithm head makes its page." in text


def test_nobody_says_that_pictures_beside_an_imported_model_taught_it() -> None:
    text = shown(trained().evaluation | {"algorithm": "imported"}).text
    assert "the pictures of the data set, other than those of the test, that look most" in text
    assert "can 2.jpg labelled: can 93%, can 93%" in text
    assert "taught it" not in text


def test_what_is_unfamiliar_is_counted_and_shown() -> None:
    text = shown().text
    assert (
        "Unfamiliar Of 120 test pictures, 2 (1.7%) would be called unfamiliar, although their"
        " labels were taught." in text
    )
    assert "can → glass can 4.jpg" in text
    below = text.index("can → glass can 4.jpg", text.index("Unfamiliar Of 120"))
    assert below < text.index("Of a thing that it was not taught")
    assert "Unfamiliar" not in shown(unfamiliar=None).text


def test_what_would_be_found_of_a_thing_that_was_not_taught_is_said_of_each_label() -> None:
    told = trained().evaluation
    told["untaught"]["glass"] = UNTAUGHT | {"flagged": 10, "false_alarms": 8}
    found = shown(told).text
    assert (
        "Of a thing that it was not taught 50.0% of its pictures would have been called unfamiliar,"
        " at 6.7% false alarms: each label was left out in turn, as if there were no pictures of it"
        in found
    )
    table = found[found.index("left out pictures called unfamiliar between false alarms") :]
    assert "glass 40 25.0% 14–40% 10.0% can 40 62.5% 47–76% 5.0%" in table
    del told["untaught"]["glass"]
    assert "2 of the labels were left out in turn" in shown(told).text
    for nothing in ({}, None, {"jar": UNTAUGHT}):
        assert "was not taught" not in shown(told | {"untaught": nothing}).text


def test_the_cost_is_told_in_time_and_never_in_money() -> None:
    seconds = {"embed": 61.0, "doubt": 0.3}
    text = shown(trained().evaluation | {"seconds": seconds}).text
    assert "The run took 7 min 40 s from its start to its end." in text
    assert "looking at the pictures 1 min 1 s" in text
    assert "asking models that had not seen each picture 0.3 s" in text
    assert "$" not in text
    assert "€" not in text


def test_where_it_comes_from_is_told() -> None:
    text = shown(trained().evaluation | {"backbone": "e82fc5ff1ed34387"}).text
    origins = text[text.index("Where it comes from") :]
    assert f"data set {'d' * 64} 120 pictures" in origins
    assert "training job deeplens-trash-7-2" in origins
    assert "backbone e82fc5ff1ed34387" in origins
    assert "compared with release 6" in origins


def test_a_training_from_before_shows_none_of_it() -> None:
    run = trained()
    text = read(page(record("released", run), run.report, run.mistakes)).text
    assert "May its confidence be believed?" not in text
    assert "Will more pictures help?" not in text
    assert "Where it comes from" in text


def test_a_page_with_the_most_of_everything_stays_below_two_megabytes() -> None:
    """Of 80 labels; a thumbnail of a photograph has 2.2 KB on average."""
    run = trained([f"an ordinary label {n:02d}" for n in range(80)])
    small = THUMBNAIL * (2200 // len(THUMBNAIL))
    wrong = [
        mistake("an ordinary label 00", "an ordinary label 01", sha256=f"{n:064d}", thumbnail=small)
        for n in range(60)
    ]
    changed = insights(list(run.evaluation["labels"]), 3200)
    for part in ("fixed", "broken", "unfamiliar"):
        for picture in changed[part]["pictures"]:
            picture["thumbnail"] = small
    near = {"key": "images/a/1.jpg", "label": "a", "similarity": 0.9, "thumbnail": small}
    changed["neighbours"] = {f"{n:064d}": [near] * 3 for n in range(60)}
    mistakes = {"format": 1, "count": 60, "pictures": wrong}
    whole = page(record("released", run), None, mistakes, changed, run.evaluation)
    data_set = 330 * len(small)  # 240 examples, 48 labels to check, and some that are new
    assert len(whole.encode()) + data_set < 2_000_000
