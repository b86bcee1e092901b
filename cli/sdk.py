"""How does the SageMaker SDK start a training job from here? In an environment of its own, which
`make experiments` makes: it is too large to be in ours (decision 0002).
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.place import PROJECT, Place
from lensloop.experiment import ExperimentError

# Names another environment, as the tests do.
ENVIRONMENT = "LENSLOOP_SAGEMAKER_SDK"
PYTHON = PROJECT / ".build" / "sagemaker" / "bin" / "python"
_PROGRAM = PROJECT / "experiments" / "run.py"
# The SDK would ask whether the role may do what its own examples need, which ours may not; and it
# would tell AWS which of its functions are used.
_VARIABLES = {"SAGEMAKER_VALIDATE_ROLE": "false"}
_CONFIG = "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n"


def python() -> Path:
    found = Path(os.environ.get(ENVIRONMENT) or PYTHON)
    if not found.exists():
        raise ExperimentError(
            "Experiments need the SageMaker SDK, which is 0.7 GB and in an environment of its own:"
            " `make experiments` installs it."
        )
    return found


def start(place: Place, interpreter: Path, planned: Mapping[str, Any]) -> dict[str, str]:
    """The job's name and image. `planned` is lensloop.experiment's."""
    with tempfile.TemporaryDirectory(prefix="lensloop-experiment-") as folder:
        given, answer = Path(folder, "plan.json"), Path(folder, "answer.json")
        given.write_text(json.dumps(planned), "utf-8")
        config = Path(folder, "sagemaker.yaml")
        config.write_text(_CONFIG, "utf-8")
        variables = _variables(place) | {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(config)}
        ran = subprocess.run(
            [interpreter, _PROGRAM, given, answer],
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if not answer.exists():
            lines = (ran.stderr or ran.stdout).strip().splitlines() or ["it said nothing"]
            raise ExperimentError(f"The SageMaker SDK could not start the job: {lines[-1]}")
        started: dict[str, str] = json.loads(answer.read_text("utf-8"))
        return started


def _variables(place: Place) -> dict[str, str]:
    """Where the SDK finds the same account and region as this command."""
    found = {**_VARIABLES, "AWS_DEFAULT_REGION": place.region_name}
    if place.local:
        found |= {
            "AWS_ENDPOINT_URL": place.local.endpoint,
            "AWS_ACCESS_KEY_ID": place.local.access_key_id,
            "AWS_SECRET_ACCESS_KEY": place.local.secret_access_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
    return found
