"""Is every mistake in cdk.json answered with a sentence, before anything is deployed?"""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from lensloop.settings import Settings
from tests.stacks.synthesized import ROOT
from tools.settings_page import page


def test_cdk_json_lists_every_setting_with_its_default() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert {f.name: context.get(f.name) for f in fields(Settings)} == Settings().as_dict()


def test_the_page_of_settings_is_up_to_date() -> None:
    hint = "run: python -m tools.settings_page > docs/settings.md"
    assert (ROOT / "docs" / "settings.md").read_text() == page(), hint


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
