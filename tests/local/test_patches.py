"""Is each patch of the emulator still needed, and does it still do what AWS does?

Each probe asks both clouds the same question. The patched one must answer as AWS does; the emulator
as it comes must not: when a new version does, the patch can go.
"""

import functools
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.exceptions
import psutil
import pytest

from local.patches import PATCHES
from tests.local.account import Aws, unique, until

FAILING = "class Odd(Exception): pass\ndef handler(event, context): raise Odd('no')"
ECHO = "def handler(event, context): return event"
ONE_AT_A_TIME = threading.Lock()
EVERYBODY = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
}


def failures_carry_the_exception_class(aws: Aws) -> Any:
    answer = aws.lambda_.invoke(FunctionName=aws.function(FAILING))
    return json.loads(answer["Payload"].read())["errorType"]


def queues_are_read_in_windows_and_large_batches(aws: Aws) -> Any:
    """A window so long that no busy machine lets it pass between the two sendings; the twelfth
    message ends it.
    """
    counted, (url, arn) = aws.bucket(), aws.queue()
    role = aws.role("sqs:*", "s3:PutObject")
    count = (
        "import boto3, uuid\ndef handler(event, context):\n"
        f" boto3.client('s3').put_object(Bucket='{counted}', Key=str(len(event['Records'])) + '-' +"
        " str(uuid.uuid4()))"
    )
    aws.lambda_.create_event_source_mapping(
        FunctionName=aws.function(count, role),
        EventSourceArn=arn,
        BatchSize=12,
        MaximumBatchingWindowInSeconds=30,
    )
    for batch in range(2):
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(6)]
        aws.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        time.sleep(2 * (1 - batch))  # longer than a round of the emulator
    return until(lambda: _batches(aws, counted), lambda sizes: sum(sizes) >= 12)


def _batches(aws: Aws, bucket: str) -> list[int]:
    found = aws.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return [int(one["Key"].split("-")[0]) for one in found]


def idle_workers_are_all_given_back(aws: Aws) -> Any:
    """Asked inside the emulator:
    from outside one would have to wait for its round of every 30 seconds.
    """
    with ONE_AT_A_TIME:  # both clouds ask at once, and one answer serves both
        return _idle_workers_kept()[aws.cloud._patched]


@functools.cache
def _idle_workers_kept() -> list[str]:
    program = """
from ministack.core import lambda_runtime
def kept():
    lambda_runtime._workers["f"] = [lambda_runtime.Worker("f", {}, b"")]
    lambda_runtime._workers["f"][0].last_used = 0
    lambda_runtime.reap_idle_workers()
    return len(lambda_runtime._workers)
print(kept())
from local.patches import lambda_functions
lambda_functions.idle_workers_are_all_given_back()
print(kept())
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return answer.stdout.split()


def throttled_functions_have_their_error_name(aws: Aws) -> Any:
    function = aws.function(ECHO)
    aws.lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    return aws.run({"Call": {"Type": "Task", "Resource": function, "End": True}})["error"]


def nested_executions_have_their_error_names(aws: Aws) -> Any:
    inner = aws.machine({"End": {"Type": "Succeed"}})
    aws.ended(aws.stepfunctions.start_execution(stateMachineArn=inner, name="once")["executionArn"])
    request = {"StateMachineArn": inner, "Name": "once"}
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": request,
        "End": True,
    }
    return aws.run({"Start": start})["error"]


def starting_the_same_execution_again_is_no_error(aws: Aws) -> Any:
    machine = aws.machine({"Wait": {"Type": "Wait", "Seconds": 3, "End": True}})
    answers = []
    for data in ("{}", "{}", '{"other": 1}'):
        try:
            aws.stepfunctions.start_execution(stateMachineArn=machine, name="same", input=data)
            answers.append("started")
        except botocore.exceptions.ClientError as error:
            answers.append(error.response["Error"]["Code"])
    return answers


def state_machines_time_out(aws: Aws) -> Any:
    return aws.run({"Wait": {"Type": "Wait", "Seconds": 3, "End": True}}, TimeoutSeconds=1)[
        "status"
    ]


def ended_executions_stay_as_they_ended(aws: Aws) -> Any:
    slow = aws.function(
        "import time\ndef handler(event, context):\n time.sleep(1)\n raise ValueError('late')"
    )
    machine = aws.machine({"Call": {"Type": "Task", "Resource": slow, "End": True}})
    execution = aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
    time.sleep(0.5)
    aws.stepfunctions.stop_execution(executionArn=execution)
    time.sleep(2.5)
    return aws.stepfunctions.describe_execution(executionArn=execution)["status"]


def states_hold_no_more_than_256_kib(aws: Aws) -> Any:
    long = aws.function("def handler(event, context): return 'x' * event['length']")
    call = {"Type": "Task", "Resource": long, "End": True}
    ends = [
        aws.run({"Set": {"Type": "Pass", "Result": {"length": n}, "Next": "Call"}, "Call": call})
        for n in (262_000, 263_000)
    ]
    return [end.get("error", end["status"]) for end in ends]


def versions_stay_on_disk(aws: Aws) -> Any:
    """(whether the server grows by less than half of what is put,
    what each version and the object hold)
    """
    bucket, size, count = aws.bucket(), 12 << 20, 10
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    before = _memory(aws)
    for number in range(count):
        aws.s3.put_object(Bucket=bucket, Key=f"large-{number}", Body=bytes(size))
    grown = _memory(aws) - before
    versions = [
        aws.s3.put_object(Bucket=bucket, Key="a", Body=body)["VersionId"]
        for body in (b"old", b"new")
    ]
    aws.s3.delete_object(Bucket=bucket, Key="a")
    held = [
        aws.s3.get_object(Bucket=bucket, Key="a", VersionId=version)["Body"].read()
        for version in versions
    ]
    aws.s3.put_object(Bucket=bucket, Key="a", Body=b"newer")
    return grown < count * size / 2, [
        *held,
        aws.s3.get_object(Bucket=bucket, Key="a")["Body"].read(),
    ]


def _memory(aws: Aws) -> int:
    """What the server's process takes, in bytes."""
    assert aws.cloud._server is not None
    return int(psutil.Process(aws.cloud._server.pid).memory_info().rss)


