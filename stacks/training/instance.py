"""Is there a training instance of this type? SageMaker's own list, as botocore brings it."""

import difflib

import botocore.session

from lensloop.wire.errors import SettingsError

# Near enough to be a slip of the keyboard or the size of another family; below it, names have
# nothing in common.
_ALIKE = 0.75


def check(instance_type: str) -> None:
    """Raises SettingsError for one that CreateTrainingJob would refuse in the first run."""
    known = types()
    if instance_type in known:
        return
    near = difflib.get_close_matches(instance_type, known, cutoff=_ALIKE)
    meant = f" Did you mean {_either(near)}?" if near else " An ordinary one is `ml.m5.xlarge`."
    raise SettingsError(
        f"`training_instance_type` is {instance_type!r}; SageMaker trains on no such type.{meant}"
    )


def types() -> list[str]:
    service = botocore.session.get_session().get_service_model("sagemaker")
    found: list[str] = service.shape_for("TrainingInstanceType").metadata["enum"]
    return found


def _either(names: list[str]) -> str:
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} or {last}" if others else last
