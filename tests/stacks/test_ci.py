"""Does GitHub check everything and deploy only what passed, without keys?"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.delivery import ENVIRONMENT
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


def test_the_check_installs_what_some_tests_skip_without(workflow: dict[str, Any]) -> None:
    commands = [step.get("run", "") for step in workflow["jobs"]["check"]["steps"]]
    (makes,) = [command.split()[1:] for command in commands if "finetune-deps" in command]
    assert set(makes) == {"finetune-deps", "mxnet", "experiments"}


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


def test_only_deployment_and_comparison_may_ask_for_an_identity_token(
    workflow: dict[str, Any],
) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    asked = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    assert asked == {
        "deploy": {"contents": "read", "id-token": "write"},
        "diff": {"contents": "read", "id-token": "write", "pull-requests": "write"},
    }


def test_a_deployment_waits_in_the_environment_that_its_role_trusts(
    workflow: dict[str, Any],
) -> None:
    assert workflow["jobs"]["deploy"]["environment"] == ENVIRONMENT


def test_a_strangers_pull_request_is_never_given_a_role(workflow: dict[str, Any]) -> None:
    condition = workflow["jobs"]["diff"]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition


def test_every_supported_python_and_a_bare_debian_are_tried(workflow: dict[str, Any]) -> None:
    tried = {
        entry["python"] for entry in workflow["jobs"]["pythons"]["strategy"]["matrix"]["include"]
    }
    (first,) = [
        s["with"]["python-version"]
        for s in workflow["jobs"]["check"]["steps"]
        if "python-version" in s.get("with", {})
    ]
    assert tried | {first} == {"3.11", "3.12", "3.13", "3.14"}
    assert workflow["jobs"]["bare-debian"]["container"] == "debian:12-slim"


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
