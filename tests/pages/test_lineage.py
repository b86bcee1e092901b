"""Where does a model come from, and what did it take? Only what is known is shown."""

from typing import Any

from lensloop.pages.lineage import Origin, Spent, lineage, spent

JOB = {"name": "job-1", "status": "Failed"}
RUN: dict[str, Any] = {
    "began_at": "2026-11-26T10:15:00Z",
    "ended_at": "2026-11-26T10:22:40+00:00",
    "execution": "arn:execution",
    "dataset": {"digest": "d7", "images": 1},
    "training": {
        "jobs": [JOB, {"name": "job-2", "status": "Completed"}],
        "model": "s3://b/model.tar.gz",
    },
    "scores": {"live": {"epoch": 6}},
    "release": {"epoch": 7, "model_sha256": "abc"},
    "registered": {"package": "arn:package"},
}
EVALUATION = {"algorithm": "head", "backbone": "0123", "seconds": {"embed": 2, "rest": 0.5}}
NOTHING = {**dict.fromkeys(RUN), "execution": ""}


def test_a_release_is_traced_from_its_pictures_to_the_registry() -> None:
    assert lineage(RUN, EVALUATION) == [
        Origin("data set", "d7", "1 picture"),
        Origin("training job", "job-2"),
        Origin("algorithm", "head"),
        Origin("backbone", "0123"),
        Origin("the job’s archive", "s3://b/model.tar.gz"),
        Origin("compared with", "release 6"),
        Origin("model", "abc", "sha256"),
        Origin("release", "releases/7/"),
        Origin("in SageMaker’s registry", "arn:package"),
        Origin("execution", "arn:execution"),
    ]


def test_what_is_not_known_is_left_away() -> None:
    assert lineage(NOTHING, None) == []
    unregistered = {**RUN, "registered": {"package": ""}, "scores": {"live": None}}
    whats = [origin.what for origin in lineage(unregistered, {})]
    assert whats == [
        "data set",
        "training job",
        "the job’s archive",
        "model",
        "release",
        "execution",
    ]


def test_the_run_and_its_steps_took_their_time() -> None:
    steps = (("looking at the pictures", 2.0), ("rest", 0.5))
    assert spent(RUN, EVALUATION) == Spent(460.0, steps)
    assert spent(NOTHING, None) == Spent(None, ())
