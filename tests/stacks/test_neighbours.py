"""Can several projects and stages live in one account, and one project in any region?"""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from lensloop.settings import Settings
from lensloop.wire import names
from stacks.training.image import OURS, _ask_the_sdk
from tests.stacks.synthesized import CURATOR, MLFLOW_APP, Synthesized, flat, synthesize

# The properties that hold a physical name, which nothing else in the account and region may have.
NAMES = re.compile(r"^\w*Name$")
NOT_A_NAME = {"MetricName"}


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The stage dev of the same project, in a region that is known beforehand."""
    return synthesize(tmp_path_factory.mktemp("neighbour"), stage="dev", region="eu-central-1")


def _names(cloud: Synthesized) -> set[str]:
    found = {
        f"{resource.type} {flat(value)}"
        for resource in cloud.resources()
        if resource.type != "AWS::IAM::Policy"  # such a policy is a part of its role
        for key, value in resource.properties.items()
        if NAMES.match(key) and key not in NOT_A_NAME and not isinstance(value, dict | list)
    }
    return found | set(cloud.templates) | _exports(cloud)


def _exports(cloud: Synthesized) -> set[str]:
    outputs = (
        output
        for template in cloud.templates.values()
        for output in template.get("Outputs", {}).values()
    )
    return {flat(output["Export"]["Name"]) for output in outputs if "Export" in output}


def test_two_stages_share_no_name(shipped: Synthesized, neighbour: Synthesized) -> None:
    mine, theirs = _names(shipped), _names(neighbour)
    assert len(mine) > 40
    shared = mine & theirs
    assert not shared


@pytest.mark.parametrize("stage", ["dev", "r", "review", "x9"])
def test_no_pattern_of_a_project_reaches_the_jobs_of_its_stages(stage: str) -> None:
    Settings.from_context({"stage": stage})
    mine, theirs = names.prefix("trash"), names.prefix("trash", stage)
    patterns = [*names.training_jobs(mine), *names.rollout_jobs(mine)]
    for epoch in (1, 9, 10, 123):
        for prefix, reached in ((mine, 2), (theirs, 0)):
            jobs = (names.training_job(prefix, epoch, 2), names.rollout_job(prefix, epoch, "fleet"))
            assert sum(fnmatchcase(job, pattern) for job in jobs for pattern in patterns) == reached


def test_every_name_starts_with_the_prefix(shipped: Synthesized) -> None:
    physical = {name for name in _names(shipped) if "::" in name}
    strangers = {
        n
        for n in physical
        # The names of topic rules may hold no hyphen.
        if not re.search(
            r" ((/aws/(lambda|vendedlogs/states)/|alias/)?deeplens-trash-|deeplens_trash_)", n
        )
    }
    assert not strangers


def test_every_region_finds_its_own_image(shipped: Synthesized) -> None:
    """The mapping of the template, put together as CloudFormation does,
    is what the SDK answers in every region.
    """
    (mapping,) = shipped.templates["deeplens-trash-retraining"]["Mappings"].values()
    image = re.search(r'"TrainingImage":"([^"]+)"', _definition(shipped))
    assert image
    answers = _ask_the_sdk(OURS, "ml.m5.xlarge")
    assert len(answers) >= 40
    for region, uri in answers.items():
        suffix = re.sub(r"^\d+\.dkr\.ecr\.[a-z0-9-]+\.", "", uri).split("/")[0]
        built = image[1].replace("${AWS::Region}", region).replace("${AWS::URLSuffix}", suffix)
        built = re.sub(
            r"\$\{\w*TrainingImages\w*\.[^.]+\.account\}", mapping[region]["account"], built
        )
        assert built == uri


def test_a_region_that_is_set_needs_no_mapping(neighbour: Synthesized) -> None:
    template = neighbour.templates["deeplens-trash-dev-retraining"]
    assert "Mappings" not in template
    assert "763104351884.dkr.ecr.eu-central-1." in _definition(neighbour)


def test_no_account_is_written_into_a_template(shipped: Synthesized, tmp_path: Path) -> None:
    for name, template in shipped.templates.items():
        body: dict[str, Any] = {key: value for key, value in template.items() if key != "Mappings"}
        text = json.dumps(body)
        for setting in (MLFLOW_APP, CURATOR):  # written by the owner
            text = text.replace(setting, "")
        assert not re.search(r"(?<![0-9a-f])\d{12}(?![0-9a-f])", text), name


def _definition(cloud: Synthesized) -> str:
    (found,) = [
        r.properties["DefinitionString"]
        for r in cloud.resources("AWS::StepFunctions::StateMachine")
        if r.properties["StateMachineName"].endswith("-retraining")
    ]
    return flat(found)
