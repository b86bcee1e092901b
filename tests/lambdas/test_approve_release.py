"""A release that waits, and whoever decides: by the command, in the registry, twice, too late."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas import approve_release, publish_release, register_release
from lambdas.aws import clients
from lambdas.aws.state import state_table
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import StaleEpoch
from tests.lambdas.conftest import MODEL, PREFIX, Aws, model_files

ANN = "arn:aws:iam::000000000000:user/ann"
ROLLOUT = "arn:aws:states:us-east-1:000000000000:stateMachine:deeplens-trash-rollout"


class World:
    """The registry of the local cloud, and what was started and told."""

    def __init__(self, sagemaker: Any) -> None:
        self.sagemaker = sagemaker
        self.started: list[str] = []
        self.told: list[dict[str, Any]] = []

    def start_execution(self, *, name: str, **request: Any) -> None:
        assert request == {"stateMachineArn": ROLLOUT, "input": f'{{"epoch": {int(name[1:])}}}'}
        if name in self.started:
            error: Any = {"Error": {"Code": "ExecutionAlreadyExists"}}
            raise ClientError(error, "StartExecution")
        self.started.append(name)

    def invoke(self, *, Payload: bytes, **request: Any) -> None:
        assert request == {"FunctionName": "tell", "InvocationType": "Event"}
        self.told.append(json.loads(Payload))

    def status(self, epoch: int) -> tuple[str, str]:
        arn = state_table().package(epoch)
        found = self.sagemaker.describe_model_package(ModelPackageName=arn)
        return found["ModelApprovalStatus"], found.get("ApprovalDescription", "")

    def status_of_all(self) -> list[str]:
        group = names.model_group(PREFIX)
        listed = self.sagemaker.list_model_packages(ModelPackageGroupName=group)
        return [version["ModelApprovalStatus"] for version in listed["ModelPackageSummaryList"]]

    def decides(self, epoch: int, status: str, note: str = "") -> dict[str, Any]:
        """In the registry; what EventBridge then hands over."""
        arn = state_table().package(epoch)
        self.sagemaker.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=note
        )
        return {"detail": {"ModelPackageArn": arn, "UpdatedModelPackageFields": [CHANGED]}}


CHANGED = "ModelApprovalStatus"


@pytest.fixture
def world(aws: Aws, sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(sagemaker)
    monkeypatch.setattr(clients, "stepfunctions", lambda: world)
    monkeypatch.setattr(clients, "functions", lambda: world)
    addresses = {
        "SETTINGS": Settings(approval="manual").to_json(),
        "ROLLOUT_ARN": ROLLOUT,
        "TELL_FUNCTION": "tell",
    }
    for name, value in addresses.items():
        monkeypatch.setenv(name, value)
    return world


def publish(aws: Aws, epoch: int, **more: Any) -> dict[str, Any]:
    """Again, what its job left is as old as it was."""
    aws.lease(epoch)
    if not state_table().package(epoch):
        aws.put_model(model_files())
    event = {"epoch": epoch, "digest": "d1", "model": MODEL}
    release = publish_release.handler({**event, "slid": 0.0123, **more}, None)
    asked = {"waits": release["waits"], "instead_of": release["instead_of"], "reasons": []}
    answer = register_release.handler({**event, **asked}, None)
    assert answer["problems"] == []
    return release


def by_command(epoch: int, decision: str, note: str = "") -> dict[str, Any]:
    event = {"epoch": epoch, "decision": decision, "by": ANN, "note": note}
    return approve_release.handler(event, None)


def tried() -> int:
    """The candidate that a rollout may have; nothing is live before cameras have proved it."""
    assert state_table().live() is None
    found = state_table().candidate()
    return found.release.epoch if found else 0


def told(epoch: int, decision: str, by: str, note: str) -> dict[str, Any]:
    return {"workflow": "approval", "epoch": epoch, "decision": decision, "by": by, "note": note}


def test_a_published_release_waits_and_is_not_rolled_out(aws: Aws, world: World) -> None:
    release = publish(aws, 7)
    assert (release["waits"], release["instead_of"], tried()) == (True, 0, 0)
    waiting = state_table().for_approval()
    assert waiting is not None
    assert (waiting.release.epoch, waiting.state, waiting.release.slid) == (7, "waiting", 0.0123)
    assert waiting.labels == ("can", "glass")
    assert world.status(7) == ("PendingManualApproval", "")


def test_a_model_that_was_held_and_approved_does_not_wait_again(aws: Aws, world: World) -> None:
    assert publish(aws, 7, approved=True)["waits"] is False
    assert (tried(), world.status(7)[0]) == (7, "Approved")


def test_publishing_again_leaves_what_a_person_has_decided(aws: Aws, world: World) -> None:
    first = publish(aws, 7)
    by_command(7, "rejected")
    assert publish(aws, 7) == first
    candidate = state_table().for_approval()
    assert candidate is not None
    assert candidate.state == "rejected"


def test_a_release_waits_only_while_its_run_holds_the_lease(aws: Aws, world: World) -> None:
    publish(aws, 7)
    aws.lease(9)
    with pytest.raises(StaleEpoch, match="does not wait for approval"):
        publish_release.handler({"epoch": 8, "digest": "d1", "model": MODEL}, None)


def test_approved_by_the_command_it_is_rolled_out_told_and_approved_in_the_registry(
    aws: Aws, world: World
) -> None:
    publish(aws, 7)
    answer = by_command(7, "approved", "seen\non the bench")
    assert answer == {
        "did": True,
        "sentence": "Release 7 is approved, and its rollout starts.",
    }
    assert (tried(), world.started) == (7, ["r00000007"])
    assert world.told == [told(7, "approved", ANN, "seen\non the bench")]
    assert world.status(7) == ("Approved", f"seen on the bench (by {ANN})")
    found = aws.item("candidate")
    assert (found["labels"], found["dataset"]) == (["can", "glass"], "d1")


def test_the_registrys_own_word_counts_and_says_who_it_was(aws: Aws, world: World) -> None:
    publish(aws, 7)
    event = world.decides(7, "Approved", "fine")
    assert approve_release.handler(event, None)["did"] is True
    assert (tried(), world.started) == (7, ["r00000007"])
    [news] = world.told
    assert (news["decision"], news["note"]) == ("approved", "fine")
    assert news["by"].startswith("arn:aws:")


def test_a_rejection_ships_nothing(aws: Aws, world: World) -> None:
    publish(aws, 7)
    assert approve_release.handler(world.decides(7, "Rejected", "blurred"), None)["did"] is True
    assert (tried(), world.started) == (0, [])
    assert [news["decision"] for news in world.told] == ["rejected"]


@pytest.mark.parametrize(
    "fields", [["ModelLifeCycle"], ["CustomerMetadataProperties"], []], ids=str
)
def test_other_changes_of_a_version_decide_nothing(
    fields: list[str], aws: Aws, world: World
) -> None:
    publish(aws, 7)
    event = world.decides(7, "Approved")
    event["detail"]["UpdatedModelPackageFields"] = fields
    assert approve_release.handler(event, None) == approve_release.NOTHING
    assert (tried(), world.told) == (0, [])


def test_an_event_that_is_late_counts_for_what_the_registry_says_now(
    aws: Aws, world: World
) -> None:
    publish(aws, 7)
    event = world.decides(7, "Approved")
    world.decides(7, "PendingManualApproval")
    assert approve_release.handler(event, None) == approve_release.NOTHING
    assert tried() == 0


def test_a_version_that_is_none_of_ours_decides_nothing(aws: Aws, world: World) -> None:
    publish(aws, 7)
    made = world.sagemaker.create_model_package(ModelPackageGroupName=names.model_group(PREFIX))
    arn = made["ModelPackageArn"]
    detail = {"ModelPackageArn": arn, "UpdatedModelPackageFields": [CHANGED]}
    world.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert approve_release.handler({"detail": detail}, None) == approve_release.NOTHING


def test_said_again_it_is_done_once_and_told_in_the_same_words(aws: Aws, world: World) -> None:
    """The command's own change of the registry comes back as an event."""
    publish(aws, 7)
    by_command(7, "approved", "fine")
    approve_release.handler(world.decides(7, "Approved", "fine (by somebody)"), None)
    assert world.started == ["r00000007"]
    assert world.told == [told(7, "approved", ANN, "fine")] * 2
    assert by_command(7, "rejected")["did"] is False
    assert (tried(), world.status(7)[0]) == (7, "Approved")


