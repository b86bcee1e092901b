"""What do others' rules say of the templates? AWS Solutions (cdk-nag) and CDK's own checks of CloudFormation."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks

import app
from tests.stacks.synthesized import context

# Rule → why it does not bind us. IAM5 asks for a reason for each wildcard; test_least_privilege.py gives them.
EXCEPTIONS = {
    "AwsSolutions-S1": "Access logs need a second bucket for everybody; who wants them turns on CloudTrail data events.",
    "AwsSolutions-L1": "Python 3.13 is supported until 2029, and Pillow's wheel is for it; the newest is not needed.",
    "AwsSolutions-SF1": "Workflows log errors; all events would copy people's data into logs for no question asked.",
    "AwsSolutions-SF2": "X-Ray adds a wildcard grant and cost; every step is in the execution's history already.",
}


def test_every_rule_of_aws_solutions_is_kept_or_has_a_reason(tmp_path: Path) -> None:
    cloud = cdk.App(context=context(), outdir=str(tmp_path))
    app.compose(cloud)
    Validations.of(cloud).add_plugins(AwsSolutionsChecks(cloud))
    try:
        cloud.synth()
    except Exception as e:
        print(e)
    report = json.loads((tmp_path / "validation-report.json").read_text())
    print(json.dumps(report)[:6000])
    assert 0
