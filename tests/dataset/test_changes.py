"""The named histories: what people do to a folder
of pictures, and what the next run makes of it.
"""

import json
from dataclasses import asdict

import pytest

from lambdas import assemble_dataset, inspect_images, take_snapshot
from lambdas.aws import bucket
from lambdas.decoding.decoder import Decoder
from lensloop.dataset.inspection import InspectionUnfinished
from lensloop.dataset.rows import MANIFEST, Row
from lensloop.dataset.snapshot import GONE, SUMMARY, UNCHANGED, work_file
from lensloop.dataset.split import SPLITS
from lensloop.model.standards import VERSIONS, Standards, Trained
from lensloop.settings import Settings
from lensloop.wire.errors import BadArtifact, StaleEpoch
from tests.dataset.conftest import Picture, Project, connected


@pytest.fixture
def filled(project: Project, picture: Picture) -> Project:
    for number in range(24):
        project.s3[f"images/{('glass', 'paper')[number % 2]}/{number:02d}.jpg"] = picture(number)
    project.run()
    return project


def move(project: Project, key: str, to: str) -> None:
    project.s3[to] = project.content(key)
    del project.s3[key]


def test_a_rename_keeps_the_digest_and_the_split_and_decodes_nothing(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, digest = filled.manifest(), filled.table.items["dataset"]["digest"]
    move(filled, "images/glass/00.jpg", "images/glass/renamed.jpg")
    monkeypatch.setattr(Decoder, "look", lambda *_, **__: pytest.fail("it was decoded"))
    assert filled.run()["digest"] == digest
    old, new = before["images/glass/00.jpg"], filled.manifest()["images/glass/renamed.jpg"]
    assert new == {**old, "key": new["key"]}


def test_a_picture_that_was_placed_against_its_hash_keeps_its_place_through_a_rename_and_a_relabel(
    filled: Project,
) -> None:
    """Splits are not only the hash's: this one was put elsewhere by hand, as if by a near-duplicate
    that has gone.
    """
    key = "images/glass/00.jpg"
    elsewhere = next(split for split in SPLITS if split != filled.manifest()[key]["split"])
    name = f"datasets/{filled.table.items['dataset']['digest']}/manifest.csv.gz"
    rows = [
        row._replace(split=elsewhere) if row.key == key else row for row in bucket.stream_rows(name)
    ]
    bucket.write_table(name, MANIFEST, rows)
    for to in ("images/glass/renamed.jpg", "images/paper/relabelled.jpg"):
        move(filled, key, to)
        filled.run()
        assert filled.manifest()[to]["split"] == elsewhere
        key = to


def test_two_pictures_that_change_places_keep_their_splits(filled: Project) -> None:
    one, other = "images/glass/00.jpg", "images/glass/02.jpg"
    elsewhere = next(split for split in SPLITS if split != filled.manifest()[one]["split"])
    name = f"datasets/{filled.table.items['dataset']['digest']}/manifest.csv.gz"
    rows = [
        row._replace(split=elsewhere) if row.key == one else row for row in bucket.stream_rows(name)
    ]
    bucket.write_table(name, MANIFEST, rows)
    filled.s3[one], filled.s3[other] = filled.content(other), filled.content(one)
    filled.run()
    assert filled.manifest()[other]["split"] == elsewhere


def test_a_relabel_changes_the_digest_and_keeps_the_split(filled: Project) -> None:
    before, digest = filled.manifest(), filled.table.items["dataset"]["digest"]
    move(filled, "images/glass/00.jpg", "images/paper/00.jpg")
    assert filled.run()["digest"] != digest
    assert (
        filled.manifest()["images/paper/00.jpg"]["split"] == before["images/glass/00.jpg"]["split"]
    )


def test_a_relabel_that_a_run_sees_half_done_leaves_the_picture_out_and_then_keeps_its_split(
    filled: Project,
) -> None:
    split = filled.manifest()["images/glass/00.jpg"]["split"]
    filled.s3["images/paper/00.jpg"] = filled.content("images/glass/00.jpg")
    filled.run()
    reason = filled.rejected()["images/paper/00.jpg"]["reason"]
    assert "is also `glass` (images/glass/00.jpg)" in reason
    assert "images/glass/00.jpg" not in filled.manifest()
    del filled.s3["images/glass/00.jpg"]
    filled.run()
    assert filled.manifest()["images/paper/00.jpg"]["split"] == split


def test_what_resembles_a_picture_between_two_labels_goes_where_that_one_will_be_again(
    filled: Project, picture: Picture
) -> None:
    waiting = [
        (f"images/{('glass', 'paper')[n % 2]}/{n:02d}.jpg", picture(n, 72)) for n in range(24)
    ]
    for key, _ in waiting:
        filled.s3[f"images/tin/{key[-6:]}"] = filled.content(key)
    filled.run()
    assert not filled.manifest()
    for key, alike in waiting:
        filled.s3[f"{key}.alike.jpg"] = alike
    filled.run()
    for key, _ in waiting:
        del filled.s3[f"images/tin/{key[-6:]}"]
    filled.run()
    manifest = filled.manifest()
    assert all(
        manifest[key]["split"] == manifest[f"{key}.alike.jpg"]["split"] for key, _ in waiting
    )


def test_a_copy_whose_name_comes_first_is_the_same_picture_and_no_near_duplicate(
    filled: Project,
) -> None:
    before = filled.manifest()["images/glass/02.jpg"]
    filled.s3["images/glass/!.jpg"] = filled.content(before["key"])
    filled.run()
    assert filled.manifest()["images/glass/!.jpg"]["split"] == before["split"]
    assert filled.report()["near_duplicates"] == 0


def test_a_flip_there_and_back_ends_in_the_first_digest(filled: Project) -> None:
    digest = filled.table.items["dataset"]["digest"]
    move(filled, "images/glass/00.jpg", "images/paper/00.jpg")
    filled.run()
    move(filled, "images/paper/00.jpg", "images/glass/00.jpg")
    assert filled.run()["digest"] == digest


def test_a_second_copy_under_the_same_label_counts_once(filled: Project) -> None:
    digest = filled.table.items["dataset"]["digest"]
    filled.s3["images/glass/copy.jpg"] = filled.content("images/glass/00.jpg")
    assert filled.run()["digest"] == digest
    assert (
        filled.rejected()["images/glass/copy.jpg"]["reason"]
        == "It is the same picture as images/glass/00.jpg, which counts."
    )


def test_an_overwritten_picture_is_read_again(filled: Project, picture: Picture) -> None:
    filled.s3["images/glass/00.jpg"] = picture(99)
    assert filled.run()["snapshot"]["new"] == 1


def test_a_picture_that_changes_while_it_is_read_is_looked_at_again(
    filled: Project, picture: Picture
) -> None:
    first, second = picture(50), picture(51)
    length = max(len(first), len(second))  # JPEG readers pass over what follows the picture
    first, second = first.ljust(length, b"\0"), second.ljust(length, b"\0")
    filled.s3["images/glass/new.jpg"] = first

    def overwrite(key: str) -> None:
        if key == "images/glass/new.jpg":
            filled.s3.before_get = lambda _: None
            filled.s3[key] = second

    filled.s3.before_get = overwrite
    filled.run()
    assert "looks again" in filled.rejected()["images/glass/new.jpg"]["reason"]
    filled.s3["images/glass/new.jpg"] = first  # back to what was listed: still not known
    filled.run()
    assert "images/glass/new.jpg" in filled.manifest()


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("NoSuchKey", 404, "was deleted"),
        ("AccessDenied", 403, "permissions"),
        ("InvalidObjectState", 403, "Glacier"),
        ("InvalidRequest", 400, "encryption key"),
    ],
)
def test_a_picture_that_s3_does_not_hand_out_costs_one_row(
    filled: Project, picture: Picture, code: str, status: int, words: str
) -> None:
    filled.s3["images/glass/locked.jpg"] = picture(60)
    filled.s3.refusals["images/glass/locked.jpg"] = (code, status)
    filled.run()
    assert words in filled.rejected()["images/glass/locked.jpg"]["reason"]
    filled.s3.refusals.clear()
    filled.run()
    assert "images/glass/locked.jpg" in filled.manifest()


