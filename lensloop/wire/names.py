"""What is each thing called? Every physical name in the project is built here.

Names start with `deeplens-` because the roles
of AWS DeepLens reach only such names (buckets, functions, jobs).
"""

from __future__ import annotations

import re

THING = re.compile(r"deeplens_[A-Za-z0-9_-]{1,119}")  # a camera's name

IMAGES_PREFIX = "images/"
DATASETS_PREFIX = "datasets/"
INSPECTIONS_PREFIX = "datasets/inspections/"
COPIES_PREFIX = "datasets/copies/"  # of pictures, for an algorithm that does not read them all
# Files of a data set, for the same algorithm: its lists, and which copies they name.
TRAIN_LST, VALIDATION_LST = "train.lst", "validation.lst"
TRAIN_OBJECTS, VALIDATION_OBJECTS = "train.manifest", "validation.manifest"
TRAINING_PREFIX = "training/"
RELEASES_PREFIX = "releases/"
FEATURES_PREFIX = "features/"
RUNS_PREFIX = "runs/"
EXPERIMENTS_PREFIX = "experiments/"
REVIEW_PREFIX = "review/"
# Jobs in which people label pictures by SageMaker Ground Truth, each in a folder by its name.
LABELING_PREFIX = "labeling/"
# The golden set, which nothing of ours and nobody who uploads may write.
GOLDEN_PREFIX = "golden/"
IMPORTS_PREFIX = "imports/"  # models that were trained elsewhere, each in a folder by its digest

# Where a camera publishes the whole of what a release answered, lensloop.wire.prediction's: every
# answer where camera.json asks for it, else what camera.telling finds due. Indicators hear it.
ANSWERS_TOPIC = "deeplens/{thing}/answers"
# Where a camera may publish results, the first if nothing else is asked for: AWS DeepLens' own, on
# which AWS IoT may end the connection because topics that start with `$` are reserved. Hence the
# second. These two get `{label: probability}` and nothing else: who takes the highest value for the
# answer, as AWS' examples do, must not find another name among the labels.
RESULTS_TOPICS = ("$aws/things/{thing}/infer", "deeplens/{thing}/infer", ANSWERS_TOPIC)

# Where a camera says how it is and what it runs, lensloop.wire.report's.
REPORT_TOPIC = "deeplens/{thing}/report"

# Where a camera asks to hand over a frame, and where it is told how: lensloop.wire.review's.
REVIEW_GET_TOPIC = "deeplens/{thing}/review/get"
REVIEW_PUT_TOPIC = "deeplens/{thing}/review/put"
# Where a person asks it for pictures of what it sees now: lensloop.wire.capture's.
CAPTURE_TOPIC = "deeplens/{thing}/capture"

_SHARE_PART = re.compile(r"(?<=-share)\d+-\d+-fleet$")


def prefix(project: str, stage: str = "") -> str:
    """`deeplens-<project>[-<stage>]`, the start of every name."""
    return "-".join(part for part in ("deeplens", project, stage) if part)


def bucket(project: str, stage: str, account: str, region: str) -> str:
    """At most 63 characters, S3's limit, for every project and stage that `Settings` accepts."""
    return f"{prefix(project, stage)}-{account}-{region}"


def labeling_role(project_prefix: str) -> str:
    """What a labelling job acts as. With a name of its own, for a person's command passes it."""
    return f"{project_prefix}-labeling"


def execution(epoch: int, again: int = 1) -> str:
    """The name of the one execution that an epoch may have; a rollout has another one for each time
    that a person has it tried again.
    """
    return f"r{epoch:08d}" if again == 1 else f"r{epoch:08d}-{again}"


def again_of(execution_name: str) -> int:
    """Which try it is, from its name."""
    return int(execution_name.partition("-")[2] or 1)


def training_job(project_prefix: str, epoch: int | str, attempt: int | str) -> str:
    return f"{project_prefix}-{epoch}-{attempt}"


def training_jobs(project_prefix: str) -> list[str]:
    """Patterns of all its jobs. Epochs begin with a digit, stages with a letter: a stage's jobs are
    not among them.
    """
    return [f"{project_prefix}-{digit}*" for digit in range(1, 10)]


def rollout_job(project_prefix: str, epoch: int, wave: str, again: int = 1) -> str:
    """The AWS IoT Job that carries a release to one wave ("canary" or "fleet") of cameras. A job
    that was cancelled is over, so each try has another.
    """
    tried = "" if again == 1 else f"{again}-"
    return f"{project_prefix}-r{epoch}-{tried}{wave}"


