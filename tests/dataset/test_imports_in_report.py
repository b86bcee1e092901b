"""Where imported pictures come from stands in the report, and on the page that people see."""

from lensloop.importing import provenance, takings
from lensloop.pages.dataset import page
from tests.dataset.conftest import Picture, Project

ORIGIN = {
    "source": "github:someone/<waste>",
    "version": "1f0c9a",
    "licence": "MIT",
    "url": "https://github.com/someone/waste",
}


def test_every_import_is_in_the_report_and_on_its_page(project: Project, picture: Picture) -> None:
    told = provenance.record(ORIGIN, [("aa", "glass"), ("bb", "glass")], {}, {}, "2026-11-27T00:00")
    told["finished"] = "2026-11-27T00:01"
    project.s3[provenance.key(told["id"])] = provenance.written(told)
    project.s3[provenance.key("ff")] = b"no record"
    project.s3["images/glass/1.jpg"] = picture(1)
    project.run()
    assert project.report()["imports"] == [told]
    shown = page(project.report())
    for word in ("github:someone/&lt;waste&gt;", "1f0c9a", "MIT", "2026-11-27"):
        assert word in shown
    assert provenance.sentence(told) == (
        "2 from github:someone/<waste>, version 1f0c9a, licence MIT, 2026-11-27."
    )


def test_frames_that_were_labelled_on_many_days_are_one_line(
    project: Project, picture: Picture
) -> None:
    for date in ("2026-11-27", "2026-11-30", "2026-11-28"):
        begun = takings.day("deeplens_hall", "alice", date, f"{date}T08:00")
        told = takings.counted(begun, {"glass": 2}, f"{date}T09:00")
        project.s3[provenance.key(told["id"])] = provenance.written(told)
    project.s3["images/glass/1.jpg"] = picture(1)
    project.run()
    (shown,) = project.report()["imports"]
    assert shown["pictures"] == {"glass": 6}
    text = page(project.report())
    for words in ("camera:deeplens_hall by page:alice", "2026-11-27 to 2026-11-30", "own"):
        assert words in text
