"""What code ships? One allow-listed asset for the functions, one for the training job; Pillow only
where it is used.
"""

import shutil
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.assets import packages as vendor

ROOT = Path(__file__).parents[2]
LAMBDA_PYTHON = "3.13"


def _only(*folders: str) -> list[str]:
    """Everything else in the repository stays out: an allow-list cannot leak a file that somebody
    adds.
    """
    return ["/*", *(f"!/{folder}" for folder in folders), "__pycache__", "*.pyc"]


def functions_code() -> lambda_.Code:
    return lambda_.Code.from_asset(
        str(ROOT), exclude=_only("lambdas", "lensloop"), ignore_mode=cdk.IgnoreMode.GIT
    )


def functions_code_with_pillow() -> lambda_.Code:
    """The same code with Pillow for Lambda under vendor/ (the handler looks there last, so a local
    Pillow wins).
    """
    return lambda_.Code.from_asset(
        str(ROOT),
        # vendor/ is named so that it counts in the hash; without it this would be the other asset.
        exclude=_only("lambdas", "lensloop", "vendor"),
        ignore_mode=cdk.IgnoreMode.GIT,
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("never-used"), local=_WithPillow()
        ),
    )


def training_code(scope: Construct) -> assets.Asset:
    return assets.Asset(
        scope,
        "TrainingCode",
        path=str(ROOT),
        exclude=_only("training", "lensloop"),
        ignore_mode=cdk.IgnoreMode.GIT,
    )


@jsii.implements(cdk.ILocalBundling)
class _WithPillow:
    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        pillow = vendor.unpacked(ROOT, "pillow", LAMBDA_PYTHON)
        for source, name in (
            (ROOT / "lambdas", "lambdas"),
            (ROOT / "lensloop", "lensloop"),
            (pillow, "vendor"),
        ):
            shutil.copytree(
                source,
                Path(output_dir, name),
                ignore=shutil.ignore_patterns("__pycache__", "*.pyc"),
            )
        return True
