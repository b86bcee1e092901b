"""May Ground Truth read anything only where somebody asked for it, and as little as it needs?"""

from pathlib import Path

import pytest

from tests.stacks.permissions import unlimited_writes
from tests.stacks.synthesized import Synthesized, flat, synthesize


@pytest.fixture(scope="module")
def labelling(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    folder: Path = tmp_path_factory.mktemp("labelling")
    return synthesize(folder, labeling_jobs="true")


def test_off_by_default_and_then_nothing_of_it_exists(shipped: Synthesized) -> None:
    functions = [one.name for one in shipped.resources("AWS::Lambda::Function")]
    assert not [name for name in functions if name.startswith("TakeLabels")]
    roles = [one.properties.get("RoleName", "") for one in shipped.resources("AWS::IAM::Role")]
    assert not [name for name in roles if str(name).endswith("-labeling")]
    (bucket,) = shipped.resources("AWS::S3::Bucket")
    assert "CorsConfiguration" not in bucket.properties


def may(app: Synthesized, role: str) -> dict[str, list[str]]:
    return {
        action: sorted(flat(resource).rpartition(":")[2].rpartition("/")[0] for resource in all_of)
        for statement in app.statements()
        if statement.where.split("/")[1].startswith(role)
        for action in statement.all_of("Action")
        for all_of in [statement.all_of("Resource")]
        if not action.startswith(("logs:", "sts:"))
    }


def test_a_job_reads_what_is_to_be_labelled_and_writes_its_own_folder(
    labelling: Synthesized,
) -> None:
    found = may(labelling, "LabelingDefaultPolicy")
    actions = {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"}
    assert set(found) == actions
    assert unlimited_writes(labelling) == []
    assert [one.rpartition("/")[2] for one in found["s3:PutObject"]] == ["labeling"]
    read = sorted(one.rpartition("/")[2] for one in found["s3:GetObject"])
    assert read == ["labeling", "review", "unlabelled"]


def test_what_takes_the_labels_in_writes_pictures_its_note_and_the_record(
    labelling: Synthesized,
) -> None:
    written = may(labelling, "TakeLabels")["s3:PutObject"]
    assert len(written) == 3
    for end, place in zip(("images", "imports/pictures", "labeling"), written, strict=True):
        assert place.endswith(f"/{end}")


def test_only_a_job_of_this_account_and_project_gets_the_role(labelling: Synthesized) -> None:
    (role,) = [
        one
        for one in labelling.resources("AWS::IAM::Role")
        if str(one.properties.get("RoleName", "")).endswith("-labeling")
    ]
    (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    assert ":labeling-job/deeplens-" in flat(statement["Condition"]["ArnLike"]["aws:SourceArn"])


def test_what_has_ended_is_heard_of_for_this_projects_jobs_alone(labelling: Synthesized) -> None:
    (rule,) = [
        one
        for one in labelling.resources("AWS::Events::Rule")
        if str(one.properties["Name"]).endswith("-labels-given")
    ]
    pattern = rule.properties["EventPattern"]
    assert pattern["detail"] == {"LabelingJobStatus": ["Completed", "Stopped"]}
    (only,) = pattern["resources"]
    assert flat(only["prefix"]).endswith(":labeling-job/deeplens-trash-")
