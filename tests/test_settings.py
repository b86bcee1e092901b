"""Is every mistake in a setting answered with a sentence, and is what was meant read?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lensloop.settings import Settings, _setting
from lensloop.wire import names
from lensloop.wire.errors import SettingsError
from tools.settings_page import page

ROOT = Path(__file__).parents[1]

MISTAKES: list[tuple[dict[str, Any], str]] = [
    (
        {"project": "Trash"},
        "`project` is 'Trash'; it must be 2 to 16 lower-case letters and digits, a letter first.",
    ),
    ({"project": "a-b"}, "`project` is 'a-b'; it must be 2 to 16"),
    ({"project": "x" * 17}, "it must be 2 to 16"),
    ({"project": ""}, "`project` is ''; it must be 2 to 16"),
    ({"project": 7}, "`project` is 7; it must be text."),
    ({"stage": "production"}, "`stage` is 'production'; it must be empty, or 1 to 8"),
    ({"stage": "r2"}, "`stage` is 'r2'; it must be empty, or 1 to 8"),
    (
        {"region": "Frankfurt"},
        "`region` is 'Frankfurt'; it must be empty, or a region such as `eu-central-1`.",
    ),
    ({"notify_email": "me"}, "`notify_email` is 'me'; it must be empty, or an e-mail address."),
    (
        {"golden_set_writer": "arn:aws:sts::111122223333:assumed-role/curator/me"},
        "it must be empty, or `arn:aws:iam::<account>:role/<name>` or `…:user/<name>`.",
    ),
    (
        {"training_instance_type": "m5.xlarge"},
        "it must be empty, or SageMaker instance types such as `ml.m5.xlarge, ml.m6i.xlarge`.",
    ),
    (
        {"training_instance_type": "ml.m5.xlarge ml.m6i.xlarge"},
        "it must be empty, or SageMaker instance types such as",
    ),
    (
        {"warm_pool_minutes": 10},
        "`warm_pool_minutes` keeps machines, which SageMaker does not do on spot capacity; set"
        " `training_spot` to false, or `warm_pool_minutes` to 0.",
    ),
    (
        {"warm_pool_minutes": 61, "training_spot": False},
        "`warm_pool_minutes` is 61; it must lie between 0 and 60.",
    ),
    (
        {"algorithm": "magic"},
        "`algorithm` is 'magic'; it must be `head`, `finetune` or `image-classification`.",
    ),
    ({"training_spot": "perhaps"}, "`training_spot` is 'perhaps'; it must be true or false."),
    ({"quiet_seconds": "soon"}, "`quiet_seconds` is 'soon'; it must be a whole number."),
    ({"quiet_seconds": 1.5}, "`quiet_seconds` is 1.5; it must be a whole number."),
    ({"quiet_seconds": True}, "`quiet_seconds` is True; it must be a whole number."),
    ({"quiet_seconds": -1}, "`quiet_seconds` is -1; it must lie between 6 and 3600."),
    ({"quiet_seconds": float("nan")}, "it must be a whole number."),
    ({"min_recall": 60}, "`min_recall` is 60; it must lie between 0 and 1."),
    ({"min_recall": "NaN"}, "`min_recall` is 'NaN'; it must be a number."),
    ({"log_retention_days": 91}, "`log_retention_days` is 91; it must be one of 1, 3, 5, 7,"),
    (
        {"max_wait_seconds": 60},
        "`max_wait_seconds` is below `quiet_seconds`; it must be at least as long.",
    ),
    (
        {"github_repository": "lensloop"},
        "`github_repository` is 'lensloop'; it must be empty, `owner/name`, or `owner@id/name@id`.",
    ),
    (
        {"github_repository": "someone@1/lensloop"},
        "`github_repository` is 'someone@1/lensloop'; it must be",
    ),
    (
        {"github_repository": "some*@1/lensloop@2"},
        "`github_repository` is 'some*@1/lensloop@2'; it must be",
    ),
    ({"quite_seconds": 60}, "`quite_seconds` is not a setting; did you mean `quiet_seconds`?"),
    ({"minAccuracy": 0.9}, "`minAccuracy` is not a setting; did you mean `min_accuracy`?"),
    ({"min-accuracy": 0.9}, "`min-accuracy` is not a setting; did you mean `min_accuracy`?"),
    ({"email": "a@b.example"}, "`email` is not a setting; did you mean `notify_email`?"),
    ({"min_acc": 0.9}, "`min_acc` is not a setting; did you mean `min_accuracy`?"),
    (
        {"timeout": 9},
        "did you mean `canary_timeout_minutes` or `fleet_timeout_minutes`?",
    ),
    ({"tags": "a"}, "`tags` is not a setting; the settings are project, stage,"),
    (
        {"notify_mail": "a@b.example"},
        "`notify_mail` is not a setting; did you mean `notify_email`?",
    ),
    ({"Stage": "dev"}, "`Stage` is not a setting; did you mean `stage`?"),
    ({"spot_training": True}, "`spot_training` is not a setting; did you mean `training_spot`?"),
    ({"instance_type": "x"}, "is not a setting; did you mean `training_instance_type`?"),
]


@pytest.mark.parametrize(("given", "sentence"), MISTAKES)
def test_each_mistake_gets_a_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_context(given)
    assert sentence in str(caught.value)


def test_all_mistakes_are_named_at_once_each_in_its_line() -> None:
    given = {"colour": "blue", "min_recall": 60, "max_wait_seconds": 60, "project": 7}
    with pytest.raises(SettingsError) as caught:
        Settings.from_context(given)
    unknown, *others = str(caught.value).splitlines()
    assert unknown.startswith("`colour` is not a setting; the settings are project, stage,")
    assert others == [
        "`min_recall` is 60; it must lie between 0 and 1.",
        "`project` is 7; it must be text.",
        "`max_wait_seconds` is below `quiet_seconds`; it must be at least as long.",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", "us-isof-south-1"),
        ("notify_email", "somebody@example.org"),
        ("algorithm", "head"),
        ("training_instance_type", "ml.g4dn.xlarge"),
        ("training_instance_type", "ml.m5.xlarge,ml.m6i.xlarge, ml.c5.2xlarge"),
        ("github_repository", "some-one/lens.loop"),
        ("github_repository", "someone@1/lensloop@2"),
        ("canary_timeout_minutes", 1),
        ("canary_timeout_minutes", 10080),
        ("max_wait_seconds", 120),  # as long as it must be quiet
        ("github_provider_exists", "True"),
        ("golden_set_writer", "arn:aws-cn:iam::111122223333:role/aws-reserved/sso/curator"),
        ("log_retention_days", 3653),
    ],
)
def test_what_is_allowed_is_taken(name: str, value: object) -> None:
    expected = True if value == "True" else value
    assert getattr(Settings.from_context({name: value}), name) == expected


def test_machines_are_kept_warm_where_they_are_not_on_spot_capacity() -> None:
    read = Settings.from_context({"warm_pool_minutes": 60, "training_spot": False})
    assert read.warm_pool_minutes == 60


def test_context_that_is_not_ours_is_passed_over_and_what_follows_is_read() -> None:
    others = {"aws:cdk": 1, "@aws-cdk/core": 2, "training_platform": "linux/amd64"}
    assert Settings.from_context({**others, "project": "cats"}) == Settings(project="cats")


def test_cdk_json_lists_every_setting_with_its_default() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    defaults = asdict(Settings())
    assert {name: context.get(name) for name in defaults} == defaults


def test_the_page_of_settings_is_up_to_date() -> None:
    hint = "run: python -m tools.settings_page > docs/settings.md"
    assert (ROOT / "docs" / "settings.md").read_text() == page(), hint


def test_a_setting_keeps_its_limits_beside_its_default() -> None:
    """The settings themselves are made at import, where no mutant reaches."""
    none = {"low": None, "high": None, "pattern": "", "form": "", "choices": ()}
    limits: dict[str, Any] = {
        "low": 1,
        "high": 9,
        "pattern": "[1-9]",
        "form": "a digit",
        "choices": (3, 7),
    }
    made, free = _setting(7, "What for.", **limits), _setting(7, "What for.")
    assert (made.default, made.metadata) == (7, {"meaning": "What for.", **limits})
    assert free.metadata == {"meaning": "What for.", **none}


def test_text_from_the_command_line_is_read_as_the_settings_type() -> None:
    given = {"quiet_seconds": "30", "training_spot": "False", "min_recall": "0.25", "stage": "dev"}
    read = Settings.from_context(given)
    assert (read.quiet_seconds, read.training_spot, read.min_recall, read.stage) == (
        30,
        False,
        0.25,
        "dev",
    )


def test_settings_survive_the_way_into_a_function() -> None:
    chosen = Settings(project="cats", min_recall=0.25, training_spot=False)
    assert Settings.from_json(chosen.to_json()) == chosen


REGIONS = ("us-east-1", "ap-southeast-1", "us-gov-west-1", "us-isof-south-1", "eusc-de-east-1")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("project", "stage"), [("ab", ""), ("a" * 16, "b" * 8), ("z9", "dev")])
def test_every_accepted_name_is_a_bucket_that_deeplens_roles_reach(
    project: str, stage: str, region: str
) -> None:
    Settings.from_context({"project": project, "stage": stage, "region": region})
    bucket = names.bucket(project, stage, "123456789012", region)
    assert bucket.startswith("deeplens-")
    assert len(bucket) <= 63


def test_no_longer_project_or_stage_is_accepted() -> None:
    for mistake in ({"project": "a" * 17}, {"stage": "b" * 9}):
        with pytest.raises(SettingsError):
            Settings.from_context(mistake)
