"""On which machines may a run train, and in which order? Each type on spot capacity first, then on
demand, then the next type.

On demand comes before the next type because a type is lacking on spot far more often than
altogether, and because the next type is what one would rather not have: dearer, or slower.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lensloop.settings import Settings

# A run's jobs: SageMaker's own algorithm, where that is the one that trains; and ours, which makes
# the model and judges it.
BUILT_IN, OURS = "built-in", "ours"
MOST_TYPES = 4
# Each type twice, and once more on the same machine when the feature cache was damaged; then the
# same for a second job, on at most three types. The tick looks for the jobs of a run by these
# numbers.
MOST_ATTEMPTS = 2 * MOST_TYPES + 1 + 7
ATTEMPTS = tuple(range(1, MOST_ATTEMPTS + 1))
# Of three generations of hardware, so that a lack of one is not a lack of all; each has 16 GB of
# memory at least. SageMaker's own image classification runs on the first two of a GPU only.
SUITED: Mapping[str, tuple[str, ...]] = {
    "head": ("ml.m5.xlarge", "ml.m6i.xlarge", "ml.c5.2xlarge"),
    "finetune": ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g6.xlarge"),
    "image-classification": ("ml.g4dn.xlarge", "ml.g5.xlarge"),
}
# The families that an algorithm is limited to; the others take what they get.
_FAMILIES: Mapping[str, tuple[str, ...]] = {"image-classification": ("g4dn", "g5")}


@dataclass(frozen=True)
class Rung:
    instance: str
    spot: bool

    def __str__(self) -> str:
        return f"{self.instance} {'on spot capacity' if self.spot else 'on demand'}"


def jobs(settings: Settings) -> tuple[str, ...]:
    """The jobs of a run, in their order."""
    return (BUILT_IN, OURS) if settings.algorithm in _FAMILIES else (OURS,)


def types(settings: Settings, job: str = OURS) -> tuple[str, ...]:
    """As they are written for the job that trains; those that suit the algorithm when none are.
    What only makes a model of a network and judges it needs no GPU.
    """
    if job != jobs(settings)[0]:
        return SUITED["head"]
    written = [name.strip() for name in settings.training_instance_type.split(",")]
    return tuple(filter(None, written)) or SUITED.get(settings.algorithm, SUITED["head"])


def all_types(settings: Settings) -> tuple[str, ...]:
    """Of all jobs of a run, each once."""
    wanted = [name for job in jobs(settings) for name in types(settings, job)]
    return tuple(dict.fromkeys(wanted))


def ladder(settings: Settings, job: str = OURS) -> tuple[Rung, ...]:
    kinds = (True, False) if settings.training_spot else (False,)
    return tuple(Rung(name, spot) for name in types(settings, job) for spot in kinds)


def has_gpu(instance_type: str) -> bool:
    """By its family: `ml.g5.xlarge`, `ml.p4d.24xlarge`."""
    return _family(instance_type).startswith(("g", "p"))


def problem(settings: Settings) -> str:
    """What is wrong with the types that are written, in a sentence; empty when nothing is."""
    written = types(settings, jobs(settings)[0])
    if len(written) > MOST_TYPES:
        return f"`training_instance_type` names {len(written)} types; at most {MOST_TYPES} are."
    if repeated := sorted({name for name in written if written.count(name) > 1}):
        return f"`training_instance_type` names {', '.join(repeated)} twice."
    if len({has_gpu(name) for name in written}) > 1:
        return (
            "`training_instance_type` names types with a GPU and types without; one image trains"
            " on all of them, so they must be of one kind."
        )
    only = _FAMILIES.get(settings.algorithm)
    wrong = [name for name in written if only and _family(name) not in only]
    if only and wrong:
        return (
            f"`algorithm` is {settings.algorithm!r}, which SageMaker trains on ml.{only[0]} and"
            f" ml.{only[1]} only; `training_instance_type` names {', '.join(wrong)}."
        )
    return ""


def _family(instance_type: str) -> str:
    return instance_type.split(".")[1]
