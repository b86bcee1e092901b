"""Is every mistake in cdk.json answered with a sentence, before anything is deployed?"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.stacks.synthesized import ROOT


def test_a_mistake_ends_the_synthesis_with_a_sentence_and_without_a_traceback(
    tmp_path: Path,
) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={"PATH": path, "CDK_CONTEXT_JSON": json.dumps({"project": "Trash"})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "`project` is 'Trash'; it must be 2 to 16 lower-case letters" in done.stderr
    assert "Traceback" not in done.stderr
