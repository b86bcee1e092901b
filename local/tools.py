"""Where are Node and the CDK CLI, and what is missing when they are not there?"""

import os
import shutil
import sys
from pathlib import Path

from local.errors import LocalCloudError

PROJECT = Path(__file__).resolve().parents[1]


def search_path() -> str:
    """PATH with this interpreter's folder first: Node and `python3` there are the pinned ones."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def cdk() -> tuple[str, str]:
    """The paths of Node and of the CDK CLI's program."""
    node = shutil.which("node", path=search_path())
    if node is None:
        raise LocalCloudError(
            "Node is missing; `make install` puts Node 24 (from PyPI) beside this Python."
        )
    program = PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    if not program.exists():
        raise LocalCloudError(
            "The CDK CLI is missing (no node_modules/aws-cdk here); `make install` gets it."
        )
    return node, str(program)