def buckets_get_encryption_lifecycle_and_tags(aws: Aws) -> Any:
    sse = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}
    properties = {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [sse]},
        "LifecycleConfiguration": {
            "Rules": [{"Status": "Enabled", "Prefix": "work/", "ExpirationInDays": 7}]
        },
        "Tags": [{"Key": "project", "Value": "trash"}],
    }
    name = aws.stack("AWS::S3::Bucket", properties)
    try:
        encryption = aws.s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
            "Rules"
        ][0]
        lifecycle = aws.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
        tags = aws.s3.get_bucket_tagging(Bucket=name)["TagSet"]
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return encryption["BucketKeyEnabled"], lifecycle["Filter"], lifecycle["Expiration"], tags


def functions_get_reserved_concurrency_and_dead_letter_queue(aws: Aws) -> Any:
    properties = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": aws.role(),
        "Code": {"ZipFile": ECHO},
        "ReservedConcurrentExecutions": 1,
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:late"},
    }
    name = aws.stack("AWS::Lambda::Function", properties)
    reserved = aws.lambda_.get_function_concurrency(FunctionName=name).get(
        "ReservedConcurrentExecutions"
    )
    late = aws.lambda_.get_function_configuration(FunctionName=name).get("DeadLetterConfig")
    return reserved, late


def tables_get_recovery_and_time_to_live(aws: Aws) -> Any:
    properties = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
    }
    name = aws.stack("AWS::DynamoDB::Table", properties)
    backups = aws.dynamodb.describe_continuous_backups(TableName=name)[
        "ContinuousBackupsDescription"
    ]
    alive = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return (
        backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        alive["TimeToLiveStatus"],
    )


def a_minute_of_a_schedule_lasts_as_long_as_asked(aws: Aws) -> Any:
    url, arn = aws.queue({"Version": "2012-10-17", "Statement": [EVERYBODY | {"Resource": "*"}]})
    rule = unique("rule")
    aws.events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "it", "Arn": arn}])
    count = until(lambda: aws.waiting(url), lambda number: number > 1, seconds=3)
    aws.events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)", State="DISABLED")
    return count > 1


def targets_must_permit_eventbridge(aws: Aws) -> Any:
    allowed = {"Version": "2012-10-17", "Statement": [EVERYBODY | {"Resource": "*"}]}
    queues = [aws.queue(allowed), aws.queue()]
    functions = [aws.function(ECHO), aws.function(ECHO)]
    aws.lambda_.add_permission(
        FunctionName=functions[0],
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )
    rule = unique("rule")
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    targets = [arn for _, arn in queues] + functions
    aws.events.put_targets(
        Rule=rule, Targets=[{"Id": str(n), "Arn": arn} for n, arn in enumerate(targets)]
    )
    aws.events.put_events(Entries=[{"Source": rule, "DetailType": "t", "Detail": "{}"}])
    until(lambda: _was_run(aws, functions[0]), bool)
    time.sleep(0.5)
    return [bool(aws.waiting(url)) for url, _ in queues], [
        _was_run(aws, function) for function in functions
    ]


