"""Does every address follow the partition: commercial regions, China, GovCloud and the sovereign
cloud? No host and no ARN is written by hand.
"""

import json
import re
from pathlib import Path

import pytest

from tests.stacks.synthesized import Synthesized, flat, synthesize

# Hosts end as botocore says (its endpoints.json).
PARTITIONS = [
    ("eu-central-1", "aws", "amazonaws.com"),
    ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
]
# The names of services, which are the same everywhere, and KMS's name for S3.
_NO_HOSTS = re.compile(r"^[a-z-]+\.amazonaws\.com$|^s3\.[a-z0-9-]+\.amazonaws\.com$")


@pytest.fixture(scope="module", params=PARTITIONS, ids=[p[1] for p in PARTITIONS])
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Synthesized, str, str, str]:
    region, partition, suffix = request.param
    folder = tmp_path_factory.mktemp(partition)
    app = synthesize(folder, region=region, **{"aws:cdk:bundling-stacks": []})
    return app, region, partition, suffix


def _resolved(text: str, partition: str, suffix: str) -> str:
    return text.replace("${AWS::Partition}", partition).replace("${AWS::URLSuffix}", suffix)


def _retraining(app: Synthesized) -> str:
    """The definition of its workflow."""
    [machine] = [
        r
        for r in app.resources("AWS::StepFunctions::StateMachine")
        if r.properties["StateMachineName"] == "deeplens-trash-retraining"
    ]
    return flat(machine.properties["DefinitionString"])


def test_no_address_is_of_another_partition(deployed: tuple[Synthesized, str, str, str]) -> None:
    app, _, partition, _ = deployed
    written = []
    for resource in app.resources():
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(resource.body)):
            others = set(re.findall(r"\barn:([a-z-]+):", text)) - {partition}
            if others or ("amazonaws" in text and not _NO_HOSTS.match(text)):
                written.append((resource.name, text))
    assert not written


def test_cameras_are_linked_to_the_partitions_s3(
    deployed: tuple[Synthesized, str, str, str],
) -> None:
    app, region, partition, suffix = deployed
    [deployer] = [
        r
        for r in app.resources("AWS::Lambda::Function")
        if r.properties["FunctionName"] == "deeplens-trash-deploy-release"
    ]
    host = flat(deployer.properties["Environment"]["Variables"]["S3_HOST"])
    assert _resolved(host, partition, suffix) == f"s3.{region}.{suffix}"


def test_the_training_image_is_the_partitions(
    deployed: tuple[Synthesized, str, str, str],
) -> None:
    app, region, partition, suffix = deployed
    definition = _resolved(_retraining(app), partition, suffix)
    images = set(re.findall(r"[0-9]{12}\.dkr\.ecr\.[^:\"]+", definition))
    assert len(images) == 1
    assert f".dkr.ecr.{region}.{suffix}/" in images.pop()


def test_a_digest_holds_on_to_one_build_of_the_training_image(tmp_path: Path) -> None:
    digest = "sha256:" + "ab" * 32
    skipped: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}
    app = synthesize(tmp_path, training_image_digest=digest, **skipped)
    assert f"/pytorch@{digest}" in _retraining(app)


def test_without_an_mlflow_app_nobody_may_call_one(
    deployed: tuple[Synthesized, str, str, str],
) -> None:
    assert "CallMlflowAppApi" not in json.dumps(deployed[0].templates)
