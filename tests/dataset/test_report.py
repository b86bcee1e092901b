"""The report of a data set, from what is known of its pictures: every number and every list."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from lensloop.dataset.assembly import Dataset
from lensloop.dataset.readiness import Readiness
from lensloop.dataset.report import History, report
from lensloop.dataset.rows import Row
from lensloop.settings import Settings
from tests.dataset.made import row, rows, unreadable

SETTINGS = Settings(project="trash")


def dataset(
    accepted: Iterable[Row] = (),
    rejected: Iterable[Row] = (),
    alike: Iterable[tuple[Row, Row]] = (),
    distance: int = 6,
) -> Dataset:
    return Dataset(list(accepted), list(rejected), "digest", list(alike), distance)


def reported(
    of: Dataset, last: Mapping[str, Any] | None = None, reasons: Sequence[str] = (), **seen: Any
) -> dict[str, Any]:
    return report(of, Readiness(reasons), History(7, last or {}, **seen), SETTINGS)


def sample(name: str, border: Sequence[int] = (1, 2, 3, 4)) -> dict[str, Any]:
    return {"thumbnail": name, "border": list(border)}


EMPTY = {
    "format": 1,
    "epoch": 7,
    "digest": "digest",
    "project": "trash",
    "since": None,
    "images": 0,
    "rejected": 0,
    "new": 0,
    "removed": 0,
    "labels": {},
    "lost": [],
    "trainable": True,
    "misplaced": False,
    "reasons": [],
    "moves": [],
    "beside": [],
    "warnings": [],
    "left_out": [],
    "passed_over": "",
    "alike": [],
    "look_alike": [],
    "suspicious": None,
    "near_duplicates": 0,
    "examples": {},
    "imports": [],
    "new_examples": [],
    "left_out_examples": [],
}
LAST = {"epoch": 3, "digest": "before"}


def test_the_report_of_nothing_has_every_name() -> None:
    assert reported(dataset()) == EMPTY
    since = {"epoch": 3, "digest": "before"}
    assert reported(dataset(), LAST) == {**EMPTY, "since": since}


def test_what_programs_left_is_one_sentence() -> None:
    found = reported(dataset(), leftovers={"Thumbs.db": 2})
    assert found["passed_over"].startswith("Passed over: 2 files that programs leave")
    assert (found["warnings"], found["left_out"]) == ([], [])


def test_what_lies_beside_images_is_the_first_warning_unless_it_is_a_reason() -> None:
    beside = ["`Images/` lies beside images/.", "`a/` lies beside images/."]
    found = reported(dataset(), reasons=beside[:1], beside=beside)
    assert (found["beside"], found["warnings"]) == (beside, beside[1:])
    told = History(7, {"beside": beside[:1]}, beside=beside)
    assert told.new_beside == beside[1:]


def test_labels_that_are_lost_are_in_the_report() -> None:
    found = reported(dataset(rows("glass", 1), [unreadable("images/tin/a.jpg")]))
    assert found["lost"] == [
        "The folder `tin` gives no label: its only file does not count. It is no picture."
    ]


def test_two_hundred_lost_labels_are_listed_and_the_others_counted() -> None:
    rejected = [unreadable(f"images/l{number:03d}/a.jpg") for number in range(201)]
    lost = reported(dataset(rejected=rejected))["lost"]
    assert lost[199].startswith("The folder `l199` gives no label")
    assert lost[200:] == ["and 1 more"]


def test_folders_that_do_not_look_like_labels_come_with_the_commands_that_mend_them() -> None:
    found = report(dataset(), Readiness(["Why."], True, ["mv"] * 201), History(7), SETTINGS)
    assert (found["trainable"], found["misplaced"]) == (False, True)
    assert (found["reasons"], found["moves"]) == (["Why."], ["mv"] * 200)


def test_a_data_set_that_is_too_small_says_why() -> None:
    found = reported(dataset(), reasons=("Too few.", "Too odd."))
    assert (found["trainable"], found["reasons"]) == (False, ["Too few.", "Too odd."])


def test_pictures_are_counted_by_label_and_split() -> None:
    tin = [row(number, "tin", split=split) for number, split in enumerate(["test", "train"])]
    glass = [
        row(10 + number, split=split)
        for number, split in enumerate(["train", "train", "validation", "test"])
    ]
    inspected = frozenset({tin[0].key, *(picture.key for picture in glass[:3])})
    found = reported(dataset([*tin, *glass], [unreadable("images/a")]), inspected=inspected)
    assert (found["images"], found["rejected"], found["new"]) == (6, 1, 4)
    assert found["labels"] == {
        "glass": {"train": 2, "validation": 1, "test": 1, "images": 4, "new": 3},
        "tin": {"train": 1, "validation": 0, "test": 1, "images": 2, "new": 1},
    }
    assert list(found["labels"]) == ["glass", "tin"]


# What is new and what has gone

OLD, MOVED = row(1), row(1, key="images/glass/moved.jpg")


@pytest.mark.parametrize(
    ("accepted", "inspected", "gone", "expected"),
    [
        ([OLD], [], [], (0, 0)),
        ([OLD], [OLD], [], (1, 0)),
        ([], [], [OLD], (0, 1)),
        ([row(2)], [], [OLD], (0, 1)),
        # A rename, also onto a copy that was there before.
        ([MOVED], [MOVED], [OLD], (0, 0)),
        ([MOVED], [], [OLD], (0, 0)),
        ([MOVED, row(2)], [row(2)], [OLD], (1, 0)),
        # A relabel.
        ([row(1, "tin")], [row(1, "tin")], [OLD], (1, 1)),
        # What did not count before is not gone.
        ([], [], [OLD._replace(reason="Odd.")], (0, 0)),
        ([OLD], [OLD], [OLD._replace(reason="Odd.")], (1, 0)),
        ([], [], [unreadable(OLD.key)], (0, 0)),
        ([], [], [unreadable(OLD.key, "")], (0, 0)),
        ([OLD, row(2), row(3)], [OLD, row(2)], [row(4), row(5), OLD], (1, 2)),
    ],
)
def test_renames_are_neither_new_nor_gone(
    accepted: list[Row], inspected: list[Row], gone: list[Row], expected: tuple[int, int]
) -> None:
    keys = frozenset(picture.key for picture in inspected)
    found = reported(dataset(accepted), inspected=keys, gone=gone)
    assert (found["new"], found["removed"]) == expected


# Examples


def example(picture: Row, thumbnail: str = "old") -> dict[str, Any]:
    return {"key": picture.key, "sha256": picture.sha256, **sample(thumbnail)}


def sampled(pictures: Iterable[Row]) -> dict[str, dict[str, Any]]:
    return {picture.key: sample(picture.key) for picture in pictures}


def test_new_pictures_are_spread_over_the_examples_of_their_label() -> None:
    glass = rows("glass", 25)
    found = reported(dataset(glass), samples=sampled(glass))
    shown = [example(picture, picture.key) for picture in glass[:24:2]]
    assert found["examples"] == {"glass": shown}
    assert len(shown) == 12


def test_an_example_of_the_last_report_stays_while_its_picture_counts() -> None:
    kept, moved, gone, fresh = row(1), row(2, key="images/glass/moved.jpg"), row(3), row(4)
    relabelled = row(5, "tin")
    old = [example(kept), example(row(2)), example(gone), example(row(5))]
    last = {**LAST, "examples": {"glass": old, "paper": [example(row(6, "paper"))]}}
    accepted = [kept, fresh, moved, row(9), relabelled]
    found = reported(dataset(accepted), last, samples=sampled([kept, fresh]))
    assert found["examples"] == {
        "glass": [example(kept), example(moved), example(fresh, fresh.key)],
        "tin": [example(relabelled)],
    }


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (0, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]),
        (9, [0, 8, 16]),
        (10, [0, 12]),
        (11, [0]),
        (12, []),
        (14, []),
    ],
)
def test_new_pictures_fill_what_the_old_examples_leave(kept: int, shown: list[int]) -> None:
    old, fresh = rows("glass", kept), rows("glass", 24, start=100)
    last = {**LAST, "examples": {"glass": [example(picture) for picture in old]}}
    found = reported(dataset([*old, *fresh]), last, samples=sampled([*old, *fresh]))
    assert found["examples"]["glass"] == [
        *(example(picture) for picture in old[:12]),
        *(example(fresh[number], fresh[number].key) for number in shown),
    ]


@pytest.mark.parametrize(
    ("labels", "each", "shown"), [(1, 12, 1), (20, 12, 20), (21, 11, 21), (80, 3, 80), (90, 3, 80)]
)
def test_of_many_labels_fewer_examples_each_are_shown(labels: int, each: int, shown: int) -> None:
    pictures = []
    for label in range(labels):
        pictures += rows(f"a{label:02d}", 13, start=100 * label)
    found = reported(dataset(pictures), samples=sampled(pictures))["examples"]
    assert {len(examples) for examples in found.values()} == {each}
    assert list(found) == [f"a{label:02d}" for label in range(shown)]


def test_what_is_new_is_shown_unless_everything_is() -> None:
    pictures = [*rows("glass", 3), *rows("tin", 30, start=50)]
    seen: dict[str, Any] = {"inspected": frozenset(picture.key for picture in pictures[1:])}
    samples = sampled(pictures[:2] + pictures[3:])
    found = reported(dataset(pictures), LAST, samples=samples, **seen)["new_examples"]
    shown = [pictures[1], *pictures[3:26]]
    assert found == [
        {"key": picture.key, "label": picture.label, "thumbnail": picture.key} for picture in shown
    ]
    assert len(found) == 24
    assert reported(dataset(pictures), samples=samples, **seen)["new_examples"] == []


def test_rejected_pictures_that_could_be_opened_are_shown() -> None:
    rejected = [row(number, reason=f"Odd {number}.") for number in range(30)]
    found = reported(dataset(rejected=rejected), samples=sampled(rejected[1:]))
    assert found["left_out_examples"] == [
        {"key": picture.key, "reason": picture.reason, "thumbnail": picture.key}
        for picture in rejected[1:25]
    ]


# What was rejected


def kind(*rejected: Row, count: int = 0) -> dict[str, Any]:
    pictures = [{"key": picture.key, "reason": picture.reason} for picture in rejected]
    return {
        "count": count or len(rejected),
        "reason": rejected[0].reason,
        "pictures": pictures,
    }


def test_rejections_are_grouped_by_what_they_say_before_names_and_numbers() -> None:
    same = [
        unreadable(f"images/{number}", reason)
        for number, reason in enumerate(
            [
                "The file has 26 MB; at most 25 MB are read.",
                "The file has 1,234.5 MB; at most 25 MB are read.",
                "The file has (about) 30 MB; at most 25 MB are read.",
            ]
        )
    ]
    # What is left of the third is one space more.
    assert reported(dataset(rejected=same))["left_out"] == [kind(*same[:2]), kind(same[2])]

    named = [
        unreadable("images/a", "Its label `Glass` differs."),
        unreadable("images/b", "It is the same picture as images/x, which counts."),
        unreadable("images/c", "Its label `Tin` differs from `tin`."),
        unreadable("images/d", "It is the same picture as images/`y`, which counts."),
        unreadable("images/e", "It (a.jpg) is the same picture as images/z."),
        unreadable("images/f", "It (b, c.jpg) is the same picture as images/z."),
        unreadable("images/g", "Its label `A` and images/a"),
    ]
    assert reported(dataset(rejected=named))["left_out"] == [
        kind(named[0], named[2], named[6]),
        kind(named[1], named[3]),
        kind(named[4], named[5]),
    ]


@pytest.mark.parametrize(("kinds", "share"), [(1, 200), (2, 100), (39, 5), (40, 5), (50, 5)])
def test_each_kind_names_its_share_of_two_hundred_pictures(kinds: int, share: int) -> None:
    rejected, groups = [], []
    for number in range(kinds):
        name = chr(ord("A") + number // 26) + chr(ord("a") + number % 26)
        group = [unreadable(f"images/{name}/{n:03d}", f"{name} is odd.") for n in range(share + 1)]
        rejected += group
        groups.append(kind(*group[:share], count=share + 1))
    assert reported(dataset(rejected=rejected))["left_out"] == groups


# Near-duplicates

ONE, OTHER, THIRD = row(1), row(2, "tin"), row(3, "tin")


def pair(one: Row, other: Row) -> dict[str, str]:
    return {
        "key": one.key,
        "label": one.label,
        "other": other.key,
        "other_label": other.label,
    }


def test_near_duplicates_are_counted_and_named_where_their_labels_differ() -> None:
    alike = [(ONE, OTHER), (THIRD, OTHER), (ONE, THIRD)]
    found = reported(dataset([ONE, OTHER, THIRD], alike=alike))
    assert found["near_duplicates"] == 3
    assert found["alike"] == [pair(ONE, OTHER), pair(ONE, THIRD)]
    assert found["warnings"][-1] == (
        f"{ONE.key} and {OTHER.key} look nearly the same but have different labels: one may be"
        " wrong. 1 more such pair is listed below."
    )


def test_a_pair_that_was_named_before_stays_until_one_has_gone_or_has_another_label() -> None:
    here = [ONE, OTHER, THIRD]
    gone, relabelled = row(8, "tin"), row(3, "paper", key=THIRD.key)
    pairs = [pair(ONE, THIRD), pair(ONE, gone), pair(gone, ONE), pair(ONE, relabelled)]
    pairs += [pair(relabelled, ONE), pair(ONE, OTHER)]
    last = {**LAST, "alike": pairs}
    found = reported(dataset(here, alike=[(ONE, OTHER)]), last)["alike"]
    assert found == [pair(ONE, OTHER), pair(ONE, THIRD)]


def test_every_pair_that_is_still_there_stays() -> None:
    four = [*rows("glass", 2, start=30), *rows("tin", 2, start=40)]
    pairs = [pair(four[0], four[2]), pair(four[1], four[3])]
    assert reported(dataset(four), {**LAST, "alike": pairs})["alike"] == pairs


def test_two_hundred_pairs_are_listed() -> None:
    tins = rows("tin", 201, start=10)
    found = reported(dataset([ONE, *tins], alike=[(ONE, tin) for tin in tins]))["alike"]
    assert found == [pair(ONE, tin) for tin in tins[:200]]


@pytest.mark.parametrize(
    ("distance", "new", "before", "labels"),
    [
        (6, ["tin"], [], []),
        (4, ["tin"], [], ["tin"]),
        (0, ["tin"], ["glass"], ["glass", "tin"]),
        (4, [], ["glass"], ["glass"]),
        (6, ["tin"], ["glass", "gone"], ["glass"]),
        (4, [], [], []),
    ],
)
def test_labels_that_came_when_likeness_said_nothing_stay_named(
    distance: int, new: list[str], before: list[str], labels: list[str]
) -> None:
    inspected = frozenset(picture.key for picture in (ONE, OTHER) if picture.label in new)
    last = {**LAST, "look_alike": before} if before else None
    found = reported(dataset([ONE, OTHER], distance=distance), last, inspected=inspected)
    assert found["look_alike"] == labels
    assert any("look so much alike" in warning for warning in found["warnings"]) is bool(labels)


# Warnings come from what is reported


def test_a_folder_without_any_picture_is_empty() -> None:
    rejected = [
        unreadable("images/tin/a.txt"),
        unreadable("images"),
        unreadable("images/paper/x/y.txt"),
    ]
    folders = ["soon", "glass", "tin", "paper", "bald", "soon"]
    found = reported(dataset(rows("glass", 30), rejected), folders=folders)["warnings"]
    assert found == [
        "The folder images/bald/ holds no picture yet.",
        "The folder images/soon/ holds no picture yet.",
    ]


def test_examples_before_one_background_and_doubts_are_said() -> None:
    glass = rows("glass", 30)
    doubt = {"key": "old", "sha256": glass[3].sha256, "label": "glass", "predicted": "tin"}
    suspicious = {"epoch": 3, "count": 1, "pictures": [doubt]}
    last = {**LAST, "suspicious": suspicious}
    found = reported(dataset(glass), last, samples=sampled(glass))
    kept = {**doubt, "key": glass[3].key}
    assert found["suspicious"] == {**suspicious, "pictures": [kept]}
    assert found["warnings"] == [
        "The example pictures of `glass` all have the same plain background: the model may learn"
        " that. Add pictures from other places.",
        f"These labels may be wrong: {glass[3].key} looks like `tin` (in the report: labels to"
        " check).",
    ]
    same = {**last, "digest": "digest", "suspicious": {**suspicious, "count": 9}}
    assert reported(dataset(glass), same)["suspicious"]["count"] == 9
