"""What do others' rules say of the templates?
AWS Solutions and NIST 800-53 revision 5 (both cdk-nag), and CDK's own checks of CloudFormation.
"""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

import app
from tests.stacks.synthesized import Synthesized, context

# Rule → why we do not keep it.
EXCEPTIONS = {
    "AwsSolutions-IAM5": (
        "It dislikes every `*`; test_least_privilege.py lists each of ours with its reason."
    ),
    "AwsSolutions-S1": (
        "Access logs need a second bucket for everybody; whoever wants them turns on CloudTrail's."
    ),
    "AwsSolutions-L1": (
        "Python 3.13 has support until 2029, and Pillow ships for exactly it; newer is not better"
        " here."
    ),
    "AwsSolutions-SF1": (
        "Errors are logged; a log of all events would only repeat the history of every execution."
    ),
    "AwsSolutions-SF2": (
        "X-Ray would add a grant on all resources to see what an execution's history shows already."
    ),
    "NIST.800.53.R5-CloudWatchLogGroupEncrypted": (
        "CloudWatch encrypts every log with its own key; one of ours would cost $1 a month and"
        " have to be granted to the service. The logs hold no pictures and no secrets."
    ),
    "NIST.800.53.R5-IAMNoInlinePolicy": (
        "A policy that belongs to one role and goes with it cannot be attached to another by"
        " mistake; a managed one can."
    ),
    "NIST.800.53.R5-LambdaConcurrency": (
        "A new account may run 10 functions at once, and AWS lets nobody reserve any of these: the"
        " deployment would fail."
    ),
    "NIST.800.53.R5-LambdaDLQ": (
        "What calls our functions waits for their answer and tries again; the only events that"
        " could be lost are in a queue that has a dead-letter queue, and the sweep makes up for it."
    ),
    "NIST.800.53.R5-LambdaInsideVPC": (
        "They call AWS and nothing else. A VPC would need endpoints for six services, which cost"
        " more each hour than Lensloop in a month."
    ),
    "NIST.800.53.R5-S3BucketLoggingEnabled": "As AwsSolutions-S1.",
    "NIST.800.53.R5-S3BucketReplicationEnabled": (
        "Versions keep what is overwritten or deleted; a second region is for whoever needs it, and"
        " would double what pictures cost."
    ),
    "NIST.800.53.R5-S3DefaultEncryptionKMS": (
        "S3's own keys encrypt it. Nobody outside the account reads it, and a KMS key would be"
        " granted to every role and paid for with every picture."
    ),
    "NIST.800.53.R5-SNSEncryptedKMS": (
        "Messages go out as plain mail. With AWS' own key for SNS, alarms could not publish."
    ),
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Rule → the places where it is broken."""
    folder = tmp_path_factory.mktemp("rules")
    cloud = cdk.App(context=context(github_repository="someone/lensloop"), outdir=str(folder))
    app.compose(cloud)
    Validations.of(cloud).add_plugins(AwsSolutionsChecks(cloud), NIST80053R5Checks(cloud))
    with pytest.raises(
        Exception, match=r"AwsSolutions|NIST"
    ):  # under plain Python, findings are raised
        cloud.synth()
    return _by_rule(folder)


def _by_rule(folder: Path) -> dict[str, list[str]]:
    report: dict[str, Any] = json.loads((folder / "validation-report.json").read_text())
    found: dict[str, list[str]] = {}
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            places = [construct["constructPath"] for construct in violation["violatingConstructs"]]
            found.setdefault(violation["ruleName"].split("[")[0], []).extend(places)
    return found


def test_every_rule_is_kept_or_has_a_reason(
    findings: dict[str, list[str]],
) -> None:
    assert {rule: places for rule, places in findings.items() if rule not in EXCEPTIONS} == {}


def test_every_exception_is_still_needed(findings: dict[str, list[str]]) -> None:
    assert set(EXCEPTIONS) == set(findings)


def test_cdks_own_checks_of_cloudformation_are_on() -> None:
    assert context()["@aws-cdk/core:validateAgainstDefaultRules"] is True


@pytest.mark.parametrize("stack", ["storage", "fleet", "retraining", "delivery"])
def test_cloudformations_schemas_know_every_property(shipped: Synthesized, stack: str) -> None:
    template = (shipped.folder / f"deeplens-trash-{stack}.template.json").read_text()
    from cfnlint.api import lint  # seconds, which only this test is to take

    found = lint(template, config={"regions": ["us-east-1"]})
    assert [match.message for match in found if match.rule.severity == "error"] == []
