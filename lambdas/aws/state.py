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
again (camera_item.py). `again`: the number of the last such order. `keys`: which key signs releases
and how cameras are led to it, and `signature#<epoch>`: of a release from before, by that key
(keys_item.py).

What a run moves, it moves only while the lease is its own. What a rollout moves, it moves only for
the candidate that is tried. Programs for people read with `StateTable(boto3's Table)`; only steps
write, but for a camera that a person removes.

What it knows of cameras: known_cameras.py; of keys: known_keys.py. How releases are written down:
release_item.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lambdas.aws import clients, items, release_item, rollback_item, trigger_item
from lambdas.aws.change import Change
from lambdas.aws.items import TRIGGER
from lambdas.aws.known_cameras import KnownCameras
from lambdas.aws.known_keys import KnownKeys
from lambdas.aws.release_item import Candidate, ForApproval, LiveRelease, Proved
from lambdas.aws.rollback_item import Rollback
from lambdas.aws.trigger_item import HOLDS_LEASE
from lensloop.fleet.terms import Live
from lensloop.model.approval import APPROVED, WAITING, Decision
from lensloop.model.standards import Trained
from lensloop.rollout import FAILED, PROVEN, TAKEN_BACK, TRIED
from lensloop.trigger.terms import State, Step
from lensloop.wire.errors import BadArtifact, StaleEpoch


@dataclass(frozen=True)
class NewestDataset:
    digest: str
    epoch: int  # of the run that assembled it last


@dataclass(frozen=True)
class Paused:
    """A person has paused rollouts. `interrupted`: the epoch of the one that ran; 0 for none."""

    interrupted: int
    by: str
    note: str


def state_table() -> "StateTable":
    """The one that this function was deployed with."""
    return StateTable(clients.table())


