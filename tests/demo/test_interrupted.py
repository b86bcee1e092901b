"""What is left of the demo before when another one did not come to its end?"""

from pathlib import Path

import pytest

from demo import pictures, run
from local.errors import LocalCloudError


def test_a_second_demo_that_ends_early_leaves_the_reports_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = {tmp_path / name for name in (run.REPORT, run.REFUSED, run.FIGURES)}
    for report in reports:
        report.write_text("of the first")
    monkeypatch.setattr(pictures, "EMOJI", tmp_path / "no pictures to draw")
    with pytest.raises(LocalCloudError, match="pictures are missing"):
        run.run(tmp_path, images=None)
    assert {report.read_text() for report in reports} == {"of the first"}
