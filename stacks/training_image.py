"""Which container image trains? SageMaker's PyTorch image; the SageMaker SDK knows every region's registry."""

from dataclasses import dataclass
from functools import cache

import aws_cdk as cdk
from constructs import Construct

FRAMEWORK = "pytorch-amzn2023"
VERSION = "2.13"  # patched until July 2027; 2.14 is missing in ten regions (China, GovCloud, sovereign)


@dataclass(frozen=True)
class TrainingImage:
    uri: str
    repository_arn: str


def training_image(scope: Construct, instance_type: str) -> TrainingImage:
    """A mapping of all regions, because the region may be known only when CloudFormation deploys."""
    stack = cdk.Stack.of(scope)
    repository, tag = _repository_and_tag(instance_type)
    if cdk.Token.is_unresolved(stack.region):
        table = cdk.CfnMapping(
            scope, "TrainingImages", mapping={region: {"account": owner} for region, owner in registries().items()}
        )
        account = table.find_in_map(stack.region, "account")
    else:
        account = registry(stack.region)
    return TrainingImage(
        uri=f"{account}.dkr.ecr.{stack.region}.{stack.url_suffix}/{repository}:{tag}",
        repository_arn=stack.format_arn(
            service="ecr", resource="repository", resource_name=repository, account=account
        ),
    )


@cache
def registries() -> dict[str, str]:
    """Region → AWS account whose registry holds the image there."""
    # Imported here because it takes about two seconds (docs/decisions/0002): tests of other things do not pay.
    from sagemaker.core import image_uris

    config = image_uris.config_for_framework(FRAMEWORK)
    return dict(config["training"]["versions"][VERSION]["registries"])


def registry(region: str) -> str:
    owner = registries().get(region)
    if owner is None:
        raise ValueError(f"SageMaker has no {FRAMEWORK} {VERSION} image in {region}.")
    return owner


def _repository_and_tag(instance_type: str) -> tuple[str, str]:
    from sagemaker.core import image_uris

    uri = image_uris.retrieve(
        FRAMEWORK, "us-east-1", version=VERSION, instance_type=instance_type, image_scope="training"
    )
    repository, tag = uri.split("/", 1)[1].split(":")
    return repository, tag
