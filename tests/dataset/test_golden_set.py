"""Is a run stopped before it is paid for where the golden set is asked for and is not there?"""

import pytest

from lensloop import news
from tests.dataset.conftest import Picture, Project, connected


@pytest.mark.parametrize(
    ("least", "there", "reasons"),
    [
        (0.0, [], []),
        (0.9, [], [news.NO_GOLDEN_SET]),
        (0.9, ["golden/"], [news.NO_GOLDEN_SET]),  # the folder alone
        (0.9, ["golden/glass/1.jpg"], []),
    ],
)
def test_a_golden_set_that_is_asked_for_has_to_be_there(
    project: Project,
    picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
    least: float,
    there: list[str],
    reasons: list[str],
) -> None:
    connected(monkeypatch, project, golden_set_accuracy=least, min_images_per_label=2)
    for number in range(20):
        label = ("glass", "paper")[number % 2]
        project.s3.put_object(
            Bucket="deeplens-test", Key=f"images/{label}/{number}.jpg", Body=picture(number)
        )
    for key in there:
        project.s3.put_object(Bucket="deeplens-test", Key=key, Body=b"")
    found = project.run()
    assert (found["reasons"], found["trainable"], found["beside"]) == (reasons, not reasons, [])
