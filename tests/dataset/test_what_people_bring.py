"""Cases from people's folders: data sets from elsewhere, what computers leave, wrong levels.

Each runs the data set's own steps on a bucket in memory, and looks at what a person would read.
"""

import shlex
from collections.abc import Mapping

import pytest

from lensloop.dataset import snapshot
from tests.dataset.conftest import Picture, Project, connected


def fill(project: Project, picture: Picture, folders: Mapping[str, int], start: int = 0) -> None:
    """So many pictures in each folder, all different."""
    number = start
    for folder, count in folders.items():
        for place in range(count):
            project.s3[f"{folder}/{place:02d}.jpg"] = picture(number)
            number += 1


# The wrong folder level


@pytest.mark.parametrize(
    ("parts", "labels"),
    [
        (("train", "valid", "test"), ("glass", "metal")),  # Roboflow
        (("train", "test"), ("airplane", "cat")),  # Hugging Face, Keras
        (("DATASET/TRAIN", "DATASET/TEST"), ("O", "R")),  # Kaggle's waste classification
    ],
)
def test_a_downloaded_split_ends_before_anything_is_paid_for(
    project: Project, picture: Picture, parts: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    fill(project, picture, {f"images/{part}/{label}": 6 for part in parts for label in labels})
    result = project.run()
    assert (result["trainable"], result["misplaced"]) == (False, True)
    assert "look like the parts of a split data set" in result["reasons"][0]
    for move in result["moves"]:
        source, target = shlex.split(move)[-2:]
        project.move_all(source, target)
    assert not project.run()["misplaced"]
    assert set(project.report()["labels"]) == set(labels)


def test_a_folder_unpacked_into_a_folder_of_its_name_is_recognised(
    project: Project, picture: Picture
) -> None:
    around = "images/Garbage classification/Garbage classification"
    fill(project, picture, {f"{around}/cardboard": 12, f"{around}/glass": 12})
    result = project.run()
    assert result["misplaced"]
    assert result["moves"] == [
        f"aws s3 mv --recursive 's3://deeplens-test/{around}/{label}/'"
        f" s3://deeplens-test/images/{label}/"
        for label in ("cardboard", "glass")
    ]


def test_pictures_sorted_by_room_first_are_recognised(project: Project, picture: Picture) -> None:
    rooms, labels = ("kitchen", "hall"), ("glass", "paper")
    fill(project, picture, {f"images/{room}/{label}": 6 for room in rooms for label in labels})
    assert project.run()["misplaced"]


def test_folders_that_are_labels_after_all_are_trained_on_by_a_setting(
    project: Project, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(monkeypatch, project, folders_are_labels=True)
    fill(project, picture, {"images/train/toy": 12, "images/test/toy": 12})
    result = project.run()
    assert (result["trainable"], result["misplaced"]) == (True, False)
    assert set(project.report()["labels"]) == {"train", "test"}


def test_kinds_of_each_label_are_no_mistake(project: Project, picture: Picture) -> None:
    fill(
        project,
        picture,
        {
            f"images/{label}/{kind}": 6
            for label in ("aerosol", "cans", "glass")
            for kind in ("default", "real_world")
        },
    )
    assert project.run()["trainable"]


def test_data_that_was_judged_before_is_nothing_new_whatever_its_folders(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/train/toy": 6, "images/test/toy": 6})
    digest = project.run()["digest"]
    project.table.items["trigger"]["digest"] = digest
    result = project.run()
    assert (result["changed"], result["moves"]) == (False, [])


# What programs leave beside pictures


def test_a_notebooks_copy_never_counts_in_place_of_its_original(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/glass": 12, "images/paper": 12})
    copied = project.content("images/glass/00.jpg")
    project.s3["images/glass/.ipynb_checkpoints/00-checkpoint.jpg"] = copied
    project.s3["images/paper/.ipynb_checkpoints/old.jpg"] = picture(300)
    project.run()
    assert len(project.manifest()) == 24
    assert project.rejected() == {}
    assert project.report()["passed_over"] == (
        "Passed over: 2 files that programs leave beside pictures (`.ipynb_checkpoints`). Nothing"
        " needs to be done."
    )


def test_what_a_mac_a_windows_and_a_nas_leave_is_one_line_and_no_warning(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/glass": 40, "images/paper": 40})
    for left in ("glass/._1.jpg", "glass/.DS_Store", "Thumbs.db", "glass/Thumbs.db"):
        project.s3[f"images/{left}"] = b"x"
    for left in ("__MACOSX/glass/1.jpg", "glass/@eaDir/1.jpg", "#recycle/1.jpg", ".idea/"):
        project.s3[f"images/{left}"] = picture(500)
    project.run()
    report = project.report()
    assert (report["left_out"], report["warnings"]) == ([], [])
    assert report["passed_over"].startswith("Passed over: 8 files")
    assert set(report["labels"]) == {"glass", "paper"}


def test_leftovers_that_an_earlier_version_counted_leave_the_data_set(
    project: Project, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(project, picture, {"images/glass": 12, "images/paper": 12})
    project.s3["images/glass/.old/1.jpg"] = picture(300)
    monkeypatch.setattr(snapshot, "leftover", lambda _path: "")
    project.run()
    assert "images/glass/.old/1.jpg" in project.manifest()
    monkeypatch.undo()
    connected(monkeypatch, project)
    project.run()
    assert "images/glass/.old/1.jpg" not in project.manifest()
    assert project.report()["removed"] == 1


# Labels in any script

SCRIPTS = ("Müll", "燃えるごみ", "paper & cardboard", "可回收物", "Rope & strings", "E-waste")


def test_labels_of_any_script_come_through_to_manifest_and_report(
    project: Project, picture: Picture
) -> None:
    fill(
        project, picture, {f"images/{label}": 10 for label in (*SCRIPTS, "mixed (non-recyclable)")}
    )
    result = project.run()
    assert (result["trainable"], result["rejected"]) == (True, 0)
    labels = {row["label"] for row in project.manifest().values()}
    assert labels == {*SCRIPTS, "mixed (non-recyclable)"}
    page = project.file("report.html").decode()
    assert all(label.replace("&", "&amp;") in page for label in labels)


def test_a_folder_from_a_mac_and_one_from_linux_are_one_label(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/Mu\u0308ll": 10, "images/M\u00fcll": 10, "images/glass": 20})
    assert project.run()["trainable"]
    assert project.report()["labels"]["M\u00fcll"]["images"] == 20
    assert "images/Mu\u0308ll/00.jpg" in project.manifest()


def test_a_label_that_only_looks_like_another_is_told_by_its_code_points(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/glass": 20, "images/paper": 20, "images/gl\u0430ss": 3})
    project.run()
    assert project.rejected()["images/gl\u0430ss/00.jpg"]["reason"] == (
        "Its label `gl\u0430ss` looks like `glass` (`\u0430` is U+0430, `a` is U+0061): they differ"
        " only by case, spaces, form or letters that look alike. Move the picture there, or rename"
        " one of the two folders."
    )


# Labels that are lost


def test_a_folder_that_cannot_be_a_label_is_said_first_though_the_rest_can_be_trained_on(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/glass": 12, "images/paper": 12, "images/can*": 5})
    result = project.run()
    assert result["trainable"]
    [lost] = project.report()["lost"]
    assert lost.startswith(
        "The folder `can*` gives no label: none of its 5 files counts. Its folder"
    )
    page = project.file("report.html").decode()
    assert page.index("gives no label") < page.index("Enough to train")


def test_a_label_of_phone_pictures_in_a_format_that_is_not_read_is_said_first(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/glass": 12, "images/paper": 12})
    for number in range(5):
        project.s3[f"images/tin/IMG_{number}.HEIC"] = b"\0\0\0\x18ftypheic" + bytes(100)
    project.run()
    [lost] = project.report()["lost"]
    assert lost.startswith("The folder `tin` gives no label: none of its 5 files counts.")
    assert "HEIC" in lost


# Uploads beside images/


@pytest.mark.parametrize(
    ("wrong", "command"),
    [
        ("/images", "aws s3 mv --recursive s3://deeplens-test//images/ s3://deeplens-test/images/"),
        ("Images", "aws s3 mv --recursive s3://deeplens-test/Images/ s3://deeplens-test/images/"),
    ],
)
def test_pictures_under_the_wrong_prefix_are_named_with_the_move_that_mends_it(
    project: Project, picture: Picture, wrong: str, command: str
) -> None:
    fill(project, picture, {f"{wrong}/glass": 12, f"{wrong}/paper": 12})
    result = project.run()
    assert command in result["reasons"][0]
    assert result["reasons"][1].startswith("There is no usable picture yet")
    project.move_all(*command.split()[-2:])
    assert project.run()["trainable"]
    assert project.report()["beside"] == []


def test_labels_at_the_top_of_the_bucket_are_told_once_and_stay_in_the_report(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {"images/glass": 12, "images/paper": 12, "metal": 12})
    [told] = project.run()["beside"]
    assert "s3://deeplens-test/metal/ s3://deeplens-test/images/metal/" in told
    assert project.run()["beside"] == []
    assert project.report()["warnings"][0] == told


# Everything at once


def test_a_folder_with_every_fault_at_once_ends_in_a_report_to_act_on_line_by_line(
    project: Project, picture: Picture
) -> None:
    fill(project, picture, {f"images/{label}": 12 for label in ("Müll", "glass", "燃えるごみ")})
    fill(project, picture, {"images/can*": 5, "images/gl\u0430ss": 3, "Images/paper": 4}, start=200)
    copied = project.content("images/glass/00.jpg")
    project.s3["images/glass/.ipynb_checkpoints/00-checkpoint.jpg"] = copied
    project.s3["images/glass/copy.jpg"] = copied
    project.s3["images/Müll/Thumbs.db"] = b"x"
    project.s3["images/Müll/half.jpg"] = copied[:200]
    project.s3["images/loose.jpg"] = picture(400)
    for number in range(3):
        project.s3[f"images/tin/IMG_{number}.HEIC"] = b"\0\0\0\x18ftypheic" + bytes(100)
    result = project.run()
    report = project.report()
    assert [sentence.split(".")[0] for sentence in report["lost"]] == [
        "The folder `can*` gives no label: none of its 5 files counts",
        "The folder `gl\u0430ss` gives no label: none of its 3 files counts",
        "The folder `tin` gives no label: none of its 3 files counts",
    ]
    assert "aws s3 mv --recursive s3://deeplens-test/Images/" in result["reasons"][0]
    assert result["reasons"][1].startswith("`tin` has 0 pictures that can be used")
    assert report["passed_over"].startswith("Passed over: 2 files")
    assert {group["count"] for group in report["left_out"]} >= {1, 3, 5}
    assert all(group["reason"] for group in report["left_out"])
    assert set(report["labels"]) == {"Müll", "glass", "燃えるごみ"}
