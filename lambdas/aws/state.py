"""What does the project remember between two runs? Every item of the state table, and every way in
which one is read or written.

`trigger`: what has changed, the lease of the run, news to send (its changes: trigger_item.py).
`dataset`: the newest data set. `trained`: the newest model that was judged. `approval`: the newest
release that waits for a person's approval, or waited. `candidate`: the newest release that was
handed to a rollout, proved or not. `live`: the newest one that cameras have proved, which all of
them should run. `rollout`: the open IoT jobs, so that older ones can be withdrawn without
the right to list every job of the account. `release#<epoch>`: what was published as that release,
written once. `proved#<epoch>`: what makes that release live again, and `rollback`: the signed
statement that led cameras back last (rollback_item.py). `paused`: by whom rollouts are paused.
`package#<epoch>`: the release's version in the model registry. `production`: the release that the
registry shows as the one in use. `camera#<thing>`: what a camera reported last and was ordered
again (camera_item.py). `again`: the number of the last such order.

What a run moves, it moves only while the lease is its own. What a rollout moves, it moves only for
the candidate that is tried. Programs for people read with `StateTable(boto3's Table)`; only steps
write, but for a camera that a person removes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws import camera_item, clients, items, rollback_item, trigger_item
from lambdas.aws.change import Change
from lambdas.aws.items import TRIGGER
from lambdas.aws.rollback_item import Rollback
from lambdas.aws.trigger_item import HOLDS_LEASE
from lensloop.fleet.terms import Camera, Live, Ordered
from lensloop.model.approval import APPROVED, WAITING, Decision
from lensloop.model.standards import Trained
from lensloop.rollout import FAILED, PROVEN, TAKEN_BACK, TRIED
from lensloop.trigger.terms import State, Step
from lensloop.wire.errors import BadArtifact, StaleEpoch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_DATASET, _TRAINED, _LIVE, _ROLLOUT = items.DATASET, items.TRAINED, items.LIVE, items.ROLLOUT
_APPROVAL, _CANDIDATE = items.APPROVAL, items.CANDIDATE
_PACKAGE, _PRODUCTION = items.PACKAGE, items.PRODUCTION
_RELEASED = items.RELEASED
_SPLIT, _AGAIN = items.SPLIT, items.AGAIN
_ROLLBACK, _PAUSED = items.ROLLBACK, items.PAUSED


@dataclass(frozen=True)
class NewestDataset:
    digest: str
    epoch: int  # of the run that assembled it last


@dataclass(frozen=True)
class LiveRelease:
    epoch: int
    model_sha256: str
    dataset: str
    training: str = ""  # of the standards that it was made by; empty where they were not noted
    slid: float = 0.0  # how far it is below the best release before it, on known test pictures


@dataclass(frozen=True)
class Candidate:
    """A release that cameras are to prove, or had to."""

    release: LiveRelease
    labels: tuple[str, ...]
    state: str  # lensloop.rollout's
    decide_at: int = 0  # when a person wanted no more waiting for who is offline
    again: int = 1  # which try of its rollout is the newest


@dataclass(frozen=True)
class Paused:
    """A person has paused rollouts. `interrupted`: the epoch of the one that ran; 0 for none."""

    interrupted: int
    by: str
    note: str


@dataclass(frozen=True)
class Proved:
    """A release that was live once, and the epoch of the one that was live before it."""

    release: LiveRelease
    labels: tuple[str, ...]
    before: int


@dataclass(frozen=True)
class ForApproval:
    """A release that waits for approval, or about which a person has decided."""

    release: LiveRelease
    labels: tuple[str, ...]
    state: str  # lensloop.model.approval's
    decided_by: str = ""
    note: str = ""
    instead_of: int = 0  # the epoch of one that was still waiting when this was published


def state_table() -> "StateTable":
    """The one that this function was deployed with."""
    return StateTable(clients.table())


class StateTable:
    def __init__(self, table: "Table") -> None:
        self._table = table

    # What is there

    def trigger(self) -> State:
        return trigger_item.to_state(self._item(TRIGGER))

    def last_outcome(self) -> Mapping[str, Any] | None:
        """How the last run ended, as `decide` put it down."""
        return self._item(TRIGGER).get("last_outcome")

    def dataset(self) -> NewestDataset | None:
        item = self._item(_DATASET)
        return NewestDataset(item["digest"], int(item["epoch"])) if item else None

    def live(self) -> LiveRelease | None:
        item = self._item(_LIVE)
        return _release_in(item) if item else None

    def labels_of_live(self) -> tuple[str, ...]:
        return tuple(self._item(_LIVE).get("labels", ()))

    def candidate(self) -> Candidate | None:
        item = self._item(_CANDIDATE)
        if not item:
            return None
        return Candidate(
            _release_in(item),
            tuple(item["labels"]),
            item["state"],
            int(item.get("decide_at", 0)),
            int(item.get("again", 1)),
        )

    def paused(self) -> Paused | None:
        item = self._item(_PAUSED)
        if "interrupted" not in item:
            return None
        return Paused(int(item["interrupted"]), item["by"], item["note"])

    def for_approval(self) -> ForApproval | None:
        item = self._item(_APPROVAL)
        if not item:
            return None
        return ForApproval(
            _release_in(item),
            tuple(item["labels"]),
            item["state"],
            item.get("decided_by", ""),
            item.get("note", ""),
            int(item.get("instead_of", 0)),
        )

    def manifest_of(self, epoch: int) -> str:
        """The sha256 of what was published as this release; empty for one from before releases were
        signed.
        """
        return str(self._item(f"{_RELEASED}{epoch}").get("manifest_sha256", ""))

    def proved(self, epoch: int) -> Proved | None:
        """What made this release live; None for one that no camera has proved, or from before that
        was kept.
        """
        item = self._item(f"{items.PROVED}{epoch}")
        if not item:
            return None
        return Proved(_release_in(item), tuple(item["labels"]), int(item["before"]))

    def rollback(self) -> Rollback | None:
        return rollback_item.to_rollback(self._item(_ROLLBACK))

    def trained(self) -> Trained | None:
        item = self._item(_TRAINED)
        if not item:
            return None
        return Trained(
            epoch=int(item["epoch"]),
            digest=item["digest"],
            training=item["training"],
            live_epoch=int(item["live_epoch"]),
            model=item["model"],
            tried=bool(item.get("tried")),
        )

    def rollout_jobs(self) -> list[str]:
        return sorted(self._item(_ROLLOUT).get("jobs", ()))

    def package(self, epoch: int) -> str:
        """The ARN of the release's version in the model registry; empty when it has none."""
        return str(self._item(f"{_PACKAGE}{epoch}").get("arn", ""))

    def live_on_cameras(self) -> Live | None:
        """The live release as the rules of the fleet know it."""
        item, back = self._item(_LIVE), self.rollback()
        if not item:
            return None
        epoch = int(item["epoch"])
        away = back.away if back and back.epoch == epoch else 0
        return Live(epoch, item["model_sha256"], int(item.get("released_at", 0)), away)

    def camera(self, thing: str) -> Camera | None:
        item = self._item(camera_item.key(thing))
        return camera_item.to_camera(item) if item else None

    def cameras(self) -> list[Camera]:
        """All that ever reported, in a request for each MB of the table: some 1,500 cameras."""
        found: list[Camera] = []
        asked: dict[str, Any] = {
            "FilterExpression": "begins_with(#id, :prefix)",
            "ExpressionAttributeNames": {"#id": "id"},
            "ExpressionAttributeValues": {":prefix": items.CAMERA},
        }
        while True:
            page = self._table.scan(**asked)
            found += [camera_item.to_camera(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return sorted(found, key=lambda camera: camera.thing)
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    # What the trigger writes

    def record_change(self, now: int) -> None:
        """Raises the mark. Acknowledge the events only after this has returned."""
        self._update(trigger_item.record_change(now))

    def clear_blocked(self, now: int) -> None:
        """A person wants the blocked data set tried again."""
        self._update(trigger_item.clear_blocked(now))

    def approve(self, now: int) -> None:
        """A person has looked at the model that is held, and wants it released."""
        self._update(trigger_item.approve(now))

    def try_import(self, digest: str, now: int) -> None:
        """A person wants a model from elsewhere evaluated, and released if it is better."""
        self._update(trigger_item.try_import(digest, now))

    def apply(self, step: Step) -> bool:
        """False: another tick was faster, and nothing was written."""
        return self._update(trigger_item.change_of(step))

    # What a run writes, while it holds the lease

    def point_dataset(self, epoch: int, digest: str) -> None:
        """The run's digest and the newest data set move together."""
        of_run = Change(
            TRIGGER,
            "SET #run.#digest = :digest",
            HOLDS_LEASE,
            {"digest": digest, "epoch": epoch},
        )
        newest = {"id": _DATASET, "digest": digest, "epoch": epoch}
        if not self._together({"Update": self._within(of_run.as_update())}, self._put(newest)):
            raise StaleEpoch(f"Run {epoch} lost the lease while it assembled its data set.")

    def split_key(self, fresh: str) -> str:
        """The project's own; `fresh` becomes it where there is none yet. Whoever wants the same
        splits again writes the key before the first run; an empty one leaves them to the hash.
        """
        if "key" not in self._item(_SPLIT):
            change = Change(_SPLIT, "SET #key = :key", "attribute_not_exists(#key)", {"key": fresh})
            self._update(change)  # another may have been faster
        return str(self._item(_SPLIT)["key"])

    def note_trained(self, trained: Trained) -> None:
        """What was judged once can be judged again, without training."""
        lease = Change(TRIGGER, "", HOLDS_LEASE, {"epoch": trained.epoch})
        newest = {"id": _TRAINED, **asdict(trained)}
        check = {"ConditionCheck": self._within(lease.as_check())}
        if not self._together(check, self._put(newest)):
            raise StaleEpoch(f"Run {trained.epoch} lost the lease while its model was judged.")

    def put_candidate(self, release: LiveRelease, labels: Sequence[str], now: int) -> None:
        """Cameras are to prove it: it is the one to roll out from now on. A retry finds it, and
        leaves what they have answered meanwhile."""
        before = self.candidate()
        if before and before.release == release:
            return
        lease = Change(TRIGGER, "", HOLDS_LEASE, {"epoch": release.epoch})
        check = {"ConditionCheck": self._within(lease.as_check())}
        newer = Change(_LIVE, "", _IS_NEWER, {"epoch": release.epoch})
        newest = {"ConditionCheck": self._within(newer.as_check())}
        candidate = _to_candidate(release, labels, now)
        if not self._together(check, newest, {"Update": self._within(candidate.as_update())}):
            raise StaleEpoch(
                f"Run {release.epoch} no longer holds the lease, so its release is not rolled out."
            )

    def put_for_approval(
        self, release: LiveRelease, labels: Sequence[str], now: int
    ) -> ForApproval:
        """It waits instead of being rolled out. A retry finds it, and leaves what a person has
        decided about it meanwhile."""
        before = self.for_approval()
        if before and before.release == release:
            return before
        waited = before.release.epoch if before and before.state == WAITING else 0
        lease = Change(TRIGGER, "", HOLDS_LEASE, {"epoch": release.epoch})
        waiting = Change(
            _APPROVAL,
            f"SET {_RELEASE}, #labels = :labels, #published_at = :now, #state = :state,"
            " #instead_of = :waited REMOVE #decided_by, #note, #decided_at",
            _IS_NEWER,
            {**_values(release), "labels": list(labels), "now": now, "state": WAITING}
            | {"waited": waited},
        )
        check = {"ConditionCheck": self._within(lease.as_check())}
        if not self._together(check, {"Update": self._within(waiting.as_update())}):
            raise StaleEpoch(
                f"Run {release.epoch} no longer holds the lease, so its release does not wait for"
                " approval."
            )
        return ForApproval(release, tuple(labels), WAITING, instead_of=waited)

    def note_manifest(self, epoch: int, sha256: str) -> None:
        """Once and for all; raises BadArtifact for another one."""
        change = Change(
            f"{_RELEASED}{epoch}",
            "SET #manifest_sha256 = :sha256",
            "attribute_not_exists(#manifest_sha256) OR #manifest_sha256 = :sha256",
            {"sha256": sha256},
        )
        if not self._update(change):
            raise BadArtifact(
                f"Another manifest was published as release {epoch}; releases are never changed."
            )

    def note_package(self, epoch: int, arn: str) -> None:
        self._update(Change(f"{_PACKAGE}{epoch}", "SET #arn = :arn", values={"arn": arn}))

    # What a rollout writes

    def prove(self, epoch: int, now: int) -> bool:
        """The candidate is live, in the moment in which it is proved. True also when it was before;
        false when another release has taken its place."""
        candidate = self.candidate()
        if candidate and candidate.release.epoch == epoch:
            before = self.live()
            becomes = (
                _candidate_becomes(PROVEN, epoch, now),
                _to_live(candidate.release, candidate.labels, now),
                rollback_item.proved(
                    epoch,
                    _RELEASE,
                    _values(candidate.release),
                    candidate.labels,
                    before.epoch if before else 0,
                ),
            )
            if self._all(*becomes):
                return True
        found = self.live()
        return found is not None and found.epoch == epoch

    def fail_candidate(self, epoch: int, now: int) -> None:
        """It never becomes live. One that is live already stays live."""
        self._update(_candidate_becomes(FAILED, epoch, now))

    def state(self, rollback: Rollback, now: int) -> bool:
        """Cameras may be shown this statement from now on. False: another was faster."""
        return self._update(rollback_item.stated(rollback, now))

    def go_back(self, rollback: Rollback, to: Proved, withdrawn: int, now: int) -> bool:
        """In one moment with the statement, its release is live, and the candidate `withdrawn`, 0
        for none, is not tried any more. False: one of the three was something else by then."""
        changes = [
            rollback_item.stated(rollback, now),
            Change(
                _LIVE,
                f"SET {_RELEASE}, #labels = :labels, #released_at = :now",
                values={**_values(to.release), "labels": list(to.labels), "now": now},
            ),
        ]
        if withdrawn:
            changes.append(_candidate_becomes(TAKEN_BACK, withdrawn, now))
        return self._all(*changes)

    def note_production_again(self, epoch: int) -> None:
        """The registry shows an older one as the one in use: cameras were taken back to it."""
        self._update(Change(_PRODUCTION, "SET #epoch = :epoch", values={"epoch": epoch}))

    def note_production(self, epoch: int) -> int:
        """The epoch that the registry showed as the one in use until now; 0 for none, or when a
        later one is."""
        change = Change(
            _PRODUCTION,
            "SET #epoch = :epoch",
            "attribute_not_exists(#epoch) OR #epoch < :epoch",
            {"epoch": epoch},
        )
        before = int(self._item(_PRODUCTION).get("epoch", 0))
        return before if self._update(change) else 0

    def note_rollout_job(self, job: str) -> None:
        self._update(Change(_ROLLOUT, "ADD #jobs :job", values={"job": {job}}))

    def forget_rollout_job(self, job: str) -> None:
        self._update(Change(_ROLLOUT, "DELETE #jobs :job", values={"job": {job}}))

    # What is written about cameras

    def record_report(self, camera: Camera) -> bool:
        """False: a newer report is there already."""
        return self._update(camera_item.record(camera))

    def forget_camera(self, thing: str) -> None:
        """A person has removed it. A report that is still on its way is passed over then."""
        self._table.delete_item(Key={"id": camera_item.key(thing)})

    def note_order(self, camera: Camera, ordered: Ordered) -> bool:
        """False: somebody else was faster, and this order must not be given."""
        return self._update(camera_item.order(camera.thing, ordered, camera.ordered))

    def note_told(self, thing: str, epoch: int) -> bool:
        """False: people were told before."""
        return self._update(camera_item.told(thing, epoch))

    def next_order_number(self) -> int:
        change = Change(_AGAIN, "ADD #number :one", values={"one": 1})
        answer = self._table.update_item(**change.as_update(), ReturnValues="UPDATED_NEW")
        number: Any = answer["Attributes"]["number"]
        return int(number)

    # What a person's decision writes

    def decide(self, waiting: ForApproval, state: str, decision: Decision, now: int) -> bool:
        """Approved, it is the candidate in the same moment. False: that was decided before, or a
        newer release has come."""
        decided = Change(
            _APPROVAL,
            "SET #state = :decided, #decided_by = :by, #note = :note, #decided_at = :now",
            "#epoch = :epoch AND #state <> :decided AND #state <> :approved",
            {
                "epoch": waiting.release.epoch,
                "decided": state,
                "approved": APPROVED,
                "by": decision.by,
                "note": decision.note,
                "now": now,
            },
        )
        writes = [decided]
        if state == APPROVED:
            writes.append(_to_candidate(waiting.release, waiting.labels, now))
        return self._all(*writes)

    def pause(self, paused: Paused, now: int) -> None:
        values = {"interrupted": paused.interrupted, "by": paused.by, "note": paused.note}
        change = "SET #interrupted = :interrupted, #by = :by, #note = :note, #at = :now"
        self._update(Change(_PAUSED, change, values=values | {"now": now}))

    def resume(self) -> None:
        self._update(Change(_PAUSED, "REMOVE #interrupted"))

    def decide_now(self, epoch: int, now: int) -> None:
        change = "SET #decide_at = :now"
        self._update(Change(_CANDIDATE, change, "#epoch = :epoch", {"now": now, "epoch": epoch}))

    def try_again(self, epoch: int) -> int:
        """The candidate's rollout begins anew; which try that is. One that is live stays so."""
        change = Change(
            _CANDIDATE,
            "SET #again = if_not_exists(#again, :one) + :one REMOVE #decide_at",
            "#epoch = :epoch",
            {"epoch": epoch, "one": 1},
        )
        answer = self._table.update_item(**change.as_update(), ReturnValues="UPDATED_NEW")
        again: Any = answer["Attributes"]["again"]
        return int(again)

    def try_candidate(self, epoch: int) -> None:
        """Cameras are to prove it once more."""
        change = "SET #state = :tried"
        values = {"epoch": epoch, "tried": TRIED}
        self._update(Change(_CANDIDATE, change, "#epoch = :epoch", values))

    # How DynamoDB is asked

    def _item(self, name: str) -> dict[str, Any]:
        """Empty when it was never written. Read consistently, for a lease may have just moved."""
        return self._table.get_item(Key={"id": name}, ConsistentRead=True).get("Item", {})

    def _update(self, change: Change) -> bool:
        """False: the condition did not hold, and nothing was written."""
        try:
            self._table.update_item(**change.as_update())
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _all(self, *changes: Change) -> bool:
        return self._together(*({"Update": self._within(one.as_update())} for one in changes))

    def _together(self, *writes: Any) -> bool:
        """All or none. False: a condition did not hold."""
        try:
            # boto3 puts values into DynamoDB's form only within a list.
            self._table.meta.client.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
                return False
            raise
        return True

    def _put(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"Put": self._within({"Item": item})}

    def _within(self, request: dict[str, Any]) -> dict[str, Any]:
        """Transactions name the table in every one of their parts."""
        return {"TableName": self._table.name, **request}


_IS_NEWER = "attribute_not_exists(#epoch) OR #epoch < :epoch"
_RELEASE = (
    "#epoch = :epoch, #dataset = :dataset, #model_sha256 = :model_sha256,"
    " #training = :training, #slid = :slid"
)


def _values(release: LiveRelease) -> dict[str, Any]:
    return {
        "epoch": release.epoch,
        "dataset": release.dataset,
        "model_sha256": release.model_sha256,
        "training": release.training,
        "slid": Decimal(f"{release.slid:.4f}"),
    }


def _release_in(item: Mapping[str, Any]) -> LiveRelease:
    return LiveRelease(
        int(item["epoch"]),
        item["model_sha256"],
        item["dataset"],
        item.get("training", ""),
        float(item.get("slid", 0)),
    )


def _to_candidate(release: LiveRelease, labels: Sequence[str], now: int) -> Change:
    return Change(
        _CANDIDATE,
        f"SET {_RELEASE}, #labels = :labels, #published_at = :now, #state = :state"
        " REMOVE #ended_at, #decide_at, #again",
        _IS_NEWER,
        {**_values(release), "labels": list(labels), "now": now, "state": TRIED},
    )


def _candidate_becomes(state: str, epoch: int, now: int) -> Change:
    return Change(
        _CANDIDATE,
        "SET #state = :state, #ended_at = :now",
        "#epoch = :epoch AND #state = :tried",
        {"state": state, "epoch": epoch, "now": now, "tried": TRIED},
    )


def _to_live(release: LiveRelease, labels: Sequence[str], now: int) -> Change:
    return Change(
        _LIVE,
        f"SET {_RELEASE}, #labels = :labels, #released_at = :now",
        f"{_IS_NEWER} OR (#epoch = :epoch AND #model_sha256 = :model_sha256)",
        {**_values(release), "labels": list(labels), "now": now},
    )