def share_job(project_prefix: str, epoch: int, share: int, again: int = 1) -> str:
    """The start of the names of the jobs that carry a release to a share of the fleet, whose number
    follows: a job names a hundred cameras at most.
    """
    return rollout_job(project_prefix, epoch, f"share{share}", again)


def share_part(share: str, part: int) -> str:
    """`share`: as `share_job` names it. It is a job of the wave "fleet"."""
    return f"{share}-{part}-fleet"


def is_share_of(project_prefix: str, epoch: int, again: int, job: str) -> bool:
    """Is this one of the jobs of any share, in this try of the release's rollout?"""
    return _SHARE_PART.sub("", job) == rollout_job(project_prefix, epoch, "share", again)


def is_share(job: str) -> bool:
    return bool(_SHARE_PART.search(job))


def rollout_jobs(project_prefix: str) -> list[str]:
    """Patterns of all its jobs, without those of its stages: `Settings` accepts none that is `r`
    and a digit.
    """
    return [f"{project_prefix}-r{digit}*" for digit in range(1, 10)]


def release_of(project_prefix: str, job: str) -> int:
    """Which release one of the project's IoT jobs is about."""
    return int(job[len(f"{project_prefix}-r") :].partition("-")[0])


def again_job(project_prefix: str, epoch: int, number: int) -> str:
    """The AWS IoT Job that orders a release again, for one camera that does not run it."""
    return f"{project_prefix}-r{epoch}-again-{number}"


def again_for_another(project_prefix: str, epoch: int, job: str) -> bool:
    """Is this job such an order, and of another release?"""
    release, again, _ = job.partition("-again-")
    return bool(again) and release != f"{project_prefix}-r{epoch}"


def back_job(project_prefix: str, epoch: int, serial: int, wave: str) -> str:
    """The AWS IoT Job that leads a wave back to a release, by a signed statement."""
    return f"{project_prefix}-r{epoch}-back{serial}-{wave}"


def key_job(project_prefix: str, epoch: int, number: int, wave: str) -> str:
    """The AWS IoT Job that brings a change of release keys to a wave, with the live release."""
    return f"{project_prefix}-r{epoch}-key{number}-{wave}"


def topic_rule(project_prefix: str, what: str) -> str:
    """The topic rule that hands on what cameras publish. AWS IoT takes no hyphen there."""
    return f"{project_prefix}-{what}".replace("-", "_")


def indicator(project_prefix: str, mark: str = "") -> str:
    """Who hears one camera's answers: its name as a client of the broker, and of its policy; or how
    all of them begin.
    """
    return f"{project_prefix}-indicator-{mark}"


def model_group(project_prefix: str) -> str:
    """The group of the project's releases in SageMaker's Model Registry."""
    return f"{project_prefix}-releases"


def release(epoch: int | str, file: str = "") -> str:
    """The S3 key of a release's file, or the prefix of the release."""
    return f"{RELEASES_PREFIX}{epoch}/{file}"


def release_key(project_prefix: str, number: int = 1) -> str:
    """The alias of a key that signs releases, of which the first has no number."""
    return f"alias/{project_prefix}-releases{'' if number == 1 else f'-{number}'}"


def run(epoch: int, file: str = "") -> str:
    """The S3 key of a file about a run, or the prefix of the run."""
    return f"{RUNS_PREFIX}{epoch}/{file}"


def experiment(name: str, file: str = "") -> str:
    """The S3 key of an experiment's file, or the prefix of the experiment."""
    return f"{EXPERIMENTS_PREFIX}{name}/{file}"


def dataset(digest: str, file: str = "") -> str:
    """The S3 key of a data set's file, or the prefix of the data set."""
    return f"{DATASETS_PREFIX}{digest}/{file}"


def copy_name(sha256: str) -> str:
    """The name below COPIES_PREFIX of the copy of a picture with this content hash."""
    return f"{sha256}.jpg"


def checkpoints(epoch: int | str) -> str:
    """Where the jobs of a run keep how far they are, for the next one to go on from."""
    return f"{TRAINING_PREFIX}checkpoints/{epoch}/"


def features(folder: str, file: str = "") -> str:
    """The S3 key of what training jobs keep for each other, by the hash of the backbone."""
    return f"{FEATURES_PREFIX}{folder}/{file}"


def imported(digest: str, file: str = "") -> str:
    """The S3 key of a file of a model that was trained elsewhere, or the prefix of the model."""
    return f"{IMPORTS_PREFIX}{digest}/{file}"


def inspection(epoch: int, chunk: int) -> str:
    return f"{INSPECTIONS_PREFIX}{epoch}/{chunk:04d}.json"