def test_what_broke_off_after_it_was_decided_is_taken_up_again(
    aws: Aws, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(aws, 7)

    def broken(**_: Any) -> None:
        raise ConnectionError("no network")

    with monkeypatch.context() as patch:
        patch.setattr(world, "start_execution", broken)
        with pytest.raises(ConnectionError):
            by_command(7, "approved")
    assert (tried(), world.started, world.told) == (7, [], [])
    by_command(7, "approved")
    assert (world.started, len(world.told)) == (["r00000007"], 1)


def test_a_rejected_release_may_be_approved_after_all(aws: Aws, world: World) -> None:
    publish(aws, 7)
    by_command(7, "rejected")
    assert by_command(7, "approved")["did"] is True
    assert (tried(), world.status(7)[0]) == (7, "Approved")


def test_a_newer_release_takes_the_place_of_one_that_waits(aws: Aws, world: World) -> None:
    publish(aws, 7)
    assert publish(aws, 8)["instead_of"] == 7
    assert publish(aws, 8)["instead_of"] == 7, "also when it is published again"
    assert world.status(7) == ("Rejected", "superseded by release 8 (by lensloop)")
    late = approve_release.handler(world.decides(7, "Approved"), None)
    assert late["sentence"] == "Release 7 was superseded by release 8: decide about that one."
    assert (tried(), world.started) == (0, [])
    by_command(8, "rejected")
    assert publish(aws, 9)["instead_of"] == 0, "nobody waits for the rejected one"


def test_a_release_that_never_waited_cannot_be_decided_about(aws: Aws, world: World) -> None:
    publish(aws, 7, approved=True)
    assert by_command(7, "approved")["sentence"] == "Release 7 does not wait for approval."


def test_who_has_a_name_in_studio_is_told_by_name() -> None:
    """In SageMaker Studio people have profiles."""
    found: Any = {"LastModifiedBy": {"UserProfileName": "ann", "IamIdentity": {"Arn": "x"}}}
    assert approve_release._who(found) == "ann"
    assert approve_release._who({}) == ""  # type: ignore[typeddict-item]


def test_approving_needs_no_registry(aws: Aws, world: World) -> None:
    publish(aws, 7)
    aws.table.delete_item(Key={"id": "package#7"})
    assert by_command(7, "approved")["did"] is True
    assert (tried(), world.status_of_all()) == (7, ["PendingManualApproval"])
