"""Is there a way to train that needs no `ContainerEntrypoint`? One setting, deployed whole."""

import json
from pathlib import Path

import pytest

from tests.stacks.synthesized import ROOT, Synthesized, flat, synthesize


@pytest.fixture(scope="module")
def by_the_image(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("by-the-image"), training_entry_point="image")


def _start(app: Synthesized) -> list[Path]:
    text = (ROOT / "training" / "start.py").read_text()
    return [path for path in app.folder.glob("asset.*.py") if path.read_text() == text]


def _allowed_to_training(app: Synthesized, action: str) -> str:
    """Everything that the role of the training job may do it on, as text."""
    return "\n".join(
        flat(s.all_of("Resource")) + json.dumps(s.statement.get("Condition", {}))
        for s in app.statements()
        if s.where.split("/")[1].startswith("TrainingRole") and action in s.all_of("Action")
    )


def test_the_image_is_told_of_the_file_that_ships_and_the_role_may_fetch_it(
    by_the_image: Synthesized,
) -> None:
    [start] = _start(by_the_image)
    key = start.name.removeprefix("asset.")
    [definition] = [
        flat(r.properties["DefinitionString"])
        for r in by_the_image.resources("AWS::StepFunctions::StateMachine")
        if r.properties["StateMachineName"].endswith("-retraining")
    ]
    # Both attempts: the spot one and the one on demand.
    assert definition.count(f'"sagemaker_program":"\\"{key}\\""') == 1
    assert "ContainerEntrypoint" not in definition
    assert f"/{key}" in _allowed_to_training(by_the_image, "s3:GetObject")
    assert key in _allowed_to_training(by_the_image, "s3:ListBucket")


def test_without_the_setting_nothing_of_it_ships(shipped: Synthesized) -> None:
    assert _start(shipped) == []
