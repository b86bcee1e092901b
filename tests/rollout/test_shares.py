"""Whose turn is it in the fleet, and is that the same however often it is asked?"""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from lensloop.shares import FORM, PATTERN, Fleet, Share, are_rising, how_far, parts, percents, share

EPOCH = 7
FLEET = Fleet([f"deeplens_{number:03d}" for number in range(200)])
THREE = (10, 50, 100)


def turn(number: int, fleet: Fleet, least: int = 1, epoch: int = EPOCH) -> Share:
    return share(number, THREE, fleet, epoch, least)


def after(fleet: Fleet, *shares: Share) -> Fleet:
    asked = [thing for one in shares for thing in one.things]
    return replace(fleet, asked=asked)


def test_each_camera_is_asked_in_one_share_or_in_the_last() -> None:
    first = turn(1, FLEET)
    second = turn(2, after(FLEET, first))
    assert (first.number, len(first.things)) == (1, 20)
    assert (second.number, len(second.things)) == (2, 80)
    assert set(first.things).isdisjoint(second.things)
    assert turn(3, after(FLEET, first, second)) == Share(3)
    assert (first.is_last, second.is_last, Share(3).is_last) == (False, False, True)


def test_the_same_cameras_are_named_again_whatever_their_order_in_the_group() -> None:
    assert turn(1, Fleet(FLEET.things[::-1])) == turn(1, FLEET)


def test_another_release_begins_with_other_cameras() -> None:
    shares = [set(turn(1, FLEET, epoch=epoch).things) for epoch in range(1, 41)]
    assert len(set().union(*shares)) > 190, "nearly each camera is among the first some time"
    assert max(len(one & other) for one, other in pairwise(shares)) < 10


def test_who_joins_in_the_middle_comes_with_the_next_share_and_nobody_twice() -> None:
    first = turn(1, FLEET)
    joined = [f"deeplens_new_{number}" for number in range(40)]
    grown = Fleet([*FLEET.things, *joined], asked=first.things)
    second = turn(2, grown)
    assert set(joined) & set(second.things)
    assert set(first.things).isdisjoint(second.things)
    assert len(first.things) + len(second.things) >= 120, "half of the 240"


def test_who_is_silent_is_not_waited_for_and_comes_with_the_last_share() -> None:
    quiet = set(FLEET.things[:150])
    first = turn(1, replace(FLEET, quiet=quiet))
    second = turn(2, after(replace(FLEET, quiet=quiet), first))
    assert (len(first.things), len(second.things)) == (20, 30)
    assert quiet.isdisjoint(first.things + second.things)
    assert turn(1, replace(FLEET, quiet=set(FLEET.things))) == Share(3)


@pytest.mark.parametrize(
    ("cameras", "least", "first"),
    [
        (0, 1, Share(3)),
        (1, 1, Share(3)),  # a share that is everybody is the last
        (2, 2, Share(3)),
    ],
)
def test_a_small_fleet_has_its_last_share_at_once(cameras: int, least: int, first: Share) -> None:
    assert turn(1, Fleet(FLEET.things[:cameras]), least) == first


@pytest.mark.parametrize(("cameras", "least", "size"), [(3, 1, 1), (11, 1, 2), (11, 5, 5)])
def test_a_share_is_rounded_up_and_large_enough_for_its_answers(
    cameras: int, least: int, size: int
) -> None:
    first = turn(1, Fleet(FLEET.things[:cameras]), least)
    assert (first.number, len(first.things)) == (1, size)


def test_a_share_that_has_nobody_new_is_passed_over() -> None:
    fleet = Fleet(FLEET.things[:6])
    first = turn(1, fleet, least=3)  # as many as half of it
    assert turn(2, after(fleet, first), least=3) == Share(3)


@pytest.mark.parametrize(
    ("setting", "rising"),
    [("100", True), ("10,50,100", True), ("50,10,100", False), ("10,10,100", False)],
)
def test_percentages_rise(setting: str, rising: bool) -> None:
    assert are_rising(setting) is rising


@pytest.mark.parametrize(
    ("setting", "is_one"),
    [
        ("100", True),
        ("1,99,100", True),
        ("1,2,3,4,100", True),
        ("1,2,3,4,5,100", False),
        ("0,100", False),
        ("10,50", False),
        ("", False),
    ],
)
def test_percentages_end_with_the_whole_fleet(setting: str, is_one: bool) -> None:
    assert bool(re.fullmatch(PATTERN, setting)) is is_one


def test_the_form_that_a_person_is_told_is_taken() -> None:
    example = "10,50,100"
    assert f"one to five rising percentages of which the last is 100, like `{example}`" == FORM
    assert re.fullmatch(PATTERN, example)
    assert are_rising(example)


def test_percentages_are_read() -> None:
    assert percents("10,50,100") == THREE


def test_a_person_is_told_how_far_it_had_come() -> None:
    assert how_far(20, 200) == "it was stopped after 20 of the fleet's 200 cameras had been asked"


def test_orders_that_take_two_are_as_few_as_can_be() -> None:
    assert parts("abcde", 2) == ["ab", "cd", "e"]