def test_an_interrupted_chunk_goes_on_where_it_was(project: Project, picture: Picture) -> None:
    for number in range(30):
        project.s3[f"images/glass/{number:02d}.jpg"] = picture(number)
    epoch = project.lease()
    chunk = take_snapshot.handler({"epoch": epoch}, None)["chunks"][0]
    project.s3.refusals["images/glass/20.jpg"] = ("SlowDown", 503)
    with pytest.raises(InspectionUnfinished, match="20 of 30 pictures"):
        inspect_images.handler({"chunk": chunk}, None)
    project.s3.refusals.clear()
    read = project.s3.bytes_read["images"]
    assert inspect_images.handler({"chunk": chunk}, None) == {"accepted": 30, "rejected": 0}
    rest = sum(len(picture(number)) for number in range(20, 30))
    assert project.s3.bytes_read["images"] - read == rest
    assert inspect_images.handler({"chunk": chunk}, None) == {"accepted": 30, "rejected": 0}
    assert project.s3.bytes_read["images"] - read == rest


def test_a_chunk_that_runs_out_of_time_saves_what_it_has(
    project: Project, picture: Picture
) -> None:
    class NearlyOver:
        def get_remaining_time_in_millis(self) -> int:
            return 5000

    for number in range(3):
        project.s3[f"images/glass/{number:02d}.jpg"] = picture(number)
    chunk = take_snapshot.handler({"epoch": project.lease()}, None)["chunks"][0]
    for done in (1, 2):
        with pytest.raises(
            InspectionUnfinished, match=f"{done} of 3 pictures, then the time was up"
        ):
            inspect_images.handler({"chunk": chunk}, NearlyOver())
    assert inspect_images.handler({"chunk": chunk}, NearlyOver()) == {"accepted": 3, "rejected": 0}


