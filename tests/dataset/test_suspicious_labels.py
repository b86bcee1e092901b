"""What a training doubts is put into the report
of its data set, and stays there until it is settled.
"""

import io
import json
import tarfile
from typing import Any

import pytest

from lambdas import report_suspicious_labels
from lensloop.dataset.suspicious import RIGHT_LABELS, Place, right_content
from lensloop.wire.errors import BadArtifact, StaleEpoch
from tests.dataset.conftest import Picture, Project
from tests.pages.reader import read

MODEL = "training/deeplens-trash-1-1/output/model.tar.gz"


def doubt(
    project: Project, key: str, predicted: str = "paper", probability: float = 0.97, **more: Any
) -> dict[str, Any]:
    row = project.manifest()[key]
    return {
        "key": key,
        "sha256": row["sha256"],
        "label": row["label"],
        "predicted": predicted,
        "probability": probability,
        "label_probability": 0.02,
    } | more


def tell(
    project: Project, doubts: object, file: str = "suspicious.json", **event: Any
) -> dict[str, Any]:
    """The step as the workflow calls it, behind a training job that left this file."""
    content = (
        doubts
        if isinstance(doubts, bytes)
        else json.dumps({"format": 1, "pictures": doubts}).encode()
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(file)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    project.s3[MODEL] = packed.getvalue()
    given = {
        "epoch": project.epoch,
        "digest": project.table.items["dataset"]["digest"],
        "model": f"s3://deeplens-test/{MODEL}",
    }
    answer: dict[str, Any] = json.loads(
        json.dumps(report_suspicious_labels.handler(given | event, None))
    )
    return answer


@pytest.fixture
def filled(project: Project, picture: Picture) -> Project:
    for number in range(12):
        project.s3[f"images/glass/{number:03d}.jpg"] = picture(number)
        project.s3[f"images/paper/{number:03d}.jpg"] = picture(100 + number)
    project.run()
    return project


def test_what_the_training_doubts_is_in_the_report_its_page_and_a_file(filled: Project) -> None:
    before = filled.report()
    assert before["suspicious"] is None
    doubts = [
        doubt(filled, "images/glass/003.jpg", thumbnail="QUJD"),
        doubt(filled, "images/paper/004.jpg", "glass", 0.81),
    ]
    answer = tell(filled, doubts)
    assert answer["count"] == 2
    assert "images/glass/003.jpg looks like `paper`, and 1 more" in answer["sentences"][0]

    report = filled.report()
    assert report["suspicious"] == {"epoch": 1, "count": 2, "pictures": doubts}
    assert report["warnings"] == before["warnings"] + answer["sentences"]
    assert {name: report[name] for name in report if name not in ("suspicious", "warnings")} == {
        name: before[name] for name in before if name not in ("suspicious", "warnings")
    }
    page = filled.file("report.html").decode()
    assert "data:image/jpeg;base64,QUJD" in page
    text = read(page).text
    assert "Labels to check" in text
    assert "glass → paper (97%) 003.jpg" in text
    assert "paper → glass (81%): images/paper/004.jpg" in text
    lines = filled.file("suspicious.csv").decode().splitlines()
    assert lines[0] == "key,sha256,label,predicted,probability,label_probability"
    assert lines[1].startswith("images/glass/003.jpg,")
    assert len(lines) == 3


def test_saying_it_again_changes_nothing(filled: Project) -> None:
    doubts = [doubt(filled, "images/glass/003.jpg")]
    first = tell(filled, doubts)
    written = dict(filled.s3.objects)
    assert tell(filled, doubts) == first
    assert {k: v for k, v in filled.s3.objects.items() if k != MODEL} == {
        k: v for k, v in written.items() if k != MODEL
    }


def test_what_a_person_called_right_is_in_no_report(filled: Project, picture: Picture) -> None:
    doubts = [doubt(filled, f"images/glass/{number:03d}.jpg") for number in (3, 4)]
    assert tell(filled, doubts)["count"] == 2
    settled = Place(doubts[0]["sha256"], doubts[0]["label"])
    filled.s3[RIGHT_LABELS] = json.dumps(right_content({settled})).encode()
    filled.s3["images/paper/new.jpg"] = picture(500)
    filled.run()  # a data set of which nothing was trained yet takes the earlier doubts on
    assert filled.report()["suspicious"]["pictures"] == [doubts[1]]
    assert tell(filled, doubts)["count"] == 1
    assert filled.report()["suspicious"]["pictures"] == [doubts[1]]
    filled.s3[RIGHT_LABELS] = b"{"  # people are asked again, and no run ends for it
    assert tell(filled, doubts)["count"] == 2


def test_doubts_stay_until_they_are_settled(filled: Project, picture: Picture) -> None:
    keys = [f"images/glass/{number:03d}.jpg" for number in range(5)]
    tell(filled, [doubt(filled, key) for key in keys])
    relabelled, deleted, renamed, replaced, left = keys
    filled.s3["images/paper/moved.jpg"] = filled.content(relabelled)
    filled.s3["images/glass/renamed.jpg"] = filled.content(renamed)
    for key in (relabelled, deleted, renamed):
        del filled.s3[key]
    filled.s3[replaced] = picture(999)
    filled.run()
    suspicious = filled.report()["suspicious"]
    assert [entry["key"] for entry in suspicious["pictures"]] == ["images/glass/renamed.jpg", left]
    assert (suspicious["epoch"], suspicious["count"]) == (1, 2)
    assert [warning for warning in filled.report()["warnings"] if "labels may be wrong" in warning]

    tell(filled, [])
    assert filled.report()["suspicious"] == {"epoch": 2, "count": 0, "pictures": []}
    assert not [
        warning for warning in filled.report()["warnings"] if "labels may be wrong" in warning
    ]
    assert "Labels to check" not in filled.file("report.html").decode()


def test_doubts_that_were_only_counted_count_while_the_file_beside_the_report_has_them(
    filled: Project, picture: Picture
) -> None:
    one = doubt(filled, "images/glass/003.jpg")
    others = [
        one | {"key": f"images/glass/{number}.jpg", "sha256": f"{number:064x}"}
        for number in range(300)
    ]
    tell(filled, [one, *others])
    filled.run()
    assert filled.report()["suspicious"]["count"] == 301
    filled.s3["images/glass/new.jpg"] = picture(998)
    filled.run()
    assert filled.report()["suspicious"]["count"] == 1
    assert "suspicious.csv" not in filled.file("report.html").decode()


def test_a_run_that_trains_nothing_keeps_them(filled: Project) -> None:
    tell(filled, [doubt(filled, "images/glass/003.jpg")])
    reported = filled.report()["suspicious"]
    assert filled.run()["digest"] == filled.report()["digest"]
    assert filled.report()["suspicious"] == reported


def test_the_report_stays_small_and_the_file_holds_all(filled: Project) -> None:
    one = doubt(filled, "images/glass/003.jpg")
    tell(filled, [one | {"key": f"images/glass/{number}.jpg"} for number in range(1000)])
    assert filled.report()["suspicious"]["count"] == 1000
    assert len(filled.report()["suspicious"]["pictures"]) == 200
    assert len(filled.file("suspicious.csv").splitlines()) == 1001
    assert "and 800 more; suspicious.csv" in filled.file("report.html").decode()


def test_an_algorithm_that_cannot_tell_leaves_the_report_alone(filled: Project) -> None:
    before = filled.file("report.json")
    assert tell(filled, b"", file="model.onnx") == {"count": 0, "sentences": []}
    assert filled.file("report.json") == before


def test_a_run_whose_report_was_replaced_leaves_it_alone(filled: Project) -> None:
    doubts = [doubt(filled, "images/glass/003.jpg")]
    filled.run()
    before = filled.file("report.json")
    with pytest.raises(StaleEpoch, match="of run 2 by now"):
        tell(filled, doubts, epoch=1)
    assert filled.file("report.json") == before


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"format": 2, "pictures": []}',
        b'{"format": 1}',
        b'{"format": 1, "pictures": [7]}',
        b'{"format": 1, "pictures": [{"key": "a"}]}',
        json.dumps(
            {
                "format": 1,
                "pictures": [
                    {
                        "key": "a",
                        "sha256": "b",
                        "label": "c",
                        "predicted": "d",
                        "probability": 7,
                        "label_probability": 0,
                    }
                ],
            }
        ).encode(),
    ],
    ids=[
        "half",
        "a list",
        "another format",
        "no pictures",
        "a number",
        "half a picture",
        "a probability of 7",
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(filled: Project, content: bytes) -> None:
    before = filled.file("report.json")
    with pytest.raises(BadArtifact, match=r"suspicious\.json"):
        tell(filled, content)
    assert filled.file("report.json") == before


def test_names_and_thumbnails_cannot_break_the_page(filled: Project) -> None:
    evil = doubt(filled, "images/glass/003.jpg", '"><script>x</script>', thumbnail='"><script>')
    tell(filled, [evil | {"key": "images/glass/<script>.jpg"}])
    assert "<script" not in filled.file("report.html").decode()
