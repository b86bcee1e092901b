"""What code ships? One allow-listed asset for the functions, one for the training job; Pillow only
where it is used.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.assets import packages
from stacks.assets.training_files import TRAINING

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("lambdas", "lensloop")
# What the pages are made with. Both work on any Python, so that they may lie beside our own code.
PAGES = ("jinja2", "markupsafe")
VENDOR = "vendor"


def _only(ours: Iterable[str]) -> list[str]:
    """Folders, and files in folders. Everything else in the repository stays out: an allow-list
    cannot leak a file that somebody adds.
    """
    rules = ["/*"]
    for each in ours:
        folder, slash, _ = each.rpartition("/")
        if slash and f"!/{folder}" not in rules:
            rules += (f"!/{folder}", f"/{folder}/*")
        rules.append(f"!/{each}")
    return [*rules, "__pycache__", "*.pyc"]


def functions_code(scope: Construct, *, with_pillow: bool = False) -> lambda_.Code:
    """Pillow is for Lambda's Python alone: it is under vendor/, where the handler looks last, so
    that a local Pillow wins.

    Raises PackagesError. What is missing is fetched here and not while the CDK bundles, from
    where an error would come out as a traceback of two languages.
    """
    pillow = {"pillow": VENDOR} if with_pillow else {}
    fetched: dict[Path, str] = {}
    if cdk.Stack.of(scope).bundling_required:
        for package, place in (dict.fromkeys(PAGES, "") | pillow).items():
            fetched[packages.unpacked(ROOT, package)] = place
    return lambda_.Code.from_asset(
        str(ROOT),
        # What is fetched is named, because only what is named counts in the asset's hash.
        exclude=_only((*FUNCTIONS, *PAGES, *pillow.values())),
        ignore_mode=cdk.IgnoreMode.GIT,
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("never-used"),
            local=_Together(fetched),
        ),
    )


def training_code(scope: Construct) -> assets.Asset:
    return assets.Asset(
        scope,
        "TrainingCode",
        path=str(ROOT),
        exclude=_only(TRAINING),
        ignore_mode=cdk.IgnoreMode.GIT,
    )


@jsii.implements(cdk.ILocalBundling)
class _Together:
    """Our folders, and each unpacked package in its place."""

    def __init__(self, fetched: dict[Path, str]) -> None:
        self._fetched = fetched

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        for folder in FUNCTIONS:
            _copy(ROOT / folder, Path(output_dir, folder))
        for package, place in self._fetched.items():
            _copy(package, Path(output_dir, place))
        return True


def _copy(source: Path, target: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc", ".lock")
    shutil.copytree(source, target, ignore=unwanted, dirs_exist_ok=True)
