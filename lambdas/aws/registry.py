"""How do steps reach SageMaker's Model Registry? Each call says what went wrong instead of raising:
a release reaches the cameras whether the registry knows of it or not.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop.model.approval import Decision
from lensloop.model.registry import ARCHIVED, Stage

MAX_DESCRIPTION = 1024


def show_stage(epoch: int, stage: Stage) -> str:
    """What went wrong; nothing when all is well, or when the release is not in the registry."""
    life = {"Stage": stage.name, "StageStatus": stage.status}
    return _show(epoch, f"that release {epoch} is {stage.status}", ModelLifeCycle=life)


def show_decision(decision: Decision) -> str:
    """A person has decided elsewhere: the registry says so as well."""
    return _show(
        decision.epoch,
        f"the decision about release {decision.epoch}",
        ModelApprovalStatus="Approved" if decision.approved else "Rejected",
        ApprovalDescription=_in_one_line(decision),
    )


def _show(epoch: int, what: str, **change: Any) -> str:
    arn = state_table().package(epoch)
    if not arn:
        return ""
    try:
        clients.sagemaker().update_model_package(ModelPackageArn=arn, **change)
    except (BotoCoreError, ClientError) as error:
        problem = f"The registry does not show {what}: {error}"
        print(problem)
        return problem
    return ""


def _in_one_line(decision: Decision) -> str:
    """As AWS takes it."""
    words = " ".join(f"{decision.note} (by {decision.by or 'lensloop'})".split())
    return words[:MAX_DESCRIPTION]


def show_production(epoch: int, stage: Stage) -> str:
    """The release before it is no longer in production."""
    before = state_table().note_production(epoch)
    if before:
        show_stage(before, ARCHIVED)
    return show_stage(epoch, stage)
