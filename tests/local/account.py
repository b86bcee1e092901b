"""What do the tests need of an AWS account?
Clients, and the few things that nearly every one of them makes.
"""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import boto3

from local.cloud import LocalCloud

T = TypeVar("T")


@dataclass(frozen=True)
class Aws:
    """An attribute is the client of that service: `aws.s3`, `aws.lambda_`."""

    cloud: LocalCloud

    def __getattr__(self, service: str) -> Any:
        return _client(self.cloud, service.replace("_", "-"))

    def as_role(self, role_arn: str, service: str) -> Any:
        session = self.sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return self._as(service, session, session["SessionToken"])

    def user(self, service: str, *actions: str) -> tuple[str, Any]:
        """The ARN of one who may do exactly these actions, and what they do them with."""
        name = unique("user")
        arn: str = self.iam.create_user(UserName=name)["User"]["Arn"]
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        return arn, self._as(service, self.iam.create_access_key(UserName=name)["AccessKey"])

    def _as(self, service: str, keys: Any, token: str | None = None) -> Any:
        make: Any = boto3.client  # the name is a variable
        return make(
            service,
            endpoint_url=self.cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=token,
        )

    def role(
        self,
        *actions: str,
        trusts: Any = None,
        resource: str = "*",
        when: Any = None,
        operator: str = "StringEquals",
    ) -> str:
        """A role that may do exactly these actions."""
        name = unique("role")
        principal = trusts or {
            "Service": ["lambda.amazonaws.com", "states.amazonaws.com", "sagemaker.amazonaws.com"]
        }
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        arn: str = self.iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        if actions:
            allow: Any = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
            if when:
                allow["Condition"] = {operator: when}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return arn

    def table(self, name: str = "") -> str:
        name = name or unique("table")
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def bucket(self) -> str:
        name = unique("bucket")
        self.s3.create_bucket(Bucket=name)
        return name

    def function(self, body: str, role: str = "", name: str = "", **options: Any) -> str:
        """The ARN of a Python function; `body` is the module that defines `handler`."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("index.py", body)
        arn: str = self.lambda_.create_function(
            FunctionName=name or unique("function"),
            Runtime="python3.13",
            Handler="index.handler",
            Role=role or self.role(),
            Code={"ZipFile": archive.getvalue()},
            Timeout=20,
            **options,
        )["FunctionArn"]
        return arn

    def queue(self, policy: dict[str, Any] | None = None) -> tuple[str, str]:
        """(url, ARN)"""
        attributes = {"Policy": json.dumps(policy)} if policy else {}
        url = self.sqs.create_queue(QueueName=unique("queue"), Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        return url, arn

    def waiting(self, queue_url: str) -> int:
        """How many messages a queue holds, those being read included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)[
            "Attributes"
        ]
        return sum(int(counts[name]) for name in names)

    def machine(self, states: dict[str, Any], role: str = "", **top: Any) -> str:
        definition = {"StartAt": next(iter(states)), "States": states, **top}
        arn: str = self.stepfunctions.create_state_machine(
            name=unique("machine"),
            roleArn=role or self.role("*"),
            definition=json.dumps(definition),
        )["stateMachineArn"]
        return arn

    def run(self, states: dict[str, Any], role: str = "", **top: Any) -> dict[str, Any]:
        """Runs a state machine once; how the execution ended."""
        started = self.stepfunctions.start_execution(
            stateMachineArn=self.machine(states, role, **top)
        )
        return self.ended(started["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        return until(
            lambda: self.stepfunctions.describe_execution(executionArn=execution),
            lambda d: d["status"] != "RUNNING",
        )

    def stack(self, kind: str, properties: dict[str, Any]) -> str:
        """Has CloudFormation make one resource; its physical id."""
        name = unique("stack")
        template = json.dumps({"Resources": {"It": {"Type": kind, "Properties": properties}}})
        self.cloudformation.create_stack(StackName=name, TemplateBody=template)
        done = until(
            lambda: self.cloudformation.describe_stacks(StackName=name)["Stacks"][0],
            lambda stack: not stack["StackStatus"].endswith("IN_PROGRESS"),
        )
        assert done["StackStatus"] == "CREATE_COMPLETE"
        resource = self.cloudformation.describe_stack_resource(
            StackName=name, LogicalResourceId="It"
        )
        physical: str = resource["StackResourceDetail"]["PhysicalResourceId"]
        return physical


@cache
def _client(cloud: LocalCloud, service: str) -> Any:
    return cloud.client(service.rstrip("-"))


def unique(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def until(
    look: Callable[[], T], good: Callable[[T], bool], seconds: float = 20, pause: float = 0.1
) -> T:
    """The first good answer, or the last one when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if good(answer) or time.monotonic() > deadline:
            return answer
        time.sleep(pause)


def request(aws: Aws, program: str, bucket: str, **changes: Any) -> dict[str, Any]:
    """What trains with a program that lies in the bucket and comes as the channel `program`."""
    aws.s3.put_object(Bucket=bucket, Key="programs/program.py", Body=program.encode())
    channels = [channel("program", f"s3://{bucket}/programs/"), *changes.pop("InputDataConfig", [])]
    return {
        "TrainingJobName": unique("deeplens"),
        "RoleArn": aws.role("s3:*", "logs:*"),
        "AlgorithmSpecification": {
            "TrainingImage": "an/image:1",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "/opt/ml/input/data/program/program.py"],
            "MetricDefinitions": [{"Name": "test:accuracy", "Regex": "accuracy=([0-9.]+)"}],
        },
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/training/"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}
