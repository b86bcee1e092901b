"""Can a job be given the machines that the settings name? By SageMaker's own list of types, as
botocore brings it, and by what the algorithm needs.
"""

import difflib

import botocore.session

from lensloop.machines import ladder
from lensloop.settings import Settings
from lensloop.wire.errors import SettingsError

# Near enough to be a slip of the keyboard or the size of another family; below it, names have
# nothing in common.
_ALIKE = 0.75


def check(settings: Settings) -> None:
    """Raises SettingsError for what CreateTrainingJob would refuse in the first run."""
    known = types()
    for name in ladder.all_types(settings):
        if name not in known:
            raise SettingsError(_unknown(name, known))
    if problem := ladder.problem(settings):
        raise SettingsError(problem)


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, cutoff=_ALIKE)
    meant = f" Did you mean {_either(near)}?" if near else " An ordinary one is `ml.m5.xlarge`."
    return f"`training_instance_type` names {name!r}; SageMaker trains on no such type.{meant}"


def types() -> list[str]:
    service = botocore.session.get_session().get_service_model("sagemaker")
    found: list[str] = service.shape_for("TrainingInstanceType").metadata["enum"]
    return found


def _either(names: list[str]) -> str:
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} or {last}" if others else last
