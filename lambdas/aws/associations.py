"""How does a release get into SageMaker's lineage? What is not there yet is made; AWS refuses a
second artifact of an address, and a second association of the same two.
"""

from itertools import pairwise

from botocore.exceptions import ClientError

from lambdas.aws import clients
from lambdas.aws.executions import error_code
from lensloop.model.registry import LINKS, Artifact, Chain, Link


def link(chain: Chain) -> str:
    """The release's ARN in the graph."""
    arns = [
        _artifact(chain.dataset),
        _component(chain.component),
        _artifact(chain.package),
        _artifact(chain.release),
    ]
    for (source, destination), kind in zip(pairwise(arns), LINKS, strict=True):
        if source and destination:
            _associate(source, destination, kind)
    return arns[-1]


def _artifact(wanted: Artifact) -> str:
    client = clients.sagemaker()
    found = client.list_artifacts(SourceUri=wanted.uri)["ArtifactSummaries"]
    if found:
        return found[0]["ArtifactArn"]
    made = client.create_artifact(
        ArtifactName=wanted.name, ArtifactType=wanted.kind, Source={"SourceUri": wanted.uri}
    )
    return made["ArtifactArn"]


def _component(name: str) -> str:
    """The training job's, which AWS makes by itself; empty when it has made none."""
    try:
        found = clients.sagemaker().describe_trial_component(TrialComponentName=name)
    except ClientError as error:
        if error_code(error) not in ("ResourceNotFound", "ValidationException"):
            raise
        print(f"SageMaker's lineage knows no {name}: the job stays out of it")
        return ""
    return found["TrialComponentArn"]


def _associate(source: str, destination: str, kind: Link) -> None:
    client = clients.sagemaker()
    there = client.list_associations(SourceArn=source, DestinationArn=destination)
    if not there["AssociationSummaries"]:
        client.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)
