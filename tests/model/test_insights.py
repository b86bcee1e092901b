"""Is the insights.json of a training read as it was written, and refused if it does not add up?"""

import copy
from typing import Any

import pytest

from lensloop.model.insights import MOST_EXPLAINED, MOST_SHOWN, NEIGHBOURS, read_insights
from lensloop.wire.errors import BadArtifact

PICTURE = {"key": "images/can/1.jpg", "sha256": "1" * 64, "label": "can", "thumbnail": "/9j/"}
CHANGED = {**PICTURE, "predicted": "can", "confidence": 0.9, "live_predicted": "glass"}
STRANGE = {**PICTURE, "predicted": "can", "score": 1.5}
NEAR = {"key": "images/can/2.jpg", "label": "can", "similarity": 0.93}
POINT = {"share": 0.5, "pictures": 10, "right": 5, "gained": 2, "lost": 1}
INSIGHTS: dict[str, Any] = {
    "format": 1,
    "reliability": {
        "candidate": [{"images": 3, "right": 3, "confidence": 0.95}],
        "live": [{"images": 3, "right": 0, "confidence": 0}],
    },
    "fixed": {"count": 20, "pictures": [CHANGED]},
    "broken": {"count": 0, "pictures": []},
    "unfamiliar": {"count": 1, "pictures": [STRANGE]},
    "neighbours": {"1" * 64: [NEAR]},
    "curve": {
        "asked": 8,
        "points": [POINT, {"share": 1, "pictures": 20, "right": 6, "gained": 0, "lost": 0}],
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    content = copy.deepcopy(INSIGHTS)
    *parents, last = path.split(".")
    at: Any = content
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at[name]
    at[int(last) if isinstance(at, list) else last] = value
    return content


def test_it_is_read_whole() -> None:
    assert read_insights(INSIGHTS) is INSIGHTS


@pytest.mark.parametrize("part", ["fixed", "broken", "unfamiliar", "curve", "reliability.live"])
def test_what_there_is_not_is_null(part: str) -> None:
    assert read_insights(changed(part, None))


@pytest.mark.parametrize(
    "content",
    [
        changed("fixed", {"count": MOST_SHOWN, "pictures": [CHANGED] * MOST_SHOWN}),
        changed("neighbours", {"a": [NEAR] * NEIGHBOURS}),
        changed("curve.points.0.pictures", 1),
        changed("curve.points", [{**POINT, "share": 0.1}, *INSIGHTS["curve"]["points"]]),
        changed("neighbours", {str(n): [NEAR] for n in range(MOST_EXPLAINED)}),
        changed("neighbours.%s.0.similarity" % ("1" * 64), -1),
    ],
)
def test_the_most_is_read(content: dict[str, Any]) -> None:
    assert read_insights(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (changed("format", 2), "`format` is 2; this version reads 1"),
        (changed("reliability", None), "`reliability` is missing"),
        (changed("reliability.candidate", None), "`reliability.candidate` is missing"),
        (
            changed("reliability.live.0.right", 4),
            "`reliability.live[0].right` is 4; it must be a whole number from 0 to 3",
        ),
        (
            changed("reliability.candidate.0.images", 0),
            "`reliability.candidate[0].images` is 0; it must be a whole number from 1 to",
        ),
        (
            changed("reliability.candidate.0.confidence", 1.5),
            "`reliability.candidate[0].confidence` is 1.5; it must be a number from 0 to 1",
        ),
        (
            changed("fixed.count", 0),
            "`fixed.pictures` has 1, which must be at most 12 and the count 0",
        ),
        (
            changed("broken", {"count": 99, "pictures": [CHANGED] * 13}),
            "`broken.pictures` has 13, which must be at most 12 and the count 99",
        ),
        (changed("fixed.pictures.0.key", ""), "`fixed.pictures[0].key` is ''"),
        (changed("fixed.pictures.0.sha256", None), "`fixed.pictures[0].sha256` is missing"),
        (changed("fixed.pictures.0.label", 3), "`fixed.pictures[0].label` is 3"),
        (changed("fixed.pictures.0.predicted", None), "`fixed.pictures[0].predicted` is missing"),
        (
            changed("fixed.pictures.0.live_predicted", None),
            "`fixed.pictures[0].live_predicted` is missing",
        ),
        (
            changed("fixed.pictures.0.confidence", 2),
            "`fixed.pictures[0].confidence` is 2; it must be a number from 0 to 1",
        ),
        (changed("fixed.pictures.0.thumbnail", 5), "`fixed.pictures[0].thumbnail` is 5"),
        (changed("unfamiliar.pictures.0.score", "high"), "`unfamiliar.pictures[0].score` is"),
        (
            changed("unfamiliar.pictures.0.score", -1e7),
            "it must be a number from -1000000 to 1000000.",
        ),
        (
            changed("unfamiliar.pictures.0.predicted", None),
            "`unfamiliar.pictures[0].predicted` is missing",
        ),
        (changed("neighbours", None), "`neighbours` is missing"),
        (
            changed("neighbours", {str(n): [NEAR] for n in range(61)}),
            "`neighbours` are of 61 pictures; at most 60 are",
        ),
        (
            changed("neighbours", {"a": [NEAR] * 4}),
            "`neighbours.a` has 4 pictures; at most 3 are",
        ),
        (changed("neighbours", {"a": [{**NEAR, "key": ""}]}), "`neighbours.a[0].key` is ''"),
        (changed("neighbours", {"a": [{**NEAR, "label": ""}]}), "`neighbours.a[0].label` is ''"),
        (
            changed("neighbours", {"a": [{**NEAR, "similarity": 1.1}]}),
            "`neighbours.a[0].similarity` is 1.1; it must be a number from -1 to 1",
        ),
        (
            changed("neighbours", {"a": [{**NEAR, "thumbnail": ""}]}),
            "`neighbours.a[0].thumbnail` is ''",
        ),
        (changed("curve.asked", 0), "`curve.asked` is 0; it must be a whole number from 1"),
        (changed("curve.asked", 5), "`curve.points[1].right` is 6; it must be a whole number"),
        (changed("curve.points.0.pictures", 0), "`curve.points[0].pictures` is 0"),
        (changed("curve.points.0.gained", -1), "`curve.points[0].gained` is -1"),
        (changed("curve.points.0.lost", None), "`curve.points[0].lost` is missing"),
        (
            changed("curve.points.0.lost", 2),
            "`curve.points` do not add up to the right answers of the last one",
        ),
        (
            changed("curve.points.0.share", 0.4),
            "`curve.points` must rise to the whole, by way of the half",
        ),
        (
            changed("curve.points", [POINT, {**POINT, "share": 0.9}, {**POINT, "share": 0.95}]),
            "must rise to the whole, by way of the half",
        ),
        (changed("curve.points.1.share", 0.9), "must rise to the whole, by way of the half"),
        (
            changed("curve.points", INSIGHTS["curve"]["points"][::-1]),
            "must rise to the whole, by way of the half",
        ),
        (changed("curve.points.0.share", 1.2), "`curve.points[0].share` is 1.2"),
    ],
)
def test_what_does_not_add_up_is_refused(content: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadArtifact) as caught:
        read_insights(content)
    assert str(caught.value).startswith("insights.json: ")
    assert sentence in str(caught.value)
