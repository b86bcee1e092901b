"""Does a person see how each camera is, in plain words?"""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cli.health import Health, answer, health, table
from lensloop.fleet.terms import Camera
from tests.fleet.cameras import DAY, LIVE, NOW, camera, gave_back


def well() -> Camera:
    one = camera(7)
    said = one.report._replace(
        golden="12/12",
        latency_ms=8.5,
        precision="int8",
        fps=4.98,
        temperature=51.4,
        disk_free_mb=12_340,
        last_error="a.jpg: not a picture",
    )
    return replace(one, report=said)


def shown(*found: Health) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(table(list(found)))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_a_camera_that_is_well_says_all_it_knows() -> None:
    found = health("deeplens_a", "canary", well(), LIVE, NOW)
    assert found == Health(
        thing="deeplens_a",
        wave="canary",
        state="well",
        words="runs release 7",
        last_seen="2027-01-15T07:59:00+00:00",
        epoch=7,
        proof="12/12",
        latency_ms=8.5,
        precision="int8",
        fps=4.98,
        temperature=51.4,
        disk_free_mb=12_340,
        last_error="a.jpg: not a picture",
        release_waiting_since=None,
        agent=1,
    )
    line = shown(found).splitlines()[1]
    for word in ("deeplens_a", "canary", "runs release 7", "12/12", "int8", "5.0", "51", "12.3 GB"):
        assert word in line


def test_a_camera_that_never_reported_is_in_the_table() -> None:
    found = health("deeplens_b", "fleet", None, LIVE, NOW)
    assert found.last_seen is None
    assert "never seen: its agent has not reported yet" in shown(found)


def test_since_when_a_release_waits_is_said() -> None:
    found = health("deeplens_a", "fleet", gave_back(7), LIVE, NOW)
    assert found.release_waiting_since == "2027-01-15T07:59:00+00:00"
    assert "gave release 7 back: dark frames (since " in shown(found)


def test_what_a_camera_says_cannot_steer_the_terminal() -> None:
    hostile = gave_back(7)
    given = hostile.report.given_back
    assert given is not None
    said = hostile.report._replace(given_back=given._replace(reason="\x1b[2J[red]x"))
    found = health("deeplens_a", "fleet", replace(hostile, report=said), LIVE, NOW)
    assert "\x1b" not in shown(found)
    assert "[red]x" in shown(found)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (well(), "release 7 proven 12/12"),
        (camera(7), "release 7 proven ?"),
        (camera(6), "release 6 proven ?; release waiting: runs release 6 and must run 7"),
        (camera(None), "release waiting: runs none and must run 7"),
        (
            replace(well(), seen_ms=(NOW - 2 * DAY) * 1000),
            "release 7 proven 12/12; silent for 2 days",
        ),
    ],
)
def test_the_list_says_what_a_camera_reported(found: Camera, said: str) -> None:
    assert answer(found, LIVE, NOW) == said
