"""By what is a model made and judged besides the pictures, and what must be done again when that
changes?
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lensloop.model import incremental
from lensloop.model.floors import Floors
from lensloop.settings import Settings

# To be raised with every change after which an algorithm makes another model of the same pictures.
VERSIONS: Mapping[str, int] = {"head": 2, "finetune": 1, "image-classification": 1}

# The frozen backbone of an algorithm, by its hash (training/model_file.py): what it saw of each
# picture is kept under that name. An algorithm that is not here needs every picture in every run.
BACKBONES: Mapping[str, str] = {"head": "0aa527c712ac5f53"}
# Stands for the standards of a model that was trained elsewhere: no training makes it again.
IMPORTED = "imported"
NOTHING, JUDGE, TRAIN = "nothing", "judge", "train"


@dataclass(frozen=True)
class Standards:
    """Two short hashes: of what decides the model, and of what decides the verdict on it."""

    training: str
    judging: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "Standards":
        algorithm = settings.algorithm
        floors = asdict(Floors.from_settings(settings))
        # Whether there is a verdict at all depends on these as well.
        enough = {
            "min_images_per_label": settings.min_images_per_label,
            "folders_are_labels": settings.folders_are_labels,
        }
        how = {"algorithm": algorithm, "version": VERSIONS[algorithm], **_tuned(settings)}
        if settings.golden_set_accuracy:  # only a training looks at it
            how["golden_set"] = True
        return cls(_hash(how), _hash(floors | enough))

    def __str__(self) -> str:
        return f"{self.training}.{self.judging}"


@dataclass(frozen=True)
class Judged:
    """The data set that was judged last, and the standards; `by` is empty where none were noted."""

    digest: str
    by: str


@dataclass(frozen=True)
class Trained:
    """The newest model that was judged: of which data set, and against which live release."""

    epoch: int
    digest: str
    training: str  # of the standards
    live_epoch: int  # 0: there was none
    model: str  # its archive, as an S3 URI
    # By the cloud, as a camera would: one that was not can be published only if it is made anew.
    tried: bool = True


@dataclass(frozen=True)
class LiveModel:
    epoch: int
    digest: str
    training: str  # empty where it was not noted


def what_to_do(
    digest: str,
    now: Standards,
    judged: Judged,
    trained: Trained | None,
    live: LiveModel | None,
    *,
    approved: bool = False,
) -> str:
    """With these pictures, by these standards. A model that is there is judged again and not
    trained again, as long as it was compared with the release that is live now. `approved`: a
    person wants the model that is held, wherever it was trained.
    """
    if live and live.digest == digest and live.training in ("", now.training):
        return NOTHING
    if judged.digest == digest and judged.by in ("", str(now)):
        return NOTHING
    if trained and _is_the_same(trained, digest, now, live.epoch if live else 0):
        return JUDGE
    if trained and approved and (trained.digest, trained.training) == (digest, IMPORTED):
        return JUDGE
    return TRAIN


def _is_the_same(trained: Trained, digest: str, now: Standards, live_epoch: int) -> bool:
    return trained.tried and (trained.digest, trained.training, trained.live_epoch) == (
        digest,
        now.training,
        live_epoch,
    )


def _tuned(settings: Settings) -> dict[str, int]:
    """What else a person may say about the training."""
    if settings.algorithm == "finetune":
        return {"epochs": settings.finetune_epochs}
    if settings.algorithm != incremental.ALGORITHM:
        return {}
    return {
        "layers": settings.image_classification_layers,
        "epochs": settings.image_classification_epochs,
    }


def _hash(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
