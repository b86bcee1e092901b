"""Uploads beside images/ are named with the command that mends them; what is ours is not."""

import pytest

from lensloop.dataset.beside import beside

OURS = [
    "images/",
    "datasets/",
    "training/",
    "releases/",
    "runs/",
    "review/",
    "features/",
    "golden/",
    "imports/",
    "experiments/",
]


def folder(name: str, move: str) -> str:
    return (
        f"The folder `{name}` lies beside images/, where nothing looks. If labelled pictures are in"
        f" it, move them: `aws s3 mv --recursive {move}`"
    )


def test_what_the_system_keeps_and_what_programs_leave_is_nobodys_mistake() -> None:
    assert beside([*OURS, ".Trash/", "__MACOSX/"], [".DS_Store", "README.md"], "b") == []


@pytest.mark.parametrize(
    ("name", "move"),
    [
        ("/images/", "s3://b//images/ s3://b/images/"),
        ("Images/", "s3://b/Images/ s3://b/images/"),
        ("Photos/", "s3://b/Photos/ s3://b/images/"),
        ("image/", "s3://b/image/ s3://b/images/"),
        ("img/", "s3://b/img/ s3://b/images/"),
        ("imgs/", "s3://b/imgs/ s3://b/images/"),
        ("photo/", "s3://b/photo/ s3://b/images/"),
        ("picture/", "s3://b/picture/ s3://b/images/"),
        ("PICTURES/", "s3://b/PICTURES/ s3://b/images/"),
        ("images /", "'s3://b/images /' s3://b/images/"),
        ("FAX/", "s3://b/FAX/ s3://b/images/FAX/"),
        ("glass/", "s3://b/glass/ s3://b/images/glass/"),
        ("/glass/", "s3://b//glass/ s3://b/images/glass/"),
        ("it's/", "'s3://b/it'\\''s/' 's3://b/images/it'\\''s/'"),
    ],
)
def test_a_folder_beside_images_comes_with_the_move_that_mends_it(name: str, move: str) -> None:
    assert beside([*OURS, name], [], "b") == [folder(name, move)]


def test_loose_pictures_are_counted_with_an_example() -> None:
    assert beside(OURS, ["b.JPG", "a.png", "notes.txt"], "b") == [
        "2 pictures lie beside images/, where nothing looks. Move each under its label:"
        " `aws s3 mv s3://b/a.png s3://b/images/<label>/`"
    ]
    assert beside(OURS, ["a b.webp"], "b") == [
        "1 picture lies beside images/, where nothing looks. Move each under its label:"
        " `aws s3 mv 's3://b/a b.webp' s3://b/images/<label>/`"
    ]
    many = [f"{number}.jpeg" for number in range(1234)]
    assert beside([], many, "b")[0].startswith("1,234 pictures lie beside images/, where")


def test_folders_come_first_in_the_order_of_the_alphabet() -> None:
    found = beside(["tin/", "glass/"], ["a.jpg"], "b")
    assert [sentence.split(" beside ")[0] for sentence in found] == [
        "The folder `glass/` lies",
        "The folder `tin/` lies",
        "1 picture lies",
    ]


def test_no_more_than_twenty_are_told() -> None:
    assert len(beside([f"f{n}/" for n in range(21)], [], "b")) == 20
