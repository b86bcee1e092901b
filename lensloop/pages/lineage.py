"""Where does this model come from, where did it go, and what did it take? As far as the run's
record and its evaluation say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lensloop.reasons import counted

# What the training job measures the time of, in words.
_STEPS = {
    "embed": "looking at the pictures",
    "train": "teaching",
    "doubt": "asking models that had not seen each picture",
    "leave out": "leaving out each label in turn",
    "export": "writing the model's file",
    "evaluate": "judging, on the test pictures",
    "int8": "making it in eight bits, and judging that",
    "prove": "a camera’s own proof",
}


@dataclass(frozen=True)
class Origin:
    what: str
    value: str  # a name, a hash or an address
    note: str = ""


def lineage(run: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> list[Origin]:
    return [origin for origin in _origins(run, evaluation or {}) if origin.value]


def _origins(run: Mapping[str, Any], evaluation: Mapping[str, Any]) -> Iterator[Origin]:
    dataset, training, release = run["dataset"], run["training"] or {}, run["release"]
    if dataset:
        pictures = counted(dataset["images"], "picture", "pictures")
        yield Origin("data set", dataset["digest"], pictures)
    for job in training.get("jobs") or ():
        if job["status"] == "Completed":
            yield Origin("training job", job["name"])
    yield Origin("algorithm", evaluation.get("algorithm") or "")
    yield Origin("backbone", evaluation.get("backbone") or "")
    yield Origin("the job’s archive", training.get("model") or "")
    live = (run["scores"] or {}).get("live")
    if live:
        yield Origin("compared with", f"release {live['epoch']}")
    if release:
        yield Origin("model", release.get("model_sha256") or "", "sha256")
        yield Origin("release", f"releases/{release['epoch']}/")
    yield Origin("in SageMaker’s registry", (run["registered"] or {}).get("package") or "")
    yield Origin("execution", run["execution"] or "")


@dataclass(frozen=True)
class Spent:
    """Seconds, of the whole run and of the training job's steps."""

    run: float | None
    steps: tuple[tuple[str, float], ...]


def spent(run: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> Spent:
    seconds = (evaluation or {}).get("seconds") or {}
    steps = tuple((_STEPS.get(name, name), float(took)) for name, took in seconds.items())
    return Spent(_between(run), steps)


def _between(run: Mapping[str, Any]) -> float | None:
    began, ended = run["began_at"], run["ended_at"]
    if not began or not ended:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