def _was_run(aws: Aws, function: str) -> bool:
    group = f"/aws/lambda/{function.rpartition(':')[2]}"
    return bool(aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])


def the_broker_asks_for_a_certificate(aws: Aws) -> Any:
    context = ssl.create_default_context(cafile=str(aws.cloud.ca_pem))
    context.check_hostname = False
    # where a refused client hears of it during the handshake
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", aws.cloud.mqtt_port), timeout=5) as plain:
        try:
            with context.wrap_socket(plain):
                return "served"
        except ssl.SSLError:
            return "refused"


def loopback_counts_as_tls(aws: Aws) -> Any:
    bucket = aws.bucket()
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
    }
    deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    aws.s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    writer = aws.as_role(aws.role("s3:PutObject", trusts={"AWS": "*"}), "s3")
    return _outcome(lambda: writer.put_object(Bucket=bucket, Key="a", Body=b"a"))


def state_machines_act_as_their_role(aws: Aws) -> Any:
    topic = aws.sns.create_topic(Name=unique("topic"))["TopicArn"]
    table = aws.table()
    tasks = {
        "sns:publish": {"TopicArn": topic, "Message": "m"},
        "lambda:invoke": {"FunctionName": aws.function(ECHO)},
        "aws-sdk:dynamodb:getItem": {"TableName": table, "Key": {"id": {"S": "a"}}},
    }
    nobody = aws.role()
    return [
        aws.run(
            {
                "Do": {
                    "Type": "Task",
                    "Resource": f"arn:aws:states:::{task}",
                    "Parameters": request,
                    "End": True,
                }
            },
            nobody,
        )["status"]
        for task, request in tasks.items()
    ]


def roles_are_passed_only_by_those_who_may(aws: Aws) -> Any:
    trusts = {"AWS": "*"}
    passed = aws.role()
    maker = aws.role("states:CreateStateMachine", "iot:CreateJob", trusts=trusts)
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    machine = {"name": unique("machine"), "roleArn": passed, "definition": definition}
    job = {
        "jobId": unique("job"),
        "targets": [aws.iot.create_thing(thingName=unique("thing"))["thingArn"]],
        "document": "{}",
        "presignedUrlConfig": {"roleArn": passed},
    }
    return [
        _outcome(lambda: aws.as_role(maker, "stepfunctions").create_state_machine(**machine)),
        _outcome(lambda: aws.as_role(maker, "iot").create_job(**job)),
    ]


def event_source_mappings_read_as_the_function(aws: Aws) -> Any:
    url, arn = aws.queue()
    aws.lambda_.create_event_source_mapping(FunctionName=aws.function(ECHO), EventSourceArn=arn)
    aws.sqs.send_message(QueueUrl=url, MessageBody="m")
    return until(lambda: aws.waiting(url), lambda count: count == 0, seconds=3)


def requests_to_kms_say_how_they_sign(aws: Aws) -> Any:
    made = aws.kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    how = {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    kms = aws.as_role(aws.role("kms:Sign", trusts={"AWS": "*"}, when=how), "kms")
    asked = {"KeyId": made["KeyMetadata"]["Arn"], "Message": bytes(32), "MessageType": "DIGEST"}
    return [
        _outcome(functools.partial(kms.sign, **asked, SigningAlgorithm=algorithm))
        for algorithm in ("RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256")
    ]


def requests_to_tables_say_which_item(aws: Aws) -> Any:
    """A function that has been taken over writes its own items and no other, alone or together."""
    table = aws.table()
    role = aws.role(
        "dynamodb:UpdateItem",
        trusts={"AWS": "*"},
        when={"dynamodb:LeadingKeys": "camera#*"},
        operator="ForAnyValue:StringLike",
    )
    taken_over = aws.as_role(role, "dynamodb")

    def write(*items: str) -> str:
        requests = [{"TableName": table, "Key": {"id": {"S": item}}} for item in items]
        if len(requests) == 1:
            return _outcome(functools.partial(taken_over.update_item, **requests[0]))
        updates = [
            {"Update": one | {"UpdateExpression": "SET a = :a"}} for one in _with_value(requests)
        ]
        return _outcome(functools.partial(taken_over.transact_write_items, TransactItems=updates))

    asked = (["camera#a"], ["live"], ["camera#a", "camera#b"], ["camera#a", "live"])
    return [write(*items) for items in asked]


def _with_value(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"ExpressionAttributeValues": {":a": {"S": "a"}}} for one in requests]


