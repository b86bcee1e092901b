"""Each picture of a source goes to its key, or is left out for a reason; and the verdict is the one
that the next run would give.
"""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from lensloop.dataset.rows import Listed, Row
from lensloop.importing import sieve
from lensloop.importing.plan import Plan, plan
from lensloop.importing.sieve import NO_LABEL, Seen, There, key_of
from lensloop.settings import Settings
from tests.dataset.made import row

SETTINGS = Settings(min_images_per_label=2, min_test_images_per_label=1)


def seen(number: int, label: str | None = "glass", path: str = "", **more: Any) -> Seen:
    """The picture with this number, as tests/dataset/made.py has it."""
    known = row(number)
    where = path or f"{label}/{number}.jpg"
    found = Seen(where, 10, known.sha256, "JPEG", 64, 48, known.phash, label=label)
    return found._replace(**more)


def there(*rows: Row, more: Sequence[str] = ()) -> There:
    listed = [Listed(known.key, known.etag, known.size) for known in rows]
    return There(rows, [*listed, *(Listed(key, "e", 1) for key in more)])


def planned(found: Sequence[Seen], known: There | None = None, **labels: str) -> Plan:
    same = {one.label: one.label for one in found if one.label}
    return plan(found, known or There(), {**same, **labels}, SETTINGS)


def imported_key(number: int, label: str = "glass", name: str = "a.jpg") -> str:
    return key_of(label, name, row(number).sha256, "JPEG")


def test_a_picture_goes_to_its_label_under_its_name_and_content() -> None:
    made = planned([seen(1, path="deep/down/IMG 0042 (1).JPG")])
    (entry,) = made.taken
    assert entry.key == f"images/glass/IMG-0042-1-{row(1).sha256[:16]}.jpg"
    assert (made.left_out, made.counts, made.labels) == ([], {"glass": 1}, {"glass": "glass"})


@pytest.mark.parametrize(
    ("path", "kind", "ends"),
    [
        ("a/b.png", "PNG", "b-{}.png"),
        ("a/b", "WEBP", "b-{}.webp"),
        ("a/b.heic", "", "b-{}.jpg"),
        ("a/玻璃.jpg", "JPEG", "picture-{}.jpg"),
        (f"a/{'x' * 80}.jpg", "JPEG", f"{'x' * 40}-{{}}.jpg"),
    ],
)
def test_a_key_says_name_content_and_format(path: str, kind: str, ends: str) -> None:
    assert key_of("glass", path, "ab" * 32, kind) == f"images/glass/{ends.format('ab' * 8)}"


@pytest.mark.parametrize(
    ("found", "labels", "words"),
    [
        ([seen(1, None)], {}, NO_LABEL),
        ([seen(1, reason="It is broken.")], {}, "It is broken."),
        ([seen(1)], {"glass": "skip"}, "`glass` is skipped, as the label map says."),
        ([seen(1), seen(1, path="again.jpg")], {}, "the same picture as `glass/1.jpg`, which is"),
    ],
)
def test_what_cannot_come_is_left_out_with_its_reason(
    found: list[Seen], labels: dict[str, str], words: str
) -> None:
    made = planned(found, None, **labels)
    (left,) = made.left_out
    assert words in left.reason
    assert len(made.taken) == len(found) - 1


def test_a_picture_under_two_of_our_labels_never_comes_and_under_one_once() -> None:
    both = [seen(1, "glass"), seen(1, "jar")]
    made = planned(both)
    assert made.taken == []
    assert [left.path for left in made.left_out] == ["glass/1.jpg", "jar/1.jpg"]
    assert "is also `jar` (jar/1.jpg), so neither is taken" in made.left_out[0].reason
    assert len(planned(both, jar="glass").taken) == 1


def test_what_a_run_knows_is_not_brought_again() -> None:
    made = planned([seen(1)], there(row(1)))
    (left,) = made.left_out
    assert left.reason.endswith("under the same label: images/glass/001.jpg.")


@pytest.mark.parametrize("inspected", [True, False])
def test_what_an_import_brought_is_there_also_under_another_name(inspected: bool) -> None:
    key = imported_key(1, name="another.jpg")
    known = there(row(1, key=key)) if inspected else there(more=[key])
    (entry,) = planned([seen(1)], known).taken
    assert (entry.key, entry.there) == (key, True)


