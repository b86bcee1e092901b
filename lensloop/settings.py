"""What can a user tune, within which limits, and what is wrong with what they wrote?"""

import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from lensloop import shares
from lensloop.window import PATTERN
from lensloop.wire.errors import SettingsError

# CloudWatch accepts these and no others.
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

SHIP, REFUSE = "ship", "refuse"  # what to do with a weak label


def _setting(
    default: Any,
    meaning: str,
    low: float | None = None,
    high: float | None = None,
    pattern: str = "",
    form: str = "",
    choices: tuple[int, ...] = (),
) -> Any:
    limits = {
        "meaning": meaning,
        "low": low,
        "high": high,
        "pattern": pattern,
        "form": form,
        "choices": choices,
    }
    return field(default=default, metadata=limits)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The context of cdk.json. Limits and meanings stand beside the defaults: docs/settings.md is
    made from here.
    """

    # At most 16 + 8 characters keep the bucket's name
    # within S3's 63 in the region with the longest name.
    project: str = _setting(
        "trash",
        "Names everything; several projects can live in one account.",
        pattern=r"[a-z][a-z0-9]{1,15}",
        form="2 to 16 lower-case letters and digits, a letter first",
    )
    stage: str = _setting(
        "",
        "A second copy beside the first, for example `dev`; empty for the only one.",
        pattern=r"((?!r[0-9])[a-z][a-z0-9]{0,7})?",
        form=(
            "empty, or 1 to 8 lower-case letters and digits, a letter first (and not `r` before a"
            " digit)"
        ),
    )
    region: str = _setting(
        "",
        "AWS Region; empty takes the CLI's own.",
        pattern=r"([a-z]{2,4}(-[a-z]+)+-\d)?",
        form="empty, or a region such as `eu-central-1`",
    )
    notify_email: str = _setting(
        "",
        "Who hears about refusals, failures and releases; empty for nobody.",
        pattern=r"([^@\s]+@[^@\s]+\.[^@\s]+)?",
        form="empty, or an e-mail address",
    )
    algorithm: str = _setting(
        "head",
        "How to train: `head` is a frozen pretrained backbone with a new head; `finetune` teaches"
        " the backbone as well, on a GPU all of it; `image-classification` is SageMaker's built-in"
        " algorithm, on a GPU (docs/algorithms.md says when to choose which).",
        pattern=r"head|finetune|image-classification",
        form="`head`, `finetune` or `image-classification`",
    )
    finetune_epochs: int = _setting(
        8,
        "With `algorithm` set to `finetune`: at most this often it sees every picture; it stops"
        " when the validation pictures gain no more.",
        1,
        200,
    )
    image_classification_layers: int = _setting(
        18,
        "With `algorithm` set to `image-classification`: the depth of its ResNet. Deeper ones know"
        " more and are slower on a camera.",
        choices=(18, 34, 50, 101),
    )
    image_classification_epochs: int = _setting(
        30,
        "With `algorithm` set to `image-classification`: at most this often it sees every picture;"
        " it stops when the validation pictures gain no more.",
        1,
        1000,
    )
    training_instance_type: str = _setting(
        "",
        "SageMaker instance types of the training job, in the order in which they are tried; empty"
        " takes those that suit the algorithm (docs/machines.md).",
        pattern=r"(ml\.[a-z0-9-]+\.[a-z0-9]+(, *ml\.[a-z0-9-]+\.[a-z0-9]+)*)?",
        form="empty, or SageMaker instance types such as `ml.m5.xlarge, ml.m6i.xlarge`",
    )
    training_image_digest: str = _setting(
        "",
        "Trains with exactly this build of AWS's image; empty takes the newest patched one. Each"
        " region has its own (docs/delivery.md says where to read it).",
        pattern=r"(sha256:[0-9a-f]{64})?",
        form="empty, or `sha256:` and 64 hexadecimal digits",
    )
    training_entry_point: str = _setting(
        "ours",
        "Who starts our code in the training job: `ours` names the command, `image` leaves it to"
        " the entry point of AWS's image. Only for when AWS refuses `ContainerEntrypoint`.",
        pattern=r"ours|image",
        form="`ours` or `image`",
    )
    training_spot: bool = _setting(
        True, "Try each type on spot capacity first, which is cheaper, then on demand."
    )
    warm_pool_minutes: int = _setting(
        0,
        "Keep the machine for this long after a job, paid for, so that the next starts within"
        " seconds; not with `training_spot`. 0 keeps none.",
        0,
        60,
    )
    training_volume_gb: int = _setting(
        30,
        "Disk of the training job, in GB, at least; it is larger where the pictures need it.",
        1,
        1000,
    )
    max_training_minutes: int = _setting(60, "A training job is stopped after this long.", 5, 1440)
    # The least is more than stacks/changes.py counts late.
    quiet_seconds: int = _setting(120, "Train when nothing has changed for this long.", 6, 3600)
    max_wait_seconds: int = _setting(
        900, "Train after this long even when changes keep coming.", 0, 86400
    )
    backoff_seconds: int = _setting(
        300, "Wait after a failed run; doubles with each failure, up to 6 hours.", 1, 21600
    )
    max_pause_seconds: int = _setting(
        3600,
        "Wait at most this long after a failure that is not the training's own: a quota, a lack of"
        " machines, a permission, an accident at AWS.",
        1,
        21600,
    )
    runs_per_day: int = _setting(
        48, "At most this many runs a day; an alarm says when it bites.", 1, 1000
    )
    min_images_per_label: int = _setting(
        10, "A label with fewer usable pictures stops the training, with a reason.", 2, 10000
    )
    min_test_images_per_label: int = _setting(
        2, "A verdict needs this many test pictures of each label.", 1, 1000
    )
    folders_are_labels: bool = _setting(
        False,
        "Train also where the folders under images/ look one level too deep, such as"
        " `train/glass/`: each folder directly under images/ is a label, whatever it is called.",
    )
    min_accuracy: float = _setting(
        0.7, "Floor of accuracy; a model below it for certain is refused (0 to 1).", 0, 1
    )
    min_recall: float = _setting(
        0.5, "Floor of every label's recall; a label below it is weak (0 to 1).", 0, 1
    )
    weak_labels: str = _setting(
        SHIP,
        "Whether a model with a label that is below `min_recall` for certain may ship: `ship` names"
        " it and refuses only what does not even reach half of the floor, `refuse` refuses.",
        pattern=rf"{SHIP}|{REFUSE}",
        form=f"`{SHIP}` or `{REFUSE}`",
    )
    tolerance: float = _setting(
        0.02, "How far below the live model accuracy or a recall may fall (0 to 1).", 0, 1
    )
    max_calibration_error: float = _setting(
        0.2, "Ceiling of the expected calibration error (0 to 1).", 0, 1
    )
    golden_set_accuracy: float = _setting(
        0.0,
        "What the golden set under golden/<label>/ must reach, with a picture of every label (0 to"
        " 1); 0 does not look at it.",
        0,
        1,
    )
    golden_set_writer: str = _setting(
        "",
        "ARN of the role or user who alone may write and delete under golden/, whatever others may"
        " do in the bucket; empty leaves it to everybody's own permissions.",
        pattern=r"(arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+)?",
        form="empty, or `arn:aws:iam::<account>:role/<name>` or `…:user/<name>`",
    )
    # Where the largest network of the built-in algorithm that a camera is fast with still fits.
    max_model_mb: int = _setting(
        150, "A model with a larger file is refused, in MB; 0 is no limit.", 0, 150
    )
    max_milliseconds: int = _setting(
        0,
        "A model that takes longer for a picture is refused, measured on one thread of the training"
        " job; 0 is no limit.",
        0,
        60000,
    )
    approval: str = _setting(
        "automatic",
        "Who lets a release go to the cameras: `automatic` is the gate, `manual` a person, with"
        " `lensloop approve` or in SageMaker's Model Registry (docs/registry.md).",
        pattern=r"automatic|manual",
        form="`automatic` or `manual`",
    )
    mlflow_app_arn: str = _setting(
        "",
        "ARN of an MLflow app of SageMaker in which every release is logged as a run; empty for"
        " none (docs/registry.md).",
        pattern=r"(arn:aws(-us-gov)?:sagemaker:[a-z0-9-]+:[0-9]{12}:mlflow-app/[A-Za-z0-9-]+)?",
        form="empty, or `arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>`",
    )
    canary_timeout_minutes: int = _setting(
        60,
        "How long the rollout waits for the canaries; then those that have answered decide.",
        1,
        10080,
    )
    fleet_timeout_minutes: int = _setting(
        1440, "How long the rollout waits for the fleet.", 1, 10080
    )
    min_proven_share: float = _setting(
        0.9,
        "Share of a wave's cameras that must prove the release (0 to 1). A share of the fleet is a"
        " draw, and may show more failures by chance ([cameras](cameras.md#share-by-share)).",
        0,
        1,
    )
    max_camera_milliseconds: int = _setting(
        0,
        "A camera that proves a release and takes longer for a picture counts as one that failed"
        " it, until the first wave has made the release live; 0 is no limit.",
        0,
        60000,
    )
    rollout_cameras_per_minute: int = _setting(
        100, "How many cameras of a wave begin in a minute, so that not all fetch at once.", 1, 1000
    )
    rollout_wave_percents: str = _setting(
        "100",
        "How much of the fleet may have a release, share after share, each once the one before has"
        " proved it: `10,50,100`; `100` for all at once ([cameras](cameras.md#share-by-share)).",
        pattern=shares.PATTERN,
        form=shares.FORM,
    )
    rollout_least_answers: int = _setting(
        1,
        "How many cameras of the canaries, or of a share, must have answered before the next wave"
        " begins by itself; all of them where there are fewer.",
        1,
        1000,
    )
    rollout_bake_minutes: int = _setting(
        0,
        "How long the canaries, and each share of the fleet, run a release that they have proved"
        " before others get it. A camera that gives it back or falls silent in that time has failed"
        " it. Less than the time between two releases: a newer one takes its place.",
        0,
        10080,
    )
    rollout_window: str = _setting(
        "",
        "When a wave may begin, in UTC: `22:00-04:00`; empty for always. Orders that lead back to a"
        " good release do not wait for it.",
        pattern=PATTERN,
        form="empty or two times like `22:00-04:00`",
    )
    rollout_check_seconds: int = _setting(
        30, "How often the rollout looks at the cameras' answers.", 1, 3600
    )
    review_frames_a_day: int = _setting(
        0,
        "How many frames each camera may send to `review/` in a day, those that its model does not"
        " know or is unsure of first; 0 sends none ([cameras](cameras.md#frames-that-come-back)).",
        0,
        500,
    )
    release_key: int = _setting(
        1,
        "How many keys there are for signing releases; raise it by one, deploy, and say `lensloop"
        " key rotate` to have a new one sign ([cameras](cameras.md#another-key)). Never lower it:"
        " keys are kept, and a name that is taken stops the next deployment.",
        1,
        20,
    )
    labeling_jobs: bool = _setting(
        False,
        "Let `lensloop label start` give pictures to people by SageMaker Ground Truth, and take in"
        " what they say ([labelling](importing.md#labels-by-a-workforce)).",
    )
    keep_old_versions_days: int = _setting(
        90, "How long S3 keeps overwritten and deleted pictures.", 1, 3650
    )
    log_retention_days: int = _setting(
        90, "How long CloudWatch keeps logs.", choices=LOG_RETENTION_DAYS
    )
    github_repository: str = _setting(
        "",
        "Repository that may deploy from its branch main without keys, as GitHub's tokens name it:"
        " with both ids if it was created, renamed or moved since 15 July 2026; empty creates no"
        " such role.",
        pattern=r"([A-Za-z0-9-]+/[A-Za-z0-9._-]+|[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)?",
        form="empty, `owner/name`, or `owner@id/name@id`",
    )
    github_provider_exists: bool = _setting(
        False, "The account already trusts GitHub's OIDC provider (it can do so only once)."
    )

    def timeout_minutes(self, wave: str) -> int:
        """How long the cameras of a wave have for a release."""
        return self.canary_timeout_minutes if wave == "canary" else self.fleet_timeout_minutes

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> "Settings":
        """Reads the settings out of CDK's context;
        keys that CDK owns (with `:` or `/`) are passed over.

        Raises SettingsError naming every mistake, one sentence each. Values given with `cdk deploy
        -c key=value` arrive as text and are read as their setting's type.
        """
        known = {f.name: f for f in fields(cls)}
        mistakes, values = [], {}
        for key, raw in context.items():
            if ":" in key or "/" in key or key in CONTEXT_OF_OTHERS:
                continue
            if key not in known:
                mistakes.append(_unknown(key, tuple(known)))
                continue
            kind = type(known[key].default)
            value = _read(raw, kind)
            mistake = _mistake(key, raw, value, kind, known[key].metadata)
            if mistake:
                mistakes.append(mistake)
            else:
                values[key] = value
        settings = cls(**values)
        mistakes += settings._contradictions()
        if mistakes:
            raise SettingsError("\n".join(mistakes))
        return settings

    def _contradictions(self) -> Iterator[str]:
        if self.max_wait_seconds < self.quiet_seconds:
            yield "`max_wait_seconds` is below `quiet_seconds`; it must be at least as long."
        if self.warm_pool_minutes and self.training_spot:
            yield (
                "`warm_pool_minutes` keeps machines, which SageMaker does not do on spot capacity;"
                " set `training_spot` to false, or `warm_pool_minutes` to 0."
            )

        written = self.rollout_wave_percents
        if not shares.are_rising(written):
            yield f"`rollout_wave_percents` is {written!r}; it must be {shares.FORM}."

    def to_json(self) -> str:
        """Only what differs from the defaults, so that a Lambda's environment stays small."""
        return json.dumps(
            {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}
        )

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        return cls.from_context(json.loads(text))


