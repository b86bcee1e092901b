"""Does GitHub check everything and deploy only what passed, without keys?"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stacks.synthesized import ROOT

FILE = ROOT / ".github" / "workflows" / "ci.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(FILE.read_text())
    loaded["on"] = loaded.pop(True)  # YAML 1.1 reads the word `on` as a truth value
    return loaded


def test_pull_requests_and_main_run_the_same_one_command(workflow: dict[str, Any]) -> None:
    assert set(workflow["on"]) == {"pull_request", "push"}
    assert workflow["on"]["push"] == {"branches": ["main"]}
    assert workflow["jobs"]["check"]["steps"][-1]["run"] == "make check"


def test_only_main_deploys_after_the_checks_and_only_where_a_role_is_set(
    workflow: dict[str, Any],
) -> None:
    deploy = workflow["jobs"]["deploy"]
    assert deploy["needs"] == "check"
    conditions = deploy["if"].split(" && ")
    assert conditions == [
        "github.event_name == 'push'",
        "github.ref == 'refs/heads/main'",
        "vars.AWS_DEPLOY_ROLE != ''",
    ]


def test_only_the_deployment_may_ask_for_an_identity_token(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["check"]
    assert workflow["jobs"]["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_there_are_no_long_lived_keys() -> None:
    assert not re.search(r"secrets\.|aws-access-key-id|aws-secret-access-key", FILE.read_text())


@pytest.mark.parametrize("file", sorted(FILE.parent.glob("*.yml")), ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit(file: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())
    assert len(used) >= 3
    for action, comment in used:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_a_deployment_is_never_cut_off_half_way(workflow: dict[str, Any]) -> None:
    assert workflow["jobs"]["deploy"]["concurrency"]["cancel-in-progress"] is False
    assert (
        workflow["concurrency"]["cancel-in-progress"]
        == "${{ github.event_name == 'pull_request' }}"
    )
