"""Does nothing reach a camera before a person has said so, in SageMaker's registry or by the
command, and nothing at all when they say no?
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lensloop.record import Record
from lensloop.wire import names
from tests.stacks.permissions import WHEN_A_PERSON_APPROVES
from tests.stories.conftest import Person, arrived, settle

pytestmark = pytest.mark.slow
PREFIX = "deeplens-trash"


@pytest.fixture(scope="module")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Somebody who approves every release."""
    with arrived(tmp_path_factory.mktemp("approval"), approval="manual") as somebody:
        yield somebody


def package(person: Person, epoch: int) -> dict[str, Any]:
    arn = person.table.package(epoch)
    client = person.cloud.client("sagemaker")
    found: dict[str, Any] = client.describe_model_package(ModelPackageName=arn)
    return found


def decides(person: Person, epoch: int, status: Any, note: str) -> None:
    """In the registry, as its page in SageMaker Studio does."""
    person.cloud.client("sagemaker").update_model_package(
        ModelPackageArn=person.table.package(epoch),
        ModelApprovalStatus=status,
        ApprovalDescription=note,
    )


def orders(person: Person) -> list[str]:
    return sorted(job["jobId"] for job in person.cloud.client("iot").list_jobs()["jobs"])


def decided(person: Person, epoch: int, decision: str) -> Record:
    def found() -> Record | None:
        told = person.record(epoch)
        return told if told and told["approval"] and _says(told, decision) else None

    record: Record = person.waits_for(found, 30)
    return record


def _says(told: Record, decision: str) -> bool:
    return told["approval"] is not None and told["approval"]["decision"] == decision


def test_a_release_waits_until_the_registry_says_approved(careful: Person) -> None:
    careful.upload("first", 20)
    waits = careful.waits_for_end(1)
    assert waits["outcome"] == "waits-for-approval"
    found = package(careful, 1)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert (careful.table.live(), orders(careful)) == (None, [])
    # What else is changed of a version is no approval.
    careful.cloud.client("sagemaker").update_model_package(
        ModelPackageArn=found["ModelPackageArn"], CustomerMetadataProperties={"seen": "yes"}
    )
    settle(1)
    assert careful.table.live() is None

    decides(careful, 1, "Approved", "seen on the bench")
    told = decided(careful, 1, "approved")
    live = careful.waits_for(careful.table.live, 10)
    assert (live.epoch, live.dataset) == (1, (waits["dataset"] or {})["digest"])
    rolled = careful.waits_for(lambda: (careful.record(1) or told)["rollout"], 30)
    assert rolled["outcome"] == "no-cameras"
    assert package(careful, 1)["ModelLifeCycle"]["Stage"] == "Production"
    subjects = careful.messages(1, 1)
    assert subjects[0] == f"{PREFIX}: release 1 waits for your approval"
    assert f"{PREFIX}: release 1 was approved" in subjects
    assert told["approval"] is not None
    assert told["approval"]["note"] == "seen on the bench"


def test_what_is_rejected_ships_nothing(careful: Person) -> None:
    careful.upload("second", 4)
    assert careful.waits_for_end(2)["outcome"] == "waits-for-approval"
    event = {"epoch": 2, "decision": "rejected", "by": "arn:aws:iam::1:user/ann", "note": "blurred"}
    function = {"FunctionName": f"{PREFIX}-approve-release", "Payload": json.dumps(event)}
    answer = careful.cloud.client("lambda").invoke(**function)
    assert json.loads(answer["Payload"].read())["did"] is True
    told = decided(careful, 2, "rejected")
    assert told["approval"] is not None
    assert told["approval"]["by"] == "arn:aws:iam::1:user/ann"
    assert package(careful, 2)["ModelApprovalStatus"] == "Rejected"
    live = careful.table.live()
    assert live is not None
    assert live.epoch == 1
    assert orders(careful) == [names.rollout_job(PREFIX, 1, wave) for wave in ("canary", "fleet")]
    assert careful.used() >= WHEN_A_PERSON_APPROVES
