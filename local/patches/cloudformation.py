"""Which properties of our stacks does the emulator's CloudFormation drop without a word?

Resources are made on the emulator's event loop, where a call back over HTTP would wait for itself:
so these patches use the service modules' own functions.
"""

import functools
from collections.abc import Callable
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer
from ministack.services import dynamodb, lambda_svc, s3
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]


def buckets_get_encryption_lifecycle_and_tags() -> None:
    """Upstream applies versioning, events, CORS, access block and website (provisioners.py:1475);
    AWS applies all.
    """
    _afterwards("AWS::S3::Bucket", _finish_bucket)


def functions_get_reserved_concurrency_and_dead_letter_queue() -> None:
    """Upstream drops ReservedConcurrentExecutions
    and DeadLetterConfig (provisioners.py:2438); AWS applies them.
    """
    _afterwards("AWS::Lambda::Function", _finish_function)


def tables_get_recovery_and_time_to_live() -> None:
    """Upstream drops point-in-time recovery and time to live
    of tables (provisioners.py:2120); AWS applies them.
    """
    _afterwards("AWS::DynamoDB::Table", _finish_table)
    _afterwards("AWS::DynamoDB::GlobalTable", _finish_global_table)


def _afterwards(kind: str, finish: Callable[[str, Properties], None]) -> None:
    """Has `finish(physical id, properties)` called
    when a resource of this type was created or updated.
    """
    handlers = provisioners._RESOURCE_HANDLERS[kind]
    create, update = handlers["create"], handlers.get("update")

    @functools.wraps(create)
    def create_and_finish(
        logical_id: str, properties: Properties, *rest: Any, **options: Any
    ) -> Any:
        made = create(logical_id, properties, *rest, **options)
        finish(made[0], properties)
        return made

    handlers["create"] = create_and_finish
    if update is None:
        return

    @functools.wraps(update)
    def update_and_finish(
        physical_id: str, old: Properties, new: Properties, *rest: Any, **options: Any
    ) -> Any:
        made = update(physical_id, old, new, *rest, **options)
        finish(made[0], new)
        return made

    handlers["update"] = update_and_finish


def _finish_bucket(name: str, properties: Properties) -> None:
    if tags := properties.get("Tags"):
        _check(
            s3._put_bucket_tagging(
                name, _body("PutBucketTagging", Bucket=name, Tagging={"TagSet": tags})
            )
        )
    if encryption := properties.get("BucketEncryption"):
        rules = [_encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        body = _body(
            "PutBucketEncryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
        )
        _check(s3._put_bucket_encryption(name, body))
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [_lifecycle_rule(index, rule) for index, rule in enumerate(lifecycle["Rules"])]
        body = _body(
            "PutBucketLifecycleConfiguration", Bucket=name, LifecycleConfiguration={"Rules": rules}
        )
        _check(s3._put_bucket_lifecycle(name, body))


def _encryption_rule(rule: Properties) -> Properties:
    default = rule["ServerSideEncryptionByDefault"]
    if default["SSEAlgorithm"] == "aws:kms" and "KMSMasterKeyID" not in default:
        default = {
            "SSEAlgorithm": "AES256"
        }  # the emulator has no AWS-managed key, and would refuse every PutObject
    return {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": _true(rule.get("BucketKeyEnabled")),
    }


def _lifecycle_rule(index: int, rule: Properties) -> Properties:
    made: Properties = {
        "ID": rule.get("Id", f"rule-{index}"),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if expiration := _expiration(rule):
        made["Expiration"] = expiration
    if old := rule.get("NoncurrentVersionExpiration"):
        made["NoncurrentVersionExpiration"] = {key: int(value) for key, value in old.items()}
    if parts := rule.get("AbortIncompleteMultipartUpload"):
        made["AbortIncompleteMultipartUpload"] = {
            "DaysAfterInitiation": int(parts["DaysAfterInitiation"])
        }
    if transitions := rule.get("Transitions"):
        made["Transitions"] = [
            {"StorageClass": to["StorageClass"], "Days": int(to["TransitionInDays"])}
            for to in transitions
        ]
    return made


def _expiration(rule: Properties) -> Properties:
    if _true(rule.get("ExpiredObjectDeleteMarker")):
        return {"ExpiredObjectDeleteMarker": True}
    if "ExpirationInDays" in rule:
        return {"Days": int(rule["ExpirationInDays"])}
    return {}


def _finish_function(name: str, properties: Properties) -> None:
    function = lambda_svc._functions[name]
    reserved = properties.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)
    if properties.get("DeadLetterConfig"):
        function["config"]["DeadLetterConfig"] = properties["DeadLetterConfig"]


def _finish_table(name: str, properties: Properties) -> None:
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        enabled = _true(recovery.get("PointInTimeRecoveryEnabled"))
        specification = {"PointInTimeRecoveryEnabled": enabled}
        _check(
            dynamodb._update_continuous_backups(
                {"TableName": name, "PointInTimeRecoverySpecification": specification}
            )
        )
    if (alive := properties.get("TimeToLiveSpecification")) and name not in dynamodb._ttl_settings:
        specification = {
            "AttributeName": alive["AttributeName"],
            "Enabled": _true(alive.get("Enabled")),
        }
        _check(dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": specification}))


def _finish_global_table(name: str, properties: Properties) -> None:
    """A global table keeps its recovery with its replicas;
    the emulator is one Region, so the first counts.
    """
    replica: Properties = (properties.get("Replicas") or [{}])[0]
    _finish_table(name, {**replica, **properties})


def _check(answer: tuple[int, Any, Any]) -> None:
    if answer[0] >= 400:
        raise ValueError(answer[2].decode() if isinstance(answer[2], bytes) else str(answer[2]))


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


@functools.cache
def _s3_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")


def _body(operation: str, **arguments: Any) -> bytes:
    """The XML that an SDK would send."""
    model = _s3_model().operation_model(operation)
    body = create_serializer("rest-xml").serialize_to_request(arguments, model)["body"]
    return body if isinstance(body, bytes) else body.encode()
