"""The demo's story, once and for real:
the local cloud, the real CDK CLI, real training, three agents.
"""

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local import leftovers
from tests.demo import processes
from tests.stacks import permissions
from tests.stacks.synthesized import Synthesized, synthesize

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@dataclass
class Story:
    """What the demo printed and wrote, and what was seen of its processes meanwhile."""

    code: int
    output: str
    state: Path
    listened: set[tuple[str, int]] = field(default_factory=set)
    memory_mb: list[float] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        figures: dict[str, Any] = json.loads((self.state / "demo.json").read_text())
        return figures


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    state = tmp_path_factory.mktemp("local")
    demo = subprocess.Popen(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        # Ports that a person chose for a cloud of their own are taken.
        env={k: v for k, v in os.environ.items() if not k.startswith("LENSLOOP_")}
        | {"LENSLOOP_LOCAL": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen_story = Story(-1, "", state)
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(demo.pid, seen_story, ended))
    watcher.start()
    try:
        seen_story.output, _ = demo.communicate(timeout=1500)
    finally:
        demo.terminate()
        seen_story.code = demo.wait()
        ended.set()
        watcher.join()
        (Path(state) / "output.txt").write_text(seen_story.output)
    return seen_story


MLFLOW_APP = "arn:aws:sagemaker:eu-central-1:111122223333:mlflow-app/app-ABC"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The policies are the same without the code, which takes long to pack."""
    unpacked: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}
    folder = tmp_path_factory.mktemp("shipped")
    optional = {"github_repository": "someone/lensloop", "mlflow_app_arn": MLFLOW_APP}
    return synthesize(folder, **optional, **unpacked)


def _watch(demo: int, seen_story: Story, ended: threading.Event) -> None:
    while not ended.wait(2):
        seen_story.listened |= processes.listening(processes.below(demo))
        cloud = processes.find(demo, "local.launcher")
        if cloud:
            seen_story.memory_mb.append(
                processes.memory_mb(
                    processes.below(cloud, lambda command: "-m training" in command)
                )
            )


def test_every_step_of_the_story_is_seen(story: Story) -> None:
    assert story.code == 0, story.output[-4000:]


def test_whoever_watches_is_told_where_the_page_is(story: Story) -> None:
    """tests/demo/test_page.py fetches it."""
    assert re.search(
        r"in a browser, on this machine only: http://127\.0\.0\.1:\d+/\S+", story.output
    )


def test_a_burst_of_360_pictures_costs_one_retraining_and_one_training_job(story: Story) -> None:
    acts = story.figures["acts"]
    assert (acts[0]["pictures"], acts[0]["retraining_executions"]) == (360, 1)
    assert story.figures["training_jobs"] == len(acts) == 3
    assert len({act["training_job"] for act in acts}) == 3


def test_the_first_release_is_right_on_95_of_100_test_pictures(story: Story) -> None:
    assert story.figures["releases"][0]["test_accuracy"] >= 0.95


def test_a_wrong_batch_is_refused_with_its_reasons(story: Story) -> None:
    (refused,) = story.figures["refused"]
    assert refused["epoch"] not in {release["epoch"] for release in story.figures["releases"]}
    assert any("below the live model" in reason for reason in refused["reasons"])


def test_the_wrong_labels_are_named(story: Story) -> None:
    """A third of all labels are wrong, so a good deal of what the heads learn is wrong too, and not
    all are found.
    """
    listed = story.figures["acts"][1]["labels_to_check"]
    wrong = [entry for entry in listed if "/really-" in entry["key"]]
    assert len(wrong) >= 30
    assert len(wrong) >= 0.75 * len(listed)


def test_the_page_of_the_refused_run_says_so_first(story: Story) -> None:
    page = (story.state / "refused-run.html").read_text()
    assert "Refused: the cameras keep the model that they have" in page.partition("</h1>")[0]
    assert "Labels to check" in page
    assert "What is taken for what" in page


def test_somebody_is_told_that_it_was_refused(story: Story) -> None:
    assert "the message: deeplens-trash: the model of run 2 was refused" in story.output


def test_all_three_cameras_prove_the_last_release_and_know_the_new_label(story: Story) -> None:
    last = story.figures["releases"][-1]
    assert "electronics" in last["recall"]
    cameras = story.figures["cameras"]
    assert [camera["wave"] for camera in cameras] == ["canary", "fleet", "fleet"]
    for camera in cameras:
        assert (camera["epoch"], camera["sha256"], camera["proven"]) == (
            last["epoch"],
            last["sha256"],
            True,
        )
        assert camera["frames"] == 40
        assert camera["accuracy"] >= 0.9 > camera["accuracy_before"]


def test_the_report_holds_everything_it_shows(story: Story) -> None:
    page = (story.state / "demo-report.html").read_text()
    assert page.count("data:image/jpeg") == 36
    assert all(
        target.startswith("data:")
        for target in re.findall(r"""(?:src|href)=["']?([^"'\s>]+)""", page)
    )


def test_each_stage_says_how_long_it_took(story: Story) -> None:
    seconds = dict(story.figures["seconds"])
    total = seconds.pop("total")
    assert set(seconds) == {"pictures", "cloud", "deploy", "cameras", "act 1", "act 2", "act 3"}
    assert sum(seconds.values()) <= total


def test_every_permission_of_every_role_is_used_or_has_a_reason(
    story: Story, shipped: Synthesized
) -> None:
    given, uses = permissions.given(shipped), permissions.used(story.state, shipped)
    seen = {use.permission for use in uses}
    elsewhere = (
        permissions.WHEN_THE_TRIGGER_HAS_NEWS
        | permissions.WHEN_PICTURES_ARE_DELETED
        | permissions.WHEN_A_PERSON_APPROVES
        | permissions.WHEN_A_CAMERA_DEVIATES
        | permissions.WHEN_A_RELEASE_IS_TAKEN_BACK
        | permissions.WHEN_A_PERSON_STEERS
        | permissions.WHEN_THE_KEY_IS_CHANGED
    )
    listed = permissions.listed()
    assert sorted(given - seen - elsewhere - listed) == [], "no role needs these: take them away"
    assert sorted(listed & seen) == [], "used after all: take these off the list"
    assert sorted((listed | elsewhere) - given) == [], "listed, but given to nobody any more"


def test_no_role_asks_for_what_it_may_not(story: Story, shipped: Synthesized) -> None:
    uses = permissions.used(story.state, shipped)
    assert [use for use in uses if use.decision != "Allow"] == []


def test_nothing_listens_beyond_this_machine(story: Story) -> None:
    assert len({port for _, port in story.listened}) >= 2, "the cloud's two ports were to be seen"
    assert {host for host, _ in story.listened} <= processes.LOOPBACK


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows Pss")
def test_the_local_cloud_takes_less_than_a_gigabyte_besides_training(story: Story) -> None:
    assert 0 < max(story.memory_mb) < 1000


def test_no_process_no_picture_and_no_key_stays_behind(story: Story) -> None:
    assert leftovers.marked(story.state) == []
    assert not processes.listening_anywhere() & story.listened
    left = {path.name for path in story.state.iterdir()}
    assert not left & {"objects", "jobs", "tmp", "cloud.json", "ca.pem"}
    assert not list(story.state.rglob("private.key"))