def test_a_chunk_without_all_its_rows_is_an_error_and_loses_no_picture(
    project: Project, picture: Picture
) -> None:
    project.s3["images/glass/a.jpg"] = picture(1)
    epoch = project.lease()
    take_snapshot.handler({"epoch": epoch}, None)
    with pytest.raises(BadArtifact, match="0 rows for 1 pictures"):
        assemble_dataset.handler({"epoch": epoch}, None)


def test_a_run_without_the_lease_writes_nothing(filled: Project, picture: Picture) -> None:
    filled.s3["images/glass/new.jpg"] = picture(70)
    stale = filled.lease()
    for chunk in take_snapshot.handler({"epoch": stale}, None)["chunks"]:
        inspect_images.handler({"chunk": chunk}, None)
    filled.lease()
    items, objects = dict(filled.table.items), dict(filled.s3.objects)
    with pytest.raises(StaleEpoch):
        assemble_dataset.handler({"epoch": stale}, None)
    assert filled.table.items == items
    assert filled.s3.objects == objects


def test_a_run_that_loses_the_lease_while_it_writes_moves_no_pointer(
    filled: Project, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.s3["images/glass/new.jpg"] = picture(71)
    stale = filled.lease()
    for chunk in take_snapshot.handler({"epoch": stale}, None)["chunks"]:
        inspect_images.handler({"chunk": chunk}, None)
    pointer = filled.table.items["dataset"]
    write = assemble_dataset._write
    monkeypatch.setattr(assemble_dataset, "_write", lambda *given: (write(*given), filled.lease()))
    with pytest.raises(StaleEpoch, match="lost the lease"):
        assemble_dataset.handler({"epoch": stale}, None)
    assert filled.table.items["dataset"] == pointer
    assert "digest" not in filled.table.items["trigger"]["run"]


def test_a_missing_manifest_says_how_to_get_it_back(filled: Project) -> None:
    del filled.s3[f"datasets/{filled.table.items['dataset']['digest']}/manifest.csv.gz"]
    with pytest.raises(BadArtifact, match="restore it"):
        take_snapshot.handler({"epoch": filled.lease()}, None)


def test_console_folders_are_passed_over(filled: Project) -> None:
    digest = filled.table.items["dataset"]["digest"]
    for key in ("images/", "images/glass/", "images/soon/"):
        filled.s3[key] = b""
    result = filled.run()
    assert result["digest"] == digest
    assert result["rejected"] == 0
    assert filled.report()["warnings"][0] == "The folder images/soon/ holds no picture yet."


@pytest.mark.parametrize(
    ("judged", "live", "changed"),
    [(False, False, True), (True, False, False), (False, True, False), (True, True, False)],
)
def test_a_data_set_is_new_when_it_was_neither_judged_nor_released(
    filled: Project, judged: bool, live: bool, changed: bool
) -> None:
    digest = filled.table.items["dataset"]["digest"]
    filled.table.items["trigger"]["digest"] = digest if judged else "other"
    filled.table.items["live"] = {
        "epoch": 3,
        "dataset": digest if live else "other",
        "model_sha256": "of its model",
    }
    result = filled.run()
    assert result["changed"] is changed
    assert filled.table.items["trigger"]["run"]["digest"] == digest
    assert filled.table.items["dataset"] == {
        "id": "dataset",
        "digest": digest,
        "epoch": filled.epoch,
    }


def test_a_blocked_data_set_is_said_to_be_blocked(filled: Project) -> None:
    filled.table.items["trigger"]["blocked_digest"] = filled.table.items["dataset"]["digest"]
    assert filled.run()["blocked"] is True


def test_an_empty_bucket_gives_a_sentence(project: Project) -> None:
    result = project.run()
    assert result["trainable"] is False
    assert result["reasons"] == [
        "There is no usable picture yet: put JPEG, PNG or WebP pictures into images/<label>/, two"
        " labels or more."
    ]


def test_what_is_too_few_is_named_with_the_number_needed(
    project: Project, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(monkeypatch, project, min_images_per_label=5, min_test_images_per_label=1)
    for number in range(6):
        project.s3[f"images/glass/{number}.jpg"] = picture(number)
    project.s3["images/paper/0.jpg"] = picture(10)
    project.s3["images/tin/notes.txt"] = b"only text"
    result = project.run()
    assert result["reasons"] == [
        "`paper` has 1 picture that can be used and needs 5 (`min_images_per_label`): add 4 more.",
        "`tin` has 0 pictures that can be used and needs 5 (`min_images_per_label`): add 5 more.",
    ]


def test_one_label_alone_is_not_enough(filled: Project) -> None:
    for key in list(filled.s3.keys("images/paper/")):
        del filled.s3[key]
    assert filled.run()["reasons"] == [
        "`glass` is the only label: a second one is needed to tell it from."
    ]


def test_a_label_of_near_duplicates_lacks_test_pictures(filled: Project, picture: Picture) -> None:
    for size in range(40, 60):
        filled.s3[f"images/tin/{size}.jpg"] = picture(200, size)
    result = filled.run()
    assert {row["split"] for row in filled.manifest().values() if row["label"] == "tin"} == {
        "train"
    }
    assert result["reasons"] == [
        "`tin` has 0 of the 2 test pictures that a verdict needs (`min_test_images_per_label`): add"
        " pictures that differ from those already there."
    ]


def test_a_label_whose_training_pictures_were_deleted_is_too_few(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(monkeypatch, filled, min_images_per_label=2, min_test_images_per_label=1)
    for key, row in filled.manifest().items():
        if (row["label"], row["split"]) == ("glass", "train"):
            del filled.s3[key]
    result = filled.run()
    assert result["reasons"] == [
        "`glass` has no training pictures left: add pictures that differ from those already there."
    ]


def test_labels_that_differ_by_case_are_reported_and_never_merged(
    filled: Project, picture: Picture
) -> None:
    filled.s3["images/Glass/new.jpg"] = picture(80)
    filled.s3["images/glass /new.jpg"] = picture(81)
    filled.run()
    assert {row["label"] for row in filled.manifest().values()} == {"glass", "paper"}
    assert (
        "`Glass` looks like `glass`: they differ only by case"
        in filled.rejected()["images/Glass/new.jpg"]["reason"]
    )
    assert "images/glass /new.jpg" in filled.rejected()


def test_a_label_that_was_there_first_keeps_its_name_against_a_larger_newcomer(
    filled: Project, picture: Picture
) -> None:
    for number in range(40):
        filled.s3[f"images/GLASS/{number}.jpg"] = picture(100 + number)
    filled.run()
    assert {row["label"] for row in filled.manifest().values()} == {"glass", "paper"}


def test_the_state_between_steps_stays_small_however_many_labels_lack_pictures(
    project: Project,
) -> None:
    rows = [
        Row(f"images/{'l' * 58}{n}/a.jpg", "e", 1, f"{n:064x}", phash=f"{n << 40:016x}")
        for n in range(5000)
    ]
    epoch = project.lease()
    bucket.write_table(work_file(epoch, UNCHANGED), Row._fields, sorted(rows))
    bucket.write_table(work_file(epoch, GONE), Row._fields, ())
    bucket.write_json(
        work_file(epoch, SUMMARY), {"chunks": [], "folders": [], "leftovers": {}, "beside": []}
    )
    result = assemble_dataset.handler({"epoch": epoch}, None)
    assert len(json.dumps(result)) < 64 * 1024
    assert result["reasons"][-1] == "and 4,950 more such reasons are in the report."
    assert len(project.report()["reasons"]) == 5000


def test_the_state_between_steps_stays_small_however_many_pictures_are_new(
    project: Project,
) -> None:
    for number in range(300_000):
        project.s3.objects[f"images/glass/{number:07d}.jpg"] = (f"{number:032x}", 1000)
    project.s3._order = None
    snapshot = take_snapshot.handler({"epoch": project.lease()}, None)
    assert snapshot["new"] == 300_000
    assert len(snapshot["chunks"]) <= 1000
    assert len(json.dumps(snapshot)) < 64 * 1024


MODEL = "s3://deeplens-test/training/deeplens-test-1-1/output/model.tar.gz"


def refused(project: Project) -> None:
    """As after a run whose model was judged and refused, by the settings of then."""
    digest, standards = (
        project.table.items["dataset"]["digest"],
        Standards.from_settings(Settings()),
    )
    project.table.items["trigger"] |= {"digest": digest, "judged_by": str(standards)}
    trained = Trained(project.epoch, digest, standards.training, 0, MODEL)
    project.table.items["trained"] = {"id": "trained", **asdict(trained)}
    project.s3[MODEL.removeprefix("s3://deeplens-test/")] = b"a model"


def test_after_a_floor_was_changed_the_same_model_is_judged_and_nothing_is_trained(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(filled)
    result = filled.run()
    assert (result["changed"], result["model"]) == (False, None)
    connected(monkeypatch, filled, min_accuracy=0.6)
    result = filled.run()
    assert (result["changed"], result["model"], result["reasons"]) == (True, MODEL, [])
    assert result["standards"] == str(Standards.from_settings(Settings(min_accuracy=0.6)))


def test_a_model_that_has_expired_is_trained_anew(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(filled)
    del filled.s3[MODEL.removeprefix("s3://deeplens-test/")]
    connected(monkeypatch, filled, min_accuracy=0.6)
    result = filled.run()
    assert (result["changed"], result["model"]) == (True, None)


def test_after_the_algorithm_was_changed_the_same_pictures_are_trained_on_again(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(filled)
    monkeypatch.setitem(VERSIONS, "head", 99)  # type: ignore[arg-type]
    result = filled.run()
    assert (result["changed"], result["model"]) == (True, None)


def test_a_run_that_broke_after_its_model_was_judged_is_repeated_without_training(
    filled: Project,
) -> None:
    refused(filled)
    del filled.table.items["trigger"]["digest"], filled.table.items["trigger"]["judged_by"]
    result = filled.run()
    assert (result["changed"], result["model"]) == (True, MODEL)


def test_a_live_release_whose_files_are_gone_is_left_out_and_told(filled: Project) -> None:
    """SageMaker starts no job with an empty channel."""
    filled.table.items["live"] = {"epoch": 2, "dataset": "other", "model_sha256": "of its model"}
    result = filled.run()
    assert (result["trainable"], result["live_epoch"], result["live_gone"]) == (True, None, 2)
    filled.s3["releases/2/manifest.json"] = b"{}"
    result = filled.run()
    assert (result["trainable"], result["live_epoch"], result["live_gone"]) == (True, 2, None)


def test_what_a_person_approved_is_judged_again_until_it_is_live(filled: Project) -> None:
    refused(filled)
    digest = filled.table.items["dataset"]["digest"]
    filled.table.items["trigger"] |= {"held": digest, "approved": digest}
    result = filled.run()
    assert (result["changed"], result["model"], result["approved"]) == (True, MODEL, True)
    filled.table.items["live"] = {"epoch": 2, "dataset": digest, "model_sha256": "of its model"}
    assert filled.run()["changed"] is False


def test_an_approval_is_for_those_pictures_alone(filled: Project, picture: Picture) -> None:
    refused(filled)
    digest = filled.table.items["dataset"]["digest"]
    filled.table.items["trigger"] |= {"held": digest, "approved": digest}
    filled.s3["images/glass/more.jpg"] = picture(99)
    result = filled.run()
    assert (result["changed"], result["model"], result["approved"]) == (True, None, False)