# Context that the stacks read themselves: it says where training runs, not how Lensloop behaves.
CONTEXT_OF_OTHERS = frozenset({"training_platform"})

# Of difflib's ratio: `min_acc` is above it, while `tags` is 0.67 to `stage`.
_NEAR = 0.7

KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}


def _unknown(key: str, known: tuple[str, ...]) -> str:
    """With what was meant: a name that is nearly the same, or one that has all the words of it."""
    written = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).replace("-", "_").lower()
    words = set(written.split("_"))
    meant = difflib.get_close_matches(written, known, n=1, cutoff=_NEAR)
    meant = meant or [name for name in known if words <= set(name.split("_"))]
    if meant:
        named = " or ".join(f"`{name}`" for name in meant)
        return f"`{key}` is not a setting; did you mean {named}?"
    return f"`{key}` is not a setting; the settings are {', '.join(known)}."


def _read(raw: Any, kind: type) -> Any:
    """The value as `kind`, or None when it cannot be."""
    if kind is bool:
        return {"true": True, "false": False}.get(str(raw).lower())
    if isinstance(raw, bool):
        return None
    if kind is str:
        return raw if isinstance(raw, str) else None
    try:
        number = float(raw)
    except (TypeError, ValueError):
        return None
    if kind is int:
        return int(number) if number.is_integer() else None
    return number if math.isfinite(number) else None


def _mistake(key: str, raw: Any, value: Any, kind: type, limits: Mapping[str, Any]) -> str:
    if value is None:
        return f"`{key}` is {raw!r}; it must be {KINDS[kind]}."
    if limits["pattern"] and not re.fullmatch(limits["pattern"], value):
        return f"`{key}` is {raw!r}; it must be {limits['form']}."
    if limits["choices"] and value not in limits["choices"]:
        return f"`{key}` is {raw}; it must be one of {', '.join(map(str, limits['choices']))}."
    if limits["low"] is not None and not limits["low"] <= value <= limits["high"]:
        return f"`{key}` is {raw}; it must lie between {limits['low']} and {limits['high']}."
    return ""
