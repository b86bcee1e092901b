"""How do steps reach SageMaker's Model Registry? Each call says what went wrong instead of raising:
a release reaches the cameras whether the registry knows of it or not.
"""

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop.model.approval import Decision
from lensloop.model.registry import ARCHIVED, Stage

MAX_DESCRIPTION = 1024


def show_stage(epoch: int, stage: Stage) -> str:
    """What went wrong; nothing when all is well, or when the release is not in the registry."""
    arn = state_table().package(epoch)
    if not arn:
        return ""
    try:
        clients.sagemaker().update_model_package(
            ModelPackageArn=arn,
            ModelLifeCycle={"Stage": stage.name, "StageStatus": stage.status},
        )
    except (BotoCoreError, ClientError) as error:
        problem = f"The registry does not show that release {epoch} is {stage.status}: {error}"
        print(problem)
        return problem
    return ""


def show_decision(decision: Decision) -> str:
    """A person has decided elsewhere: the registry says so as well."""
    arn = state_table().package(decision.epoch)
    if not arn:
        return ""
    try:
        clients.sagemaker().update_model_package(
            ModelPackageArn=arn,
            ModelApprovalStatus="Approved" if decision.approved else "Rejected",
            ApprovalDescription=_in_one_line(decision),
        )
    except (BotoCoreError, ClientError) as error:
        problem = f"The registry does not show the decision about release {decision.epoch}: {error}"
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
