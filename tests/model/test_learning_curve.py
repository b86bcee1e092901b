"""Will more pictures help? What the rule says of curves of every kind."""

import pytest

from lensloop.model.learning_curve import SHARES, Curve, Outlook, Point, outlook


def curve(half: int, whole: int, lost: int = 0, asked: int = 1000, pictures: int = 800) -> Curve:
    """Of so many asked, half of the pictures get `half` right and all of them `whole`; `lost` of
    them only the half.
    """
    gained = whole - half + lost
    return Curve(
        asked,
        [Point(0.5, pictures // 2, half, gained, lost), Point(1.0, pictures, whole, 0, 0)],
    )


SEEN = "taught with half of them it is right on {} of {} other pictures, with all 800 on {}"


@pytest.mark.parametrize(
    ("found", "answer", "sentence"),
    [
        (
            curve(800, 900, 20),
            "yes",
            f"Yes: {SEEN.format('80.0%', 1000, '90.0%')}. Twice as many may bring about 5.0 points"
            " more.",
        ),
        (
            curve(960, 962, 5),
            "hardly",
            f"Hardly: {SEEN.format('96.0%', 1000, '96.2%')}. More of the same would change little;"
            " pictures like those that it gets wrong, and right labels, help more.",
        ),
        (
            curve(80, 84, 5, asked=100),
            "open",
            f"Perhaps: {SEEN.format('80.0%', 100, '84.0%')}. That is within what chance makes of so"
            " few pictures.",
        ),
        (
            curve(30, 48, asked=49),
            "open",
            "That cannot be told: there are only 49 pictures to ask about, and 50 are needed.",
        ),
    ],
)
def test_the_answer_follows_from_the_last_doubling(
    found: Curve, answer: str, sentence: str
) -> None:
    assert outlook(found) == Outlook(answer, sentence)


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (curve(40, 50, 0, asked=50), "hardly"),  # nothing is wrong any more
        (curve(50, 50, 0, asked=50), "hardly"),  # and nothing ever was
        (curve(900, 890, 10), "hardly"),  # more made it worse
        (curve(900, 912, 12), "yes"),  # 12 pictures, and luck brings 11.8
        (curve(900, 911, 12), "open"),
        (curve(9900, 9949, 0, asked=10_000), "hardly"),  # for sure, but by less than it is worth
        (curve(9000, 9049, 0, asked=10_000), "hardly"),
        (curve(980, 986, 12), "hardly"),
        (curve(980, 987, 12), "hardly"),
        (curve(980, 990, 12), "open"),
        (curve(147, 148, 0, asked=148), "hardly"),  # at most 2.96 pictures more of 148
        (curve(146, 147, 0, asked=147), "open"),
        (curve(9800, 9900, 0, asked=10_000), "yes"),  # just half a point, and surely
        (curve(9900, 9930, 0, asked=10_000), "hardly"),
    ],
)
def test_luck_and_trifles_promise_nothing(found: Curve, answer: str) -> None:
    assert outlook(found).answer == answer


def test_heads_are_taught_with_these_parts() -> None:
    assert SHARES == (0.1, 0.25, 0.5, 0.75, 1.0)


def test_the_interval_is_that_of_the_pictures_asked() -> None:
    found = curve(40, 45, asked=50)
    assert found.accuracy(found.whole) == 0.9
    assert found.interval(found.whole) == pytest.approx((0.786, 0.957), abs=0.001)


def test_a_curve_is_read_as_it_was_written() -> None:
    points = [
        {"share": 0.5, "pictures": 10, "right": 5, "gained": 2, "lost": 1},
        {"share": 1, "pictures": 20, "right": 6, "gained": 0, "lost": 0},
    ]
    found = Curve.read({"asked": 8, "points": points})
    assert found == Curve(8, [Point(0.5, 10, 5, 2, 1), Point(1, 20, 6, 0, 0)])
    assert (found.half.right, found.whole.right) == (5, 6)