def test_what_is_there_under_another_label_is_told() -> None:
    for known in (there(row(1, "jar")), there(more=[imported_key(1, "jar")])):
        (left,) = planned([seen(1)], known).left_out
        assert "The bucket has the same picture as `jar`" in left.reason


def test_what_was_deleted_comes_again() -> None:
    gone = There.of([row(1)], [])
    replaced = There.of([row(1)], [Listed(row(1).key, "of another", 9)])
    for known in (gone, replaced):
        assert len(planned([seen(1)], known).new) == 1


def test_a_label_that_looks_like_one_that_is_there_does_not_come() -> None:
    known = there(*(row(number, split="train") for number in range(10, 20)))
    made = planned([seen(1, "Glass")], known)
    (left,) = made.left_out
    assert left.reason.startswith("Its label `Glass` looks like `glass`")


def test_near_duplicates_under_two_labels_are_named_as_the_source_does() -> None:
    hashes = [near(number) for number in range(1, 6)]
    known = there(row(1, split="train"))
    made = planned([seen(9, "can", "in/a.jpg", phash=hashes[0])], known)
    assert f"in/a.jpg (`can`) and {row(1).key} (`glass`)" in " ".join(made.warnings)
    found = [seen(number) for number in range(1, 6)]
    found += [seen(10 + n, "can", phash=phash) for n, phash in enumerate(hashes)]
    said = [each for each in planned(found).warnings if "nearly the same" in each]
    assert len(said) == 3
    assert "2 more such pairs were found." in planned(found).warnings


def near(number: int, bits: int = 1) -> str:
    """A hash that differs a little from that of the picture with this number."""
    return f"{int(row(number).phash, 16) ^ bits:016x}"


def test_near_duplicates_of_what_is_there_are_named_and_come() -> None:
    found = [seen(2, phash=near(1)), seen(3), seen(4, phash=near(1))]
    made = planned(found, there(row(1, split="train")))
    assert [*made.near] == [(found[0].path, row(1).key), (found[2].path, row(1).key)]
    assert len(made.new) == 3


def test_near_duplicates_of_what_is_there_are_left_out_if_one_wants_it() -> None:
    found = [seen(2, phash=near(1)), seen(3), seen(4, phash=near(1)), seen(5, phash=near(3))]
    made = plan(found, there(row(1, split="train")), {"glass": "glass"}, SETTINGS, skip_near=True)
    assert [entry.seen for entry in made.new] == [found[1], found[3]]
    assert {left.path for left in made.left_out} == {found[0].path, found[2].path}
    assert row(1).key in made.left_out[0].reason
    assert "--skip-near-duplicates" in made.left_out[0].reason
    assert (made.near, made.after) == ([], {"glass": 3})


def test_an_import_that_goes_on_does_not_leave_out_what_resembles_its_own_pictures() -> None:
    found = [seen(1), seen(2, phash=near(1))]
    begun = there(row(1, key=imported_key(1), split="train"))
    made = plan(found, begun, {"glass": "glass"}, SETTINGS, skip_near=True)
    assert [entry.seen for entry in made.new] == [found[1]]


def test_a_picture_between_two_that_must_be_kept_apart_is_left_out() -> None:
    one = int(row(1).phash, 16)
    sides = [row(1, split="train"), row(2, split="test", phash=f"{one ^ 0xFF:016x}")]
    made = planned([seen(3, phash=f"{one ^ 0xF:016x}")], there(*sides))
    (left,) = made.left_out
    assert "these two must be kept apart" in left.reason


def many(label: str, count: int) -> list[Seen]:
    start = random.Random(label).randrange(10**6)
    return [seen(start + number, label) for number in range(count)]


def test_the_verdict_is_the_next_runs() -> None:
    few = planned([*many("glass", 12), *many("paper", 1)])
    assert few.missing == [
        "`paper` has 1 picture that can be used and needs 2 (`min_images_per_label`): add 1 more."
    ]
    enough = planned([*many("glass", 12), *many("paper", 12)])
    assert (list(enough.missing), enough.after) == ([], {"glass": 12, "paper": 12})
    assert enough.warnings[0].startswith("Few pictures: `glass` (12), `paper` (12).")


def test_pictures_that_are_there_count_for_the_verdict() -> None:
    known = there(*(row(number, "paper", split="train") for number in range(8)))
    assert planned(many("glass", 12), known).after == {"glass": 12, "paper": 8}


def test_a_hash_in_a_key_is_long_enough_for_a_billion_pictures() -> None:
    assert 16**sieve._HASH > (10**9) ** 2
