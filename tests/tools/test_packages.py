"""Do the packages of the project hide those of the same name that others install?"""

import subprocess
import sys

import pytest

from tools.mutants import ROOT

PACKAGES = (
    "bench",
    "camera",
    "cli",
    "demo",
    "lambdas",
    "lensloop",
    "local",
    "proof",
    "review",
    "stacks",
)


@pytest.mark.parametrize("name", [*PACKAGES, "tests", "tools", "training"])
def test_a_package_is_ours(name: str) -> None:
    """smdebug-rulesconfig, which sagemaker-core needs, installs a package `tests`."""
    command = [sys.executable, "-c", f"import {name}; print({name}.__file__)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(ROOT / name / "__init__.py")