class StateTable(KnownCameras, KnownKeys):
    # What is there

    def trigger(self) -> State:
        return trigger_item.to_state(self._item(TRIGGER))

    def last_outcome(self) -> Mapping[str, Any] | None:
        """How the last run ended, as `decide` put it down."""
        return self._item(TRIGGER).get("last_outcome")

    def dataset(self) -> NewestDataset | None:
        item = self._item(items.DATASET)
        return NewestDataset(item["digest"], int(item["epoch"])) if item else None

    def live(self) -> LiveRelease | None:
        item = self._item(items.LIVE)
        return release_item.release_in(item) if item else None

    def labels_of_live(self) -> tuple[str, ...]:
        return tuple(self._item(items.LIVE).get("labels", ()))

    def candidate(self) -> Candidate | None:
        item = self._item(items.CANDIDATE)
        if not item:
            return None
        return Candidate(
            release_item.release_in(item),
            tuple(item["labels"]),
            item["state"],
            int(item.get("decide_at", 0)),
            int(item.get("again", 1)),
        )

    def paused(self) -> Paused | None:
        item = self._item(items.PAUSED)
        if "interrupted" not in item:
            return None
        return Paused(int(item["interrupted"]), item["by"], item["note"])

    def for_approval(self) -> ForApproval | None:
        item = self._item(items.APPROVAL)
        if not item:
            return None
        return ForApproval(
            release_item.release_in(item),
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
        return str(self._item(f"{items.RELEASED}{epoch}").get("manifest_sha256", ""))

    def proved(self, epoch: int) -> Proved | None:
        """What made this release live; None for one that no camera has proved, or from before that
        was kept.
        """
        item = self._item(f"{items.PROVED}{epoch}")
        if not item:
            return None
        return Proved(release_item.release_in(item), tuple(item["labels"]), int(item["before"]))

    def rollback(self) -> Rollback | None:
        return rollback_item.to_rollback(self._item(items.ROLLBACK))

    def trained(self) -> Trained | None:
        item = self._item(items.TRAINED)
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
        return sorted(self._item(items.ROLLOUT).get("jobs", ()))

    def package(self, epoch: int) -> str:
        """The ARN of the release's version in the model registry; empty when it has none."""
        return str(self._item(f"{items.PACKAGE}{epoch}").get("arn", ""))

    def live_on_cameras(self) -> Live | None:
        """The live release as the rules of the fleet know it."""
        item, back = self._item(items.LIVE), self.rollback()
        if not item:
            return None
        epoch = int(item["epoch"])
        candidate = self.candidate()
        tried = candidate.release.epoch if candidate and candidate.state == TRIED else 0
        return Live(
            epoch,
            item["model_sha256"],
            int(item.get("released_at", 0)),
            back.away if back and back.epoch == epoch else 0,
            stopped="stopped_at" in item,
            keys=self.keys().number,
            by_shares="shares_at" in item,
            tried=tried,
        )

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
        newest = {"id": items.DATASET, "digest": digest, "epoch": epoch}
        if not self._together({"Update": self._within(of_run.as_update())}, self._put(newest)):
            raise StaleEpoch(f"Run {epoch} lost the lease while it assembled its data set.")

    def split_key(self, fresh: str) -> str:
        """The project's own; `fresh` becomes it where there is none yet. Whoever wants the same
        splits again writes the key before the first run; an empty one leaves them to the hash.
        """
        if "key" not in self._item(items.SPLIT):
            change = Change(
                items.SPLIT, "SET #key = :key", "attribute_not_exists(#key)", {"key": fresh}
            )
            self._update(change)  # another may have been faster
        return str(self._item(items.SPLIT)["key"])

    def note_trained(self, trained: Trained) -> None:
        """What was judged once can be judged again, without training."""
        lease = Change(TRIGGER, "", HOLDS_LEASE, {"epoch": trained.epoch})
        newest = {"id": items.TRAINED, **asdict(trained)}
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
        newer = Change(items.LIVE, "", release_item.IS_NEWER, {"epoch": release.epoch})
        newest = {"ConditionCheck": self._within(newer.as_check())}
        candidate = release_item.to_candidate(release, labels, now)
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
            items.APPROVAL,
            f"SET {release_item.RELEASE}, #labels = :labels, #published_at = :now, #state = :state,"
            " #instead_of = :waited REMOVE #decided_by, #note, #decided_at",
            release_item.IS_NEWER,
            {**release_item.values(release), "labels": list(labels), "now": now, "state": WAITING}
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
            f"{items.RELEASED}{epoch}",
            "SET #manifest_sha256 = :sha256",
            "attribute_not_exists(#manifest_sha256) OR #manifest_sha256 = :sha256",
            {"sha256": sha256},
        )
        if not self._update(change):
            raise BadArtifact(
                f"Another manifest was published as release {epoch}; releases are never changed."
            )

    def note_package(self, epoch: int, arn: str) -> None:
        self._update(Change(f"{items.PACKAGE}{epoch}", "SET #arn = :arn", values={"arn": arn}))

    # What a rollout writes

    def prove(self, epoch: int, now: int, *, by_shares: bool = False) -> bool:
        """The candidate is live, in the moment in which it is proved. True also when it was before;
        false when another release has taken its place. `by_shares`: the rest of the fleet gets it
        share by share."""
        candidate = self.candidate()
        if candidate and candidate.release.epoch == epoch:
            before = self.live()
            becomes = (
                release_item.candidate_becomes(PROVEN, epoch, now),
                release_item.to_live(candidate.release, candidate.labels, now, by_shares=by_shares),
                rollback_item.proved(
                    epoch,
                    release_item.RELEASE,
                    release_item.values(candidate.release),
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
        self._update(release_item.candidate_becomes(FAILED, epoch, now))

    def stop_live(self, epoch: int, now: int) -> None:
        """Too many cameras of the fleet failed it: who has an older one is not ordered it."""
        change = "SET #stopped_at = :now"
        self._update(Change(items.LIVE, change, "#epoch = :epoch", {"now": now, "epoch": epoch}))

    def go_on_with_live(self, epoch: int) -> None:
        """The whole fleet has an order for it."""
        change = "REMOVE #stopped_at, #shares_at"
        self._update(Change(items.LIVE, change, "#epoch = :epoch", {"epoch": epoch}))

    def state(self, rollback: Rollback, now: int) -> bool:
        """Cameras may be shown this statement from now on. False: another was faster."""
        return self._update(rollback_item.stated(rollback, now))

    def go_back(self, rollback: Rollback, to: Proved, live: int, withdrawn: int, now: int) -> bool:
        """In one moment with the statement, its release is live, and the candidate `withdrawn`, 0
        for none, is not tried any more. False: one of the three was something else by then. `live`:
        the epoch that was live when this was decided."""
        changes = [
            rollback_item.stated(rollback, now),
            Change(
                items.LIVE,
                f"SET {release_item.RELEASE}, #labels = :labels, #released_at = :now"
                " REMOVE #stopped_at, #shares_at",
                "#epoch = :was",
                {**release_item.values(to.release), "labels": list(to.labels), "now": now}
                | {"was": live},
            ),
        ]
        if withdrawn:
            changes.append(release_item.candidate_becomes(TAKEN_BACK, withdrawn, now))
        return self._all(*changes)

    def note_production_again(self, epoch: int) -> None:
        """The registry shows an older one as the one in use: cameras were taken back to it."""
        self._update(Change(items.PRODUCTION, "SET #epoch = :epoch", values={"epoch": epoch}))

    def note_production(self, epoch: int) -> int:
        """The epoch that the registry showed as the one in use until now; 0 for none, or when a
        later one is."""
        change = Change(
            items.PRODUCTION,
            "SET #epoch = :epoch",
            "attribute_not_exists(#epoch) OR #epoch < :epoch",
            {"epoch": epoch},
        )
        before = int(self._item(items.PRODUCTION).get("epoch", 0))
        return before if self._update(change) else 0

    def note_rollout_job(self, job: str) -> None:
        self._update(Change(items.ROLLOUT, "ADD #jobs :job", values={"job": {job}}))

    def forget_rollout_job(self, job: str) -> None:
        self._update(Change(items.ROLLOUT, "DELETE #jobs :job", values={"job": {job}}))

    # What a person's decision writes

    def decide(self, waiting: ForApproval, state: str, decision: Decision, now: int) -> bool:
        """Approved, it is the candidate in the same moment. False: that was decided before, or a
        newer release has come."""
        decided = Change(
            items.APPROVAL,
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
            writes.append(release_item.to_candidate(waiting.release, waiting.labels, now))
        return self._all(*writes)

    def pause(self, paused: Paused, now: int) -> None:
        values = {"interrupted": paused.interrupted, "by": paused.by, "note": paused.note}
        change = "SET #interrupted = :interrupted, #by = :by, #note = :note, #at = :now"
        self._update(Change(items.PAUSED, change, values=values | {"now": now}))

    def resume(self) -> None:
        self._update(Change(items.PAUSED, "REMOVE #interrupted"))

    def decide_now(self, epoch: int, now: int) -> None:
        change = "SET #decide_at = :now"
        self._update(
            Change(items.CANDIDATE, change, "#epoch = :epoch", {"now": now, "epoch": epoch})
        )

    def try_again(self, epoch: int) -> int:
        """The candidate's rollout begins anew; which try that is. One that is live stays so."""
        change = Change(
            items.CANDIDATE,
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
        self._update(Change(items.CANDIDATE, change, "#epoch = :epoch", values))
