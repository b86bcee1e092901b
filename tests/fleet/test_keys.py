"""When may another key sign, when is the one before retired, and what is a person told?"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lensloop.fleet.keys import (
    Change,
    Follower,
    Stand,
    follower,
    knows,
    lacking,
    retire,
    rotate,
    what_next,
    words,
)
from tests.fleet.cameras import BARE

OURS, OTHER = "a" * 16, "e" * 16
NEW, OLD, DARK = "deeplens_new", "deeplens_old", "deeplens_dark"


def camera(thing: str, number: int | None, key: str = OURS) -> Follower:
    return Follower(thing, True, number, key)


FLEET = (camera(NEW, 0), camera(OLD, 0))
# Key 1 signs, and key 2 is deployed; after `rotate`, key 2 signs since change 1.
BEFORE = Stand((1,), 2, 0, running=False, live=7, cameras=FLEET)
BESIDE = Stand((2, 1), 2, 1, running=False, live=7, cameras=(camera(NEW, 1),), key=OURS)

RUNS = "A rollout is running; wait for its end, or `lensloop pause` it."
NOT_DEPLOYED = (
    "The key that signs is not deployed any more: set `release_key` in cdk.json back to what it"
    " was, and deploy."
)


def test_the_newest_key_signs_and_the_one_before_counts_beside_it() -> None:
    assert rotate(BEFORE) == Change(
        (2, 1),
        "Have key 2 sign from now on? All 2 cameras are ordered to believe it, and key 1 as well"
        " until `lensloop key retire`.",
        "Key 2 signs from now on. All 2 cameras are ordered to believe it, and key 1 as well until"
        " `lensloop key retire`. When `lensloop key show` says that all do: `lensloop key retire`.",
    )


def test_a_key_that_is_in_other_hands_counts_no_more_at_once() -> None:
    orders = "All 2 cameras are ordered to believe nothing of key 1."
    assert rotate(BEFORE, compromised=True) == Change(
        (2,),
        f"Have key 2 sign from now on, and count alone? {orders} Who is offline goes on believing"
        " key 1 until it returns, and an agent that cannot follow takes no release any more.",
        f"Key 2 signs from now on, and counts alone. {orders} When `lensloop key show` says that"
        " all do, nothing needs key 1 any more: disable it in AWS KMS.",
        refusal="",
    )
    third = rotate(replace(BESIDE, newest=3), compromised=True)
    assert "The only camera is ordered to believe nothing of key 2 and key 1." in third.question


def test_the_one_before_is_retired_when_all_have_reported() -> None:
    assert retire(BESIDE) == Change(
        (2,),
        "Have key 2 count alone? The only camera is ordered to believe nothing of key 1.",
        "Key 2 counts alone. The only camera is ordered to believe nothing of key 1. When `lensloop"
        " key show` says that all do, nothing needs key 1 any more: disable it in AWS KMS.",
    )


@pytest.mark.parametrize(
    ("stand", "why"),
    [
        (replace(BEFORE, running=True), RUNS),
        (
            replace(BEFORE, newest=1),
            "Key 1 signs and is the newest that is deployed. Set `release_key` to 2 in cdk.json and"
            " deploy, which makes another; then say this again.",
        ),
        (
            replace(BEFORE, believed=(3,)),
            "Key 3 signs and is the newest that is deployed. Set `release_key` to 4 in cdk.json and"
            " deploy, which makes another; then say this again.",
        ),
        (replace(BEFORE, believed=(0,)), NOT_DEPLOYED),
        (
            replace(BESIDE, newest=3),
            "Cameras still believe key 1 beside key 2: first `lensloop key retire`.",
        ),
        (
            replace(BEFORE, cameras=(*FLEET, camera(DARK, None))),
            f"{DARK}: the agent there cannot follow to another key, and would take no release any"
            " more. Update it first (docs/cameras.md), or remove the camera.",
        ),
    ],
)
def test_another_key_is_not_taken(stand: Stand, why: str) -> None:
    assert rotate(stand) == Change((), "", "", why)


def test_in_need_an_old_agent_and_a_third_key_are_no_hindrance() -> None:
    fleet = (*FLEET, camera(DARK, None))
    assert rotate(replace(BEFORE, cameras=fleet), compromised=True).believed == (2,)
    assert rotate(replace(BESIDE, newest=3), compromised=True).believed == (3,)
    assert "A rollout is running" in rotate(replace(BEFORE, running=True), compromised=True).refusal
    assert rotate(replace(BEFORE, newest=1), compromised=True).refusal


@pytest.mark.parametrize(
    ("stand", "why"),
    [
        (replace(BESIDE, running=True), RUNS),
        (replace(BESIDE, believed=(0, 1)), NOT_DEPLOYED),
        (BEFORE, "Cameras are to believe key 1 alone; none is to be retired."),
    ],
)
@pytest.mark.parametrize("anyway", [False, True])
def test_nothing_is_retired(stand: Stand, why: str, anyway: bool) -> None:
    assert retire(stand, anyway=anyway) == Change((), "", "", why)


@pytest.mark.parametrize(
    "late",
    [
        camera(DARK, 0),
        camera(DARK, None),
        camera(DARK, 1, OTHER),
        camera(DARK, 2, OTHER),
        Follower(DARK, seen=False),
    ],
)
def test_who_has_not_reported_the_new_key_keeps_the_old_one(late: Follower) -> None:
    stand = replace(BESIDE, cameras=(camera(NEW, 1), late))
    assert retire(stand).refusal == (
        f"1 of 2 cameras not known to believe key 2: {DARK}. Every order brings it, also after a"
        " long absence. Wait, remove those that are gone (`lensloop camera remove`), or add"
        " --anyway."
    )
    found = retire(stand, anyway=True)
    assert found.believed == (2,)
    assert f"and to learn both: {DARK}." in found.question


@pytest.mark.parametrize(
    ("late", "who"),
    [
        (1, "1 of 1 camera not known to believe key 2: deeplens_1."),
        (5, ": deeplens_1, deeplens_2, deeplens_3, deeplens_4, deeplens_5. Every"),
        (6, ": deeplens_1, deeplens_2, deeplens_3, deeplens_4, deeplens_5 and 1 more. Every"),
    ],
)
def test_five_of_those_that_are_late_are_named(late: int, who: str) -> None:
    cameras = [camera(f"deeplens_{number}", 0) for number in range(1, late + 1)]
    assert who in retire(replace(BESIDE, cameras=cameras)).refusal


def test_before_the_first_change_no_camera_lacks_it() -> None:
    assert lacking(BEFORE) == []
    assert lacking(replace(BEFORE, cameras=(camera(DARK, None),))) == [DARK]


@pytest.mark.parametrize(
    ("cameras", "live", "orders"),
    [
        ((), 7, "Have key 2 sign from now on? There are no cameras yet."),
        (FLEET, 0, "No release is live yet: with their first order cameras are told to believe it"),
        (FLEET[:1], 7, "The only camera is ordered to believe it"),
        ((Follower(DARK, seen=False),), 7, f"nobody knows whether it can follow: {DARK}."),
    ],
)
def test_the_question_says_whom_it_reaches(
    cameras: Sequence[Follower], live: int, orders: str
) -> None:
    assert orders in rotate(replace(BEFORE, cameras=cameras, live=live)).question


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Follower(DARK, seen=False), "never reported"),
        (camera(DARK, None), "its agent cannot follow to another key: update it"),
        (camera(DARK, 0), "does not believe key 2 yet"),
        (camera(DARK, 1), "believes key 2"),
        (camera(DARK, 1, OTHER), f"believes {OTHER}, which is not key 2"),
        (camera(DARK, 1, ""), "believes no key, which is not key 2"),
    ],
)
def test_of_each_camera_it_is_said_what_it_believes(one: Follower, said: str) -> None:
    assert words(one, 2, 1, OURS) == said
    assert knows(one, 1, OURS) == (said == "believes key 2")


@pytest.mark.parametrize(
    ("believed", "newest", "lack", "said"),
    [
        (
            (1,),
            1,
            0,
            "For another key, set `release_key` to 2 in cdk.json and deploy; then `lensloop key"
            " rotate`.",
        ),
        ((1,), 2, 5, "Key 2 is deployed and does not sign yet"),
        (
            (2, 1),
            2,
            3,
            "3 cameras are not known to believe key 2; the next order brings it. After that:"
            " `lensloop key retire`.",
        ),
        ((2, 1), 2, 1, "1 camera is not known"),
        ((2, 1), 2, 0, "All cameras believe key 2: `lensloop key retire` ends key 1."),
        ((2,), 2, 0, "set `release_key` to 3"),
    ],
)
def test_what_comes_next(believed: tuple[int, ...], newest: int, lack: int, said: str) -> None:
    assert said in what_next(believed, newest, lack)


def test_a_fleet_whose_rollout_is_held_is_not_ordered_now() -> None:
    held = replace(BEFORE, held=True)
    assert (BEFORE.waves, held.waves) == (("canary", "fleet"), ("canary",))
    assert "Canaries are ordered to believe it" in rotate(held).question
    assert (
        "; the fleet is with its next order, for its rollout is held (`lensloop resume`, `retry` or"
        " `rollback`). When"
    ) in rotate(held, compromised=True).done


def test_what_a_camera_reports_is_what_is_known_of_it() -> None:
    assert follower(DARK, None) == Follower(DARK, False, None, "")
    assert follower(DARK, BARE) == Follower(DARK, True, None, "")
    said = BARE._replace(key_number=1, keys=(OURS, OTHER))
    assert follower(DARK, said) == Follower(DARK, True, 1, OURS)
    assert follower(DARK, said._replace(keys=())).key == ""
