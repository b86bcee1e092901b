"""Where imported pictures come from stands in the report, and on the page that people see."""

from lensloop.importing import provenance
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
