"""A run leaves a report: what is there, what is new, what was rejected, and what is odd."""

import io
import random

import pytest
from PIL import Image

from lensloop.pages.dataset import page
from tests.dataset.conftest import Picture, Project


def framed(number: int, border: tuple[int, int, int], size: tuple[int, int] = (64, 64)) -> bytes:
    """A picture of something, different each time, before a plain background."""
    image = Image.new("RGB", size, border)
    rng = random.Random(number)
    thing = Image.frombytes("RGB", (6, 6), rng.randbytes(3 * 36)).resize(
        (size[0] // 2, size[1] // 2)
    )
    image.paste(thing, (size[0] // 4, size[1] // 4))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def fill(project: Project, picture: Picture, label: str, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        project.s3[f"images/{label}/{number:03d}.jpg"] = picture(number)


def test_counts_what_is_new_and_what_has_gone(project: Project, picture: Picture) -> None:
    fill(project, picture, "glass", 12)
    fill(project, picture, "paper", 12, start=20)
    project.run()
    first = project.report()
    assert (first["images"], first["new"], first["removed"], first["since"]) == (24, 24, 0, None)

    fill(project, picture, "paper", 3, start=40)
    del project.s3["images/glass/000.jpg"]
    del project.s3["images/glass/001.jpg"]
    project.s3["images/glass/renamed.jpg"] = project.content("images/glass/002.jpg")
    del project.s3["images/glass/002.jpg"]
    project.run()
    second = project.report()
    assert (second["images"], second["new"], second["removed"]) == (25, 3, 2)
    assert second["since"] == {"epoch": 1, "digest": first["digest"]}
    assert second["labels"]["paper"]["new"] == 3
    assert sum(second["labels"]["glass"][split] for split in ("train", "validation", "test")) == 10
    assert {example["key"] for example in second["new_examples"]} == {
        f"images/paper/{n:03d}.jpg" for n in (40, 41, 42)
    }


def test_examples_are_shown_again_without_reading_their_pictures_again(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, "glass", 30)
    project.run()
    shown = project.report()["examples"]["glass"]
    assert len(shown) == 12
    read = project.s3.bytes_read["images"]
    project.run()
    assert project.report()["examples"]["glass"] == shown
    assert project.s3.bytes_read["images"] == read


def test_the_page_lies_beside_the_report(project: Project, picture: Picture) -> None:
    fill(project, picture, "glass", 12)
    project.run()
    assert project.file("report.html").decode() == page(project.report())


def test_rejected_pictures_are_grouped_by_reason_and_all_are_in_the_file(
    project: Project, picture: Picture
) -> None:
    for number in range(300):
        project.s3[f"images/glass/{number}.txt"] = f"text {number}".encode()
    fill(project, picture, "glass", 2)
    project.s3["images/paper/a.jpg"] = picture(0)
    project.run()
    texts, conflict = project.report()["left_out"]
    assert texts["count"] == 300
    assert len(texts["pictures"]) < 300
    assert conflict["count"] == 2
    assert len(project.rejected()) == 302
    assert "and 200 more" in project.file("report.html").decode()


def test_that_near_duplicates_could_not_be_told_is_said_until_the_label_is_gone(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, "glass", 45)
    fill(project, picture, "paper", 45, start=50)
    project.run()
    for number in range(250):
        project.s3[f"images/tin/{number}.png"] = framed(number % 4, (number, number, number))

    def warned() -> list[str]:
        project.run()
        return [
            warning
            for warning in project.report()["warnings"]
            if "near-duplicates among those of `tin` could" in warning
        ]

    assert warned()
    assert warned(), "the next run, without a new picture"
    fill(project, picture, "glass", 3, start=200)
    assert warned()
    for key in list(project.s3.keys("images/tin/")):
        del project.s3[key]
    assert not warned()


def test_names_with_spaces_and_backticks_make_no_groups_of_their_own(
    project: Project, picture: Picture
) -> None:
    for number, word in enumerate(
        ("red car", "beach day, evening", "a`b` c", "lake (2)", "sun;moon", "x: y")
    ):
        project.s3[f"images/glass/{word}.jpg"] = picture(number)
        project.s3[f"images/glass/{word} copy.jpg"] = picture(number)
        project.s3[f"images/bad {word}*/a.jpg"] = picture(number)
    project.run()
    assert [group["count"] for group in project.report()["left_out"]] == [6, 6]


def test_a_data_set_of_many_labels_keeps_a_small_report(project: Project, picture: Picture) -> None:
    for label in range(300):
        project.s3[f"images/label {label}/a.jpg"] = picture(label)
        project.s3[f"images/label {label}/b.jpg"] = picture(1000 + label)
    project.run()
    assert len(project.file("report.html")) < 2_000_000
    assert len(project.file("report.json")) < 2_000_000


def test_warnings_that_hold_for_many_labels_are_not_repeated_for_each(
    project: Project, picture: Picture
) -> None:
    for label in range(40):
        project.s3[f"images/empty {label}/"] = b""
        for number in range(6):
            project.s3[f"images/label {label}/{number}.jpg"] = picture(
                6 * label + number, 40 + label
            )
    project.run()
    warnings = project.report()["warnings"]
    assert len(warnings) < 25
    assert warnings.count("The same is true of 32 more labels.") == 2


@pytest.mark.parametrize(
    ("words", "odd"),
    [
        ("Few pictures: `small` (8)", lambda p, picture: fill(p, picture, "small", 8, start=500)),
        (
            "far from balanced: `small` has 8 pictures",
            lambda p, picture: fill(p, picture, "small", 8, start=500),
        ),
        (
            "`tin` have 96 × 48 pixels and hardly any others do",
            lambda p, _: [
                p.s3.__setitem__(
                    f"images/tin/{n}.png", framed(n, (9 * n % 250, 5 * n % 250, 90), (96, 48))
                )
                for n in range(40)
            ],
        ),
        (
            "`tin` all have the same plain background",
            lambda p, _: [
                p.s3.__setitem__(f"images/tin/{n}.png", framed(n, (230, 228, 224)))
                for n in range(40)
            ],
        ),
        (
            "look nearly the same but have different labels",
            lambda p, picture: p.s3.__setitem__("images/glass/again.jpg", picture(60, 72)),
        ),
        ("images/soon/ holds no picture yet", lambda p, _: p.s3.__setitem__("images/soon/", b"")),
        (
            "look so much alike",
            lambda p, _: [
                p.s3.__setitem__(f"images/tin/{n}.png", framed(n % 4, (n, n, n)))
                for n in range(0, 250)
            ],
        ),
    ],
)
def test_what_looks_odd_is_said(
    project: Project, picture: Picture, words: str, odd: object
) -> None:
    fill(project, picture, "glass", 45)
    fill(project, picture, "paper", 45, start=50)
    project.run()
    assert project.report()["warnings"] == []
    assert callable(odd)
    odd(project, picture)
    project.run()
    assert any(words in warning for warning in project.report()["warnings"]), project.report()[
        "warnings"
    ]
