"""Does the registry of the local cloud keep, change, tell and refuse what SageMaker's would?"""

import json
from typing import Any

import botocore.exceptions
import pytest

from tests.local.account import Aws, unique, until

EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        }
    ],
}


def group(aws: Aws) -> str:
    name = unique("group")
    aws.sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def version(aws: Aws, name: str, **more: Any) -> str:
    source = {"S3Uri": "s3://b/m.onnx", "S3DataType": "S3Object", "CompressionType": "None"}
    container = {"Image": "an/image:1", "ModelDataSource": {"S3DataSource": source}}
    arn: str = aws.sagemaker.create_model_package(
        ModelPackageGroupName=name,
        ModelPackageDescription="Release 7 – of “trash”",
        InferenceSpecification={"Containers": [container]},
        CustomerMetadataProperties={"epoch": "7"},
        **more,
    )["ModelPackageArn"]
    return arn


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Message"])


def test_versions_are_numbered_and_wait_until_they_are_approved(aws: Aws) -> None:
    name = group(aws)
    first, second = version(aws, name), version(aws, name, ModelApprovalStatus="Approved")
    assert first.endswith(f":model-package/{name}/1")
    found = aws.sagemaker.describe_model_package(ModelPackageName=first)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["CustomerMetadataProperties"] == {"epoch": "7"}
    listed = aws.sagemaker.list_model_packages(ModelPackageGroupName=name, MaxResults=1)
    assert [one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]] == [second]
    rest = aws.sagemaker.list_model_packages(
        ModelPackageGroupName=name, MaxResults=1, NextToken=listed["NextToken"]
    )
    assert [one["ModelPackageVersion"] for one in rest["ModelPackageSummaryList"]] == [1]
    assert "NextToken" not in rest


def test_the_same_client_token_makes_one_version(aws: Aws) -> None:
    name = group(aws)
    token = unique("t")[:36]
    made = {version(aws, name, ClientToken=token) for _ in range(3)}
    assert len(made) == 1


def test_changes_are_told_with_what_changed_and_by_whom(aws: Aws) -> None:
    name, (url, queue) = group(aws), aws.queue(EVERYBODY)
    pattern = {"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": [name]}}
    aws.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue}])
    arn = version(aws, name)
    role = aws.role("sagemaker:UpdateModelPackage", trusts={"AWS": "*"})
    person = aws.as_role(role, "sagemaker")
    person.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="looks good"
    )
    stage = {"Stage": "Production", "StageStatus": "Proven"}
    aws.sagemaker.update_model_package(ModelPackageArn=arn, ModelLifeCycle=stage)
    aws.sagemaker.update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"seen": "yes"}
    )

    told: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        told.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
        return told

    until(read, lambda found: len(found) == 4)
    details = [event["detail"] for event in told]
    changed = [detail.get("UpdatedModelPackageFields", ["made"]) for detail in details]
    assert sorted(changed) == [
        ["CustomerMetadataProperties"],
        ["ModelApprovalStatus", "ApprovalDescription"],
        ["ModelLifeCycle"],
        ["made"],
    ]
    assert {event["detail-type"] for event in told} == {"SageMaker Model Package State Change"}
    approved = details[changed.index(["ModelApprovalStatus", "ApprovalDescription"])]
    assert approved["ModelApprovalStatus"] == "Approved"
    who = approved["LastModifiedBy"]["IamIdentity"]["Arn"]
    assert f"assumed-role/{role.rpartition('/')[2]}" in who
    found = aws.sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelLifeCycle"], found["CustomerMetadataProperties"]) == (
        stage,
        {"epoch": "7", "seen": "yes"},
    )


def test_what_the_api_does_not_take_is_refused(aws: Aws) -> None:
    name = group(aws)
    sagemaker = aws.sagemaker
    assert "already exists" in refused(
        sagemaker.create_model_package_group, ModelPackageGroupName=name
    )
    assert "does not exist" in refused(
        sagemaker.create_model_package, ModelPackageGroupName="nobody"
    )
    arn = version(aws, name)
    assert "enum value set" in refused(
        sagemaker.update_model_package, ModelPackageArn=arn, ModelApprovalStatus="Fine"
    )
    assert "at most 256" in refused(
        sagemaker.update_model_package,
        ModelPackageArn=arn,
        CustomerMetadataProperties={"a": "x" * 257},
    )
    assert "contains Model Packages" in refused(
        sagemaker.delete_model_package_group, ModelPackageGroupName=name
    )
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def test_a_role_reaches_the_versions_it_is_given_and_no_others(aws: Aws) -> None:
    own, other = group(aws), group(aws)
    mine = aws.role(
        "sagemaker:DescribeModelPackage",
        "sagemaker:CreateModelPackage",
        trusts={"AWS": "*"},
        resource=f"arn:aws:sagemaker:*:*:model-package*/{own}*",
    )
    client = aws.as_role(mine, "sagemaker")
    ours, theirs = version(aws, own), version(aws, other)
    assert client.describe_model_package(ModelPackageName=ours)["ModelPackageVersion"] == 1
    assert "not authorized" in refused(client.describe_model_package, ModelPackageName=theirs)
    assert "not authorized" in refused(
        client.create_model_package, ModelPackageGroupName=other, ModelPackageDescription="no"
    )
    assert "not authorized" in refused(
        client.update_model_package, ModelPackageArn=ours, ModelApprovalStatus="Approved"
    )


# Lineage


def artifact(aws: Aws, uri: str) -> str:
    made: str = aws.sagemaker.create_artifact(
        ArtifactName="a", ArtifactType="Anything", Source={"SourceUri": uri}
    )["ArtifactArn"]
    return made


def test_an_address_has_one_artifact_and_two_have_one_association(aws: Aws) -> None:
    uris = [f"s3://{unique('b')}/x" for _ in range(3)]
    first, second, third = (artifact(aws, uri) for uri in uris)
    with pytest.raises(botocore.exceptions.ClientError, match="exists"):
        artifact(aws, uris[0])
    [listed] = aws.sagemaker.list_artifacts(SourceUri=uris[0])["ArtifactSummaries"]
    assert listed["ArtifactArn"] == first
    for source, destination in ((first, second), (second, third)):
        pair = {"SourceArn": source, "DestinationArn": destination}
        aws.sagemaker.add_association(**pair, AssociationType="ContributedTo")
        assert "exists already" in refused(aws.sagemaker.add_association, **pair)
        [found] = aws.sagemaker.list_associations(**pair)["AssociationSummaries"]
        assert found["AssociationType"] == "ContributedTo"
    up = aws.sagemaker.query_lineage(StartArns=[third], Direction="Ascendants")
    assert [vertex["Arn"] for vertex in up["Vertices"]] == [second, first]
    down = aws.sagemaker.query_lineage(StartArns=[first], Direction="Descendants")
    assert [vertex["Arn"] for vertex in down["Vertices"]] == [second, third]
    assert len(down["Edges"]) == 2
    gone = first[:-3] + "abc"
    missing = {"SourceArn": gone, "DestinationArn": third}
    assert "does not exist" in refused(aws.sagemaker.add_association, **missing)


def test_only_training_jobs_are_trial_components(aws: Aws) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="not found"):
        aws.sagemaker.describe_trial_component(TrialComponentName="nobody-aws-training-job")
