"""Does the agent say what the computer it runs on says of itself?"""

from pathlib import Path

import pytest

from camera import machine
from camera.machine import Speed


@pytest.mark.parametrize(
    ("zones", "celsius"),
    [
        (["41000", "55500"], 55.5),
        (["-12000"], -12.0),
        (["255000", "41000"], 41.0),  # not wired
        (["-274000", "151000"], None),
        (["", "n/a"], None),
        ([], None),
    ],
)
def test_the_hottest_sensor_that_can_be_believed(
    tmp_path: Path, zones: list[str], celsius: float | None
) -> None:
    for number, text in enumerate(zones):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    (tmp_path / "thermal_zone9" / "temp").mkdir(parents=True)  # one that cannot be read
    assert machine.temperature(tmp_path) == celsius


def test_a_disk_that_does_not_answer_has_no_room(tmp_path: Path) -> None:
    assert machine.free_mb(tmp_path) > 0
    assert machine.free_mb(tmp_path / "nowhere") == 0


def test_the_speed_is_that_of_the_last_frames_and_falls_when_they_cease() -> None:
    now = 0.0
    speed = Speed(lambda: now)
    assert speed.fps == 0
    for _ in range(100):
        speed.frame()
        now += 0.2
    now -= 0.2  # at the moment of the newest
    assert speed.fps == 5
    for _ in range(40):
        now += 0.5
        speed.frame()
    assert speed.fps == 2
    now += 100
    assert speed.fps < 0.3
