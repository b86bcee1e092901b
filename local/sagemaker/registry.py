"""What does the local cloud answer about the model registry? Groups, their versions, and what
becomes of a version: as AWS does, each change of one is told to EventBridge.

ARNs are as AWS makes them: `model-package-group/<group>` and `model-package/<group>/<version>`.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    json_response,
)
from ministack.services import eventbridge

from local.sagemaker import answers
from local.sagemaker.answers import Answer, Request, invalid
from local.sagemaker.requests import wrong_form

EVENT = "SageMaker Model Package State Change"
SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
)
# What UpdateModelPackage may replace.
CHANGEABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)
_DONE: dict[str, Any] = {"ValidationStatuses": [], "ImageScanStatuses": []}

_groups: Any = AccountRegionScopedDict()  # name → what DescribeModelPackageGroup answers
_packages: Any = AccountRegionScopedDict()  # ARN → what DescribeModelPackage answers
_made: Any = AccountRegionScopedDict()  # client token → ARN


def group_arn(name: str) -> str:
    return answers.arn("model-package-group", _plain(name))


def resource_of(operation: str, request: Request) -> str:
    """What AWS looks for in a policy; "" where the request names nothing of the registry."""
    package = request.get("ModelPackageArn") or request.get("ModelPackageName", "")
    if operation.endswith("ModelPackage") and str(package).startswith("arn:"):
        return str(package)
    group = request.get("ModelPackageGroupName")
    return group_arn(group) if group else ""


# Groups


def create_group(request: Request) -> Answer:
    if wrong := wrong_form(request, "CreateModelPackageGroupInput"):
        return invalid("; ".join(wrong))
    name = request["ModelPackageGroupName"]
    if name in _groups:
        return invalid(f"Model Package Group already exists: {group_arn(name)}")
    _groups[name] = {
        "ModelPackageGroupName": name,
        "ModelPackageGroupArn": group_arn(name),
        "ModelPackageGroupDescription": request.get("ModelPackageGroupDescription", ""),
        "CreationTime": time.time(),
        "CreatedBy": _who(),
        "ModelPackageGroupStatus": "Completed",
    }
    return json_response({"ModelPackageGroupArn": group_arn(name)})


def describe_group(request: Request) -> Answer:
    group = _groups.get(_plain(request["ModelPackageGroupName"]))
    return json_response(group) if group else _missing_group(request["ModelPackageGroupName"])


def delete_group(request: Request) -> Answer:
    """Only an empty one."""
    name = _plain(request["ModelPackageGroupName"])
    if name not in _groups:
        return _missing_group(name)
    if versions(name):
        return error_response_json(
            "ConflictException",
            f"Model Package Group {group_arn(name)} cannot be deleted: it contains Model Packages.",
            400,
        )
    del _groups[name]
    return json_response({})


def list_groups(request: Request) -> Answer:
    keys = ("ModelPackageGroupName", "ModelPackageGroupArn", "CreationTime")
    found = [_part(group, (*keys, "ModelPackageGroupStatus")) for group in _groups.values()]
    return json_response({"ModelPackageGroupSummaryList": found})


def versions(group: str) -> list[dict[str, Any]]:
    """Oldest first."""
    own = [one for one in _packages.values() if one["ModelPackageGroupName"] == group]
    return sorted(own, key=lambda one: one["ModelPackageVersion"])


# Versions


def create_package(request: Request) -> Answer:
    """With the same client token again: what that made."""
    if wrong := [*wrong_form(request, "CreateModelPackageInput"), *_beyond_us(request)]:
        return invalid("; ".join(wrong))
    token = request.get("ClientToken", "")
    if token in _made:
        return json_response({"ModelPackageArn": _made[token]})
    group = _plain(request["ModelPackageGroupName"])
    if group not in _groups:
        return _missing_group(group)
    number = max((one["ModelPackageVersion"] for one in versions(group)), default=0) + 1
    arn = f"{group_arn(group).replace('model-package-group/', 'model-package/')}/{number}"
    kept = {key: value for key, value in request.items() if key not in ("Tags", "ClientToken")}
    _packages[arn] = {
        "ModelApprovalStatus": "PendingManualApproval",
        **kept,
        "ModelPackageName": f"{group}/{number}",
        "ModelPackageGroupName": group,
        "ModelPackageVersion": number,
        "ModelPackageArn": arn,
        "CreationTime": time.time(),
        "CreatedBy": _who(),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": _DONE,
        "ModelPackageRegistrationType": "Registered",
    }
    _made[token or arn] = arn
    _tell(_packages[arn], ())
    return json_response({"ModelPackageArn": arn})


def describe_package(request: Request) -> Answer:
    package = _packages.get(request["ModelPackageName"])
    return json_response(package) if package else _missing(request["ModelPackageName"])


def update_package(request: Request) -> Answer:
    if wrong := wrong_form(request, "UpdateModelPackageInput"):
        return invalid("; ".join(wrong))
    package = _packages.get(request["ModelPackageArn"])
    if package is None:
        return _missing(request["ModelPackageArn"])
    changed = [key for key in CHANGEABLE if key in request]
    package.update({key: request[key] for key in changed})
    if _change_metadata(package, request):
        changed.append("CustomerMetadataProperties")
    package |= {"LastModifiedTime": time.time(), "LastModifiedBy": _who()}
    _tell(package, changed)
    return json_response({"ModelPackageArn": package["ModelPackageArn"]})


def delete_package(request: Request) -> Answer:
    if request["ModelPackageName"] not in _packages:
        return _missing(request["ModelPackageName"])
    del _packages[request["ModelPackageName"]]
    for token, arn in list(_made.items()):
        if arn == request["ModelPackageName"]:
            del _made[token]
    return json_response({})


def list_packages(request: Request) -> Answer:
    """Newest first, as AWS does when nothing else is asked for."""
    found = versions(_plain(request.get("ModelPackageGroupName", "")))
    if status := request.get("ModelApprovalStatus"):
        found = [one for one in found if one["ModelApprovalStatus"] == status]
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    begin = int(request.get("NextToken") or 0)
    end = begin + request.get("MaxResults", 10)
    answer: dict[str, Any] = {
        "ModelPackageSummaryList": [_part(one, SUMMARY) for one in found[begin:end]]
    }
    return json_response(answer | ({"NextToken": str(end)} if end < len(found) else {}))


def _change_metadata(package: dict[str, Any], request: Request) -> bool:
    new = request.get("CustomerMetadataProperties", {})
    gone = request.get("CustomerMetadataPropertiesToRemove", [])
    kept = {**package.get("CustomerMetadataProperties", {}), **new}
    package["CustomerMetadataProperties"] = {
        key: value for key, value in kept.items() if key not in gone
    }
    return bool(new or gone)


def _tell(package: dict[str, Any], changed: Any) -> None:
    """Also of its own making, then without the names of what was changed."""
    detail = package | ({"UpdatedModelPackageFields": list(changed)} if changed else {})
    event = {
        "Source": "aws.sagemaker",
        "DetailType": EVENT,
        "Resources": [package["ModelPackageArn"]],
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)


def _beyond_us(request: Request) -> list[str]:
    """What AWS takes and the local cloud cannot do, and one rule that no model says."""
    if "ModelPackageGroupName" not in request:
        return ["the local cloud knows versions of a ModelPackageGroupName only"]
    if "ModelPackageName" in request:
        return ["ModelPackageName and ModelPackageGroupName cannot both be given"]
    return []


def _who() -> dict[str, Any]:
    return {"IamIdentity": {"Arn": caller_arn()}}


def _plain(name: str) -> str:
    return name.rpartition("/")[2]


def _part(whole: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: whole[key] for key in keys if key in whole}


def _missing(arn: str) -> Answer:
    return invalid(f"ModelPackage {arn} does not exist.")


def _missing_group(name: str) -> Answer:
    return invalid(f"Model Package Group {group_arn(name)} does not exist.")


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "CreateModelPackageGroup": create_group,
    "DescribeModelPackageGroup": describe_group,
    "DeleteModelPackageGroup": delete_group,
    "ListModelPackageGroups": list_groups,
    "CreateModelPackage": create_package,
    "DescribeModelPackage": describe_package,
    "UpdateModelPackage": update_package,
    "DeleteModelPackage": delete_package,
    "ListModelPackages": list_packages,
}
STORES = {"groups": _groups, "packages": _packages, "made": _made}
