"""May a release that waits go to the cameras? A person has decided, with `lensloop approve` or
`lensloop reject`, or in SageMaker's Model Registry.

Events: {"epoch", "decision": "approved" or "rejected", "by", "note"} from the command, or
EventBridge's "SageMaker Model Package State Change". That one is a wake-up: what counts is what the
registry says when it is asked. The answer is {"did", "sentence"}.
"""

import json
import os
import time
from typing import TYPE_CHECKING, Any

from lambdas.aws import clients, handover, registry
from lambdas.aws.release_item import ForApproval
from lambdas.aws.state import StateTable, state_table
from lensloop.model.approval import APPROVED, REJECTED, WAITING, Decision, what_follows
from lensloop.model.registry import APPROVED as IN_REGISTRY
from lensloop.model.registry import PENDING, epoch_in

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

NOTHING = {"did": False, "sentence": "Nothing was decided."}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    by_command = "decision" in event
    decision = _said(event) if by_command else _in_registry(event.get("detail") or {})
    if decision is None:
        return NOTHING
    table = state_table()
    waiting, live = table.for_approval(), table.live()
    epoch, state = (waiting.release.epoch, waiting.state) if waiting else (0, WAITING)
    follows = what_follows(decision, epoch, state, live.epoch if live else 0)
    if waiting and follows.ship:
        _ship(table, waiting, decision)
    elif waiting and follows.drop:
        table.decide(waiting, REJECTED, decision, int(time.time()))
    did = follows.ship or follows.drop
    if did and by_command:
        registry.show_decision(decision)
    if did:
        _tell(table.for_approval())
    print(json.dumps({"level": "INFO", "sentence": follows.sentence}))
    return {"did": did, "sentence": follows.sentence}


def _said(event: dict[str, Any]) -> Decision:
    return Decision(
        int(event["epoch"]),
        event["decision"] == APPROVED,
        str(event.get("by") or ""),
        str(event.get("note") or ""),
    )


def _in_registry(detail: dict[str, Any]) -> Decision | None:
    """Other changes of a version are told as well, ours among them."""
    if "ModelApprovalStatus" not in detail.get("UpdatedModelPackageFields", ()):
        return None
    found = clients.sagemaker().describe_model_package(ModelPackageName=detail["ModelPackageArn"])
    epoch = epoch_in(found)
    if epoch is None or found["ModelApprovalStatus"] == PENDING:
        return None
    return Decision(
        epoch,
        found["ModelApprovalStatus"] == IN_REGISTRY,
        _who(found),
        found.get("ApprovalDescription", ""),
    )


def _who(found: "DescribeModelPackageOutputTypeDef") -> str:
    by = found.get("LastModifiedBy", {})
    return by.get("UserProfileName") or by.get("IamIdentity", {}).get("Arn", "")


def _ship(table: StateTable, waiting: ForApproval, decision: Decision) -> None:
    """Again after a retry: what was approved stays so, and an execution of that name runs."""
    table.decide(waiting, APPROVED, decision, int(time.time()))
    handover.start(os.environ["ROLLOUT_ARN"], waiting.release.epoch)


def _tell(waiting: ForApproval | None) -> None:
    """What was decided first: told again, it is the same words, which are sent once."""
    if waiting is None:
        return
    event = {
        "workflow": "approval",
        "epoch": waiting.release.epoch,
        "decision": waiting.state,
        "by": waiting.decided_by,
        "note": waiting.note,
    }
    handover.tell(event)
