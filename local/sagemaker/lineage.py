"""What does the local cloud answer about lineage? Artifacts, what leads from one to another, and
what led to one. As on AWS, every training job is a trial component of its own accord.
"""

import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    json_response,
    new_uuid,
)

from local.sagemaker import answers
from local.sagemaker.answers import Answer, Request, invalid
from local.sagemaker.requests import wrong_form

OF_A_JOB = "-aws-training-job"  # how AWS names the trial component of a training job

_artifacts: Any = AccountRegionScopedDict()  # ARN → what DescribeArtifact answers
_associations: Any = AccountRegionScopedDict()  # "source destination" → its summary


def component_arn(name: str) -> str:
    return answers.arn("experiment-trial-component", name)


def resource_of(operation: str, request: Request) -> str:
    """What AWS looks for in a policy; "" for what has no resource."""
    if operation == "AddAssociation":
        return str(request.get("SourceArn", "*"))
    if operation == "CreateArtifact":
        return answers.arn("artifact", "new")
    if operation == "DescribeTrialComponent":
        return component_arn(request.get("TrialComponentName", ""))
    return ""


def create_artifact(request: Request) -> Answer:
    """There is one for each address."""
    if wrong := wrong_form(request, "CreateArtifactRequest"):
        return invalid("; ".join(wrong))
    if _of(request["Source"]["SourceUri"]):
        return error_response_json("ResourceInUse", "Artifact with this source exists.", 400)
    arn = answers.arn("artifact", new_uuid().replace("-", ""))
    _artifacts[arn] = {**request, "ArtifactArn": arn, "CreationTime": time.time()}
    return json_response({"ArtifactArn": arn})


def describe_artifact(request: Request) -> Answer:
    found = _artifacts.get(request["ArtifactArn"])
    return json_response(found) if found else _missing(request["ArtifactArn"])


def list_artifacts(request: Request) -> Answer:
    wanted = request.get("SourceUri")
    found = _of(wanted) if wanted else list(_artifacts.values())
    return json_response({"ArtifactSummaries": found})


def add_association(request: Request) -> Answer:
    """AWS refuses one that is there already."""
    if wrong := wrong_form(request, "AddAssociationRequest"):
        return invalid("; ".join(wrong))
    source, destination = request["SourceArn"], request["DestinationArn"]
    for arn in (source, destination):
        if ":artifact/" in arn and arn not in _artifacts:
            return _missing(arn)
    key = f"{source} {destination}"
    if key in _associations:
        return invalid(f"Association from {source} to {destination} exists already.")
    _associations[key] = {**request, "CreationTime": time.time()}
    return json_response({"SourceArn": source, "DestinationArn": destination})


def list_associations(request: Request) -> Answer:
    found = []
    for one in _associations.values():
        asked = [request.get(end) in (None, one[end]) for end in ("SourceArn", "DestinationArn")]
        found += [one] if all(asked) else []
    return json_response({"AssociationSummaries": found})


def delete_artifact(request: Request) -> Answer:
    arn = request["ArtifactArn"]
    if arn not in _artifacts:
        return _missing(arn)
    del _artifacts[arn]
    return json_response({"ArtifactArn": arn})


def delete_association(request: Request) -> Answer:
    key = f"{request['SourceArn']} {request['DestinationArn']}"
    if key not in _associations:
        return _missing(key)
    del _associations[key]
    return json_response(request)


def query_lineage(request: Request) -> Answer:
    """Everything that led to the start, or follows from it."""
    near, far = "SourceArn", "DestinationArn"
    if request.get("Direction") == "Ascendants":
        near, far = far, near
    reached, edges = list(request.get("StartArns", ())), []
    for arn in reached:  # grows while it is read
        for one in _associations.values():
            if one[near] == arn:
                edges.append(one)
                reached += [one[far]] if one[far] not in reached else []
    vertices = [{"Arn": arn, **_kind(arn)} for arn in reached[1:]]
    answer: dict[str, Any] = {"Vertices": vertices}
    if request.get("IncludeEdges", True):
        answer["Edges"] = [{key: e[key] for key in e if key != "CreationTime"} for e in edges]
    return json_response(answer)


def _kind(arn: str) -> dict[str, str]:
    if found := _artifacts.get(arn):
        return {"Type": found["ArtifactType"], "LineageType": "Artifact"}
    return {"Type": "SageMakerTrainingJob", "LineageType": "TrialComponent"}


def _of(uri: str) -> list[dict[str, Any]]:
    return [one for one in _artifacts.values() if one["Source"]["SourceUri"] == uri]


def _missing(arn: str) -> Answer:
    return error_response_json("ResourceNotFound", f"{arn} does not exist.", 400)


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "CreateArtifact": create_artifact,
    "DescribeArtifact": describe_artifact,
    "ListArtifacts": list_artifacts,
    "DeleteArtifact": delete_artifact,
    "DeleteAssociation": delete_association,
    "AddAssociation": add_association,
    "ListAssociations": list_associations,
    "QueryLineage": query_lineage,
}
STORES = {"artifacts": _artifacts, "associations": _associations}