def writes_to_buckets_say_whether_they_replace(aws: Aws) -> Any:
    bucket = aws.bucket()
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
        "Condition": {
            "Null": {"s3:if-none-match": "true"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    writer = aws.as_role(aws.role("s3:PutObject", trusts={"AWS": "*"}), "s3")
    put = functools.partial(writer.put_object, Bucket=bucket, Key="a", Body=b"a")
    parts = functools.partial(writer.create_multipart_upload, Bucket=bucket, Key="b")
    once = functools.partial(put, IfNoneMatch="*")
    return [_outcome(call) for call in (put, once, once, parts)]


def sagemaker_exists(aws: Aws) -> Any:
    return _outcome(aws.sagemaker.list_training_jobs)


def state_machines_run_training_jobs(aws: Aws) -> Any:
    bucket = aws.bucket()
    request = {
        "TrainingJobName": unique("job"),
        "RoleArn": aws.role("s3:*", "logs:*"),
        "AlgorithmSpecification": {
            "TrainingImage": "any",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", "open('/opt/ml/model/m', 'w').write('x')"],
        },
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/training/"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    ended = aws.run(
        {"Train": {"Type": "Task", "Resource": resource, "Parameters": request, "End": True}}
    )
    if ended["status"] != "SUCCEEDED":
        return ended["status"]
    model = json.loads(ended["output"])["ModelArtifacts"]["S3ModelArtifacts"]
    return model == f"s3://{bucket}/training/{request['TrainingJobName']}/output/model.tar.gz"


def _outcome(call: Callable[[], Any]) -> str:
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"]).removesuffix("Exception")
    return "allowed"


# What AWS answers.
EXPECTED: dict[Callable[[Aws], Any], Any] = {
    sagemaker_exists: "allowed",
    failures_carry_the_exception_class: "Odd",
    queues_are_read_in_windows_and_large_batches: [12],
    idle_workers_are_all_given_back: "0",
    throttled_functions_have_their_error_name: "Lambda.TooManyRequestsException",
    nested_executions_have_their_error_names: "StepFunctions.ExecutionAlreadyExistsException",
    starting_the_same_execution_again_is_no_error: ["started", "started", "ExecutionAlreadyExists"],
    state_machines_time_out: "TIMED_OUT",
    ended_executions_stay_as_they_ended: "ABORTED",
    states_hold_no_more_than_256_kib: ["SUCCEEDED", "States.DataLimitExceeded"],
    versions_stay_on_disk: (True, [b"old", b"new", b"newer"]),
    buckets_get_encryption_lifecycle_and_tags: (
        True,
        {"Prefix": "work/"},
        {"Days": 7},
        [{"Key": "project", "Value": "trash"}],
    ),
    functions_get_reserved_concurrency_and_dead_letter_queue: (
        1,
        {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:late"},
    ),
    tables_get_recovery_and_time_to_live: ("ENABLED", "ENABLED"),
    a_minute_of_a_schedule_lasts_as_long_as_asked: True,
    targets_must_permit_eventbridge: ([True, False], [True, False]),
    the_broker_asks_for_a_certificate: "refused",
    loopback_counts_as_tls: "allowed",
    state_machines_act_as_their_role: ["FAILED", "FAILED", "FAILED"],
    roles_are_passed_only_by_those_who_may: ["AccessDenied", "AccessDenied"],
    event_source_mappings_read_as_the_function: 1,
    requests_to_kms_say_how_they_sign: ["allowed", "AccessDenied"],
    requests_to_tables_say_which_item: ["allowed", "AccessDenied", "allowed", "AccessDenied"],
    writes_to_buckets_say_whether_they_replace: [
        *("AccessDenied", "allowed", "PreconditionFailed", "allowed"),
    ],
    state_machines_run_training_jobs: True,
}


@pytest.mark.parametrize("probe", EXPECTED, ids=lambda probe: probe.__name__)
def test_the_patch_is_right_and_still_needed(
    probe: Callable[[Aws], Any], aws: Aws, upstream: Aws
) -> None:
    with ThreadPoolExecutor(2) as both:
        patched, as_it_comes = both.map(probe, (aws, upstream))
    assert patched == EXPECTED[probe]
    assert as_it_comes != EXPECTED[probe], (
        f"ministack does it by itself now: {probe.__name__} can go"
    )


def test_every_patch_has_a_probe() -> None:
    assert [probe.__name__ for probe in EXPECTED] == [patch.__name__ for patch in PATCHES]
