"""Which container image trains? SageMaker's PyTorch image;
the SageMaker SDK knows every region's registry.
"""

import json
import re
from dataclasses import dataclass
from importlib import metadata

import aws_cdk as cdk
from constructs import Construct

from lensloop.wire.errors import SettingsError
from stacks.assets.code import ROOT

FRAMEWORK = "pytorch-amzn2023"
VERSION = (  # patched until July 2027; 2.14 is missing in ten regions (China, GovCloud, sovereign)
    "2.13"
)


@dataclass(frozen=True)
class TrainingImage:
    uri: str
    repository_arn: str


@dataclass(frozen=True)
class _Framework:
    """As the SDK names it."""

    name: str
    version: str
    called: str  # by people


OURS = _Framework(FRAMEWORK, VERSION, f"PyTorch {VERSION}")
BUILT_IN = _Framework("image-classification", "1", "built-in image classification")


def training_image(scope: Construct, instance_type: str, digest: str = "") -> TrainingImage:
    """What our own jobs run in.

    AWS patches an image under the same tag; `digest` holds on to one build of it.
    """
    return _image(scope, "TrainingImages", OURS, uris(instance_type), digest)


def built_in_image(scope: Construct) -> TrainingImage:
    """SageMaker's own image classification, trained with MXNet. AWS has not patched it since May
    2024 and says so; there is no newer one.
    """
    return _image(scope, "BuiltInImages", BUILT_IN, _uris(BUILT_IN, ""))


def _image(
    scope: Construct, mapping: str, framework: _Framework, images: dict[str, str], digest: str = ""
) -> TrainingImage:
    """With no region set, a mapping of all of them:
    CloudFormation knows the region only when it deploys.
    """
    stack = cdk.Stack.of(scope)
    repository, tag = next(iter(images.values())).split("/", 1)[1].split(":")
    chosen = f"@{digest}" if digest else f":{tag}"
    if cdk.Token.is_unresolved(stack.region):
        rows = {region: {"account": _account(uri)} for region, uri in images.items()}
        account = cdk.CfnMapping(scope, mapping, mapping=rows).find_in_map(stack.region, "account")
    elif stack.region in images:
        account = _account(images[stack.region])
    else:
        raise SettingsError(
            f"SageMaker has no {framework.called} image in `region` {stack.region!r}; choose"
            " another."
        )
    return TrainingImage(
        uri=f"{account}.dkr.ecr.{stack.region}.{stack.url_suffix}/{repository}{chosen}",
        repository_arn=stack.format_arn(
            service="ecr", resource="repository", resource_name=repository, account=account
        ),
    )


def uris(instance_type: str) -> dict[str, str]:
    """Region → image of our own jobs."""
    return _uris(OURS, instance_type)


def _uris(framework: _Framework, instance_type: str) -> dict[str, str]:
    """Region → image, as the SDK resolves it.
    Kept in .build/, as importing the SDK takes seconds (decision 0002).
    """
    sdk = metadata.version("sagemaker-core")
    which = "-".join(part for part in (framework.name, framework.version, instance_type) if part)
    kept = ROOT / ".build" / f"images-{which}-sagemaker-core-{sdk}.json"
    if not kept.is_file():
        kept.parent.mkdir(exist_ok=True)
        draft = kept.with_suffix(".draft")
        draft.write_text(json.dumps(_ask_the_sdk(framework, instance_type), indent=1))
        draft.replace(kept)
    found: dict[str, str] = json.loads(kept.read_text())
    return found


def _ask_the_sdk(framework: _Framework, instance_type: str) -> dict[str, str]:
    from sagemaker.core import image_uris

    known = image_uris.config_for_framework(framework.name)
    versions = (known.get("training") or known)["versions"]
    return {
        region: image_uris.retrieve(
            framework.name,
            region,
            version=framework.version,
            instance_type=instance_type or None,
            image_scope="training",
        )
        for region in versions[framework.version]["registries"]
    }


def _account(uri: str) -> str:
    return re.split(r"[./]", uri)[0]
