"""With SageMaker's own algorithm: may its container do more than it must, and is it refused where
it cannot run?
"""

import pytest

from lensloop.wire.errors import SettingsError
from tests.stacks.synthesized import Synthesized, flat, synthesize


@pytest.fixture(scope="module")
def by_the_built_in(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(
        tmp_path_factory.mktemp("built-in"), algorithm="image-classification", region="eu-central-1"
    )


def _may(app: Synthesized, role: str, action: str) -> set[str]:
    """The resources that a role may do it to, without what comes before the bucket's name."""
    found = set()
    for policy in app.resources("AWS::IAM::Policy"):
        if role not in flat(policy.properties["Roles"]):
            continue
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            if action in (actions if isinstance(actions, list) else [actions]):
                resources = statement["Resource"]
                for one in resources if isinstance(resources, list) else [resources]:
                    found.add(flat(one).rpartition("/")[0].rpartition("}")[2].strip("/"))
    return found


def test_its_container_reaches_copies_and_what_it_wrote_and_no_picture_as_uploaded(
    by_the_built_in: Synthesized,
) -> None:
    assert _may(by_the_built_in, "TrainingBuiltInRole", "s3:GetObject") == {"datasets", "training"}
    assert _may(by_the_built_in, "TrainingBuiltInRole", "s3:PutObject") == {"training"}


def test_the_step_that_copies_ships_with_a_decoder(by_the_built_in: Synthesized) -> None:
    [copy] = [
        function.properties
        for function in by_the_built_in.resources("AWS::Lambda::Function")
        if function.properties["Handler"] == "lambdas.copy_pictures.handler"
    ]
    assert copy["FunctionName"] == "deeplens-trash-copy-pictures"
    asset = by_the_built_in.folder / f"asset.{copy['Code']['S3Key'].removesuffix('.zip')}"
    assert (asset / "vendor" / "PIL").is_dir()
    assert (asset / "lambdas" / "copy_pictures.py").is_file()


def test_without_it_nothing_of_it_is_deployed(shipped: Synthesized) -> None:
    deployed = {f.properties["Handler"] for f in shipped.resources("AWS::Lambda::Function")}
    assert "lambdas.copy_pictures.handler" not in deployed
    assert not [r for r in shipped.resources("AWS::IAM::Role") if "BuiltIn" in r.name]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"training_instance_type": "ml.m5.xlarge"}, "on ml.g4dn and ml.g5 only"),
        ({"region": "mx-central-1"}, "no built-in image classification image in `region`"),
    ],
)
def test_what_it_does_not_run_on_is_said_at_synthesis(
    chosen: dict[str, str], sentence: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"algorithm": "image-classification", "region": "eu-central-1"} | chosen
    with pytest.raises(SettingsError, match=sentence):
        synthesize(tmp_path_factory.mktemp("refused"), **settings)
