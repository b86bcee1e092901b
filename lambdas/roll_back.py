"""How do cameras get back to a good release? By a signed statement that names it, with a serial
above all before, in an order to a whole wave: whoever runs it already has nothing to do.

Events: {"epoch", "wave"} from the rollout, when a wave has not proved its release: that wave goes
back, or all cameras where the release was live already; and from a
person {"to": an epoch, or nothing for the last good release, "by", "note", "dry_run"}, answered
with {"did", "sentence", "to", "away", "cameras"}. A person's also moves `live`, and withdraws what
is tried.
"""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lambdas import deploy_release
from lambdas.aws import fleet, handover, registry, signing, stating
from lambdas.aws.release_item import Proved
from lambdas.aws.state import StateTable, state_table
from lambdas.aws.stating import TRIES, NotStated
from lensloop import news
from lensloop.fleet.back import Back, Known, done, question, where_to, where_to_from_stopped
from lensloop.model.registry import TAKEN_BACK, stage
from lensloop.rollout import PROVEN, TRIED
from lensloop.settings import Settings
from lensloop.wire import names

_WAVES = ("canary", "fleet")
_MOST_GOOD = 20  # releases that are looked back at


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings = Settings.from_json(os.environ["SETTINGS"])
    if "wave" in event:
        return _wave_back(int(event["epoch"]), event["wave"], settings)
    return _all_back(event, settings)


# A wave that has not proved its release


def _wave_back(epoch: int, wave: str, settings: Settings) -> dict[str, Any]:
    """In the shape that the record reads: {"reasons"}. Nothing is done where another release has
    taken the place of this one.
    """
    table, live = state_table(), state_table().live()
    if live is None:
        return {"reasons": [f"No release is live, so cameras that took release {epoch} keep it."]}
    if live.epoch == epoch:
        return {"reasons": _live_back(table, settings)}
    if live.epoch > epoch or fleet.release(epoch)[1]:
        return {"reasons": []}
    serial = stating.state(table, live.epoch, epoch, settings.project).serial
    job = _order(live.epoch, serial, wave, settings)
    if fleet.release(epoch)[1]:  # a newer one has come meanwhile, whose order is the last word
        fleet.withdraw(job, "SUPERSEDED")
        return {"reasons": []}
    if table.live() != live:  # a person took the cameras to another meanwhile: to that, then
        fleet.withdraw(job, "SUPERSEDED")
        return _wave_back(epoch, wave, settings)
    return {"reasons": [f"The {wave} cameras are ordered back to release {live.epoch}."]}


def _live_back(table: StateTable, settings: Settings) -> list[str]:
    """Canaries had made it live, and too many others failed it: then nobody keeps it. Orders that a
    broken try did not come to are given by the reconciler.
    """
    found, known = table.live_on_cameras(), _known(table)
    if found is None or not found.stopped:
        return []
    back = where_to_from_stopped(known)
    if back.refusal:
        return [back.refusal]
    deploy_release.document(back.to, settings.fleet_timeout_minutes)  # raises, as for a person
    cameras = sum(len(fleet.cameras_in(wave)) for wave in _WAVES)
    said = {"by": "", "note": news.TAKEN_BACK_BY_ITSELF, "told": True}
    _go(table, known, back, cameras, said, settings)
    return [done(back, cameras)]


# The whole fleet, as a person wants it


def _all_back(event: dict[str, Any], settings: Settings) -> dict[str, Any]:
    table, wanted = state_table(), int(event.get("to") or 0)
    known = _known(table)
    back = where_to(known, wanted, proved=bool(wanted and table.proved(wanted)))
    if back.refusal:
        return {"did": False, "sentence": back.refusal}
    cameras = sum(len(fleet.cameras_in(wave)) for wave in _WAVES)
    # Raises before anything is moved where its files are not there any more, or not what they were.
    deploy_release.document(back.to, settings.fleet_timeout_minutes)
    answer = {"to": back.to, "away": back.away, "cameras": cameras}
    if event.get("dry_run"):
        return {"did": False, "sentence": question(back, cameras), **answer}
    said = {"by": event.get("by") or "", "note": event.get("note") or ""}
    serial = _go(table, known, back, cameras, said, settings)
    return {"did": True, "sentence": done(back, cameras), "serial": serial, **answer}


def _go(
    table: StateTable,
    known: Known,
    back: Back,
    cameras: int,
    said: Mapping[str, Any],
    settings: Settings,
) -> int:
    """The statement's serial. `said`: by whom, and why."""
    serial = _move(table, known, back, settings.project)
    _order_all(table, back.to, max(known.newest, back.to), serial, settings)
    _show(table, back)
    moved = {"to": back.to, "away": back.away, "cameras": cameras, "serial": serial}
    handover.tell({"workflow": "rollback", "epoch": back.away, **moved, **said})
    return serial


def _known(table: StateTable) -> Known:
    live, candidate = table.live(), table.candidate()
    epoch = live.epoch if live else 0
    newest = max(epoch, candidate.release.epoch if candidate else 0)
    tried = candidate.release.epoch if candidate and candidate.state == TRIED else 0
    return Known(epoch, tried, newest, _good_before(table, epoch))


def _good_before(table: StateTable, epoch: int) -> Sequence[int]:
    """Those that were live before, each from the one that followed it."""
    found: list[int] = []
    while len(found) < _MOST_GOOD:
        one = table.proved(epoch)
        if one is None or not one.before:
            break
        epoch = one.before
        found.append(epoch)
    return found


def _move(table: StateTable, known: Known, back: Back, project: str) -> int:
    """The statement's serial."""
    withdrawn = known.tried if known.tried > known.live else 0
    away = max(known.newest, back.to)
    for _ in range(TRIES):
        new = stating.following(table, back.to, away, project)
        proved = _proved(table, back.to)
        if table.go_back(new, proved, known.live, withdrawn, int(time.time())):
            return new.serial
        if _known(table) != known:
            raise NotStated(
                "Releases moved while this was decided, so nothing was done. Look at `lensloop"
                " status`, and say it again."
            )
    raise NotStated("Others state releases all the time, so nothing was done; try again.")


def _proved(table: StateTable, epoch: int) -> Proved:
    """Also of a live release from before that was kept."""
    found, live = table.proved(epoch), table.live()
    if found is None and live and live.epoch == epoch:
        return Proved(live, table.labels_of_live(), 0)
    if found is None:
        raise NotStated(f"Nobody knows any more what release {epoch} was.")
    return found


def _order_all(table: StateTable, to: int, away: int, serial: int, settings: Settings) -> None:
    """Then no other order stands: neither a wave's, nor one camera's own. But those of a release
    that was published since: canaries that try it are not to be led back from it.
    """
    prefix = names.prefix(settings.project, settings.stage)
    ordered = {wave: _order(to, serial, wave, settings) for wave in _WAVES}
    waves = table.rollout_jobs()
    newer = [job for job in waves if names.release_of(prefix, job) > away]
    orders = {
        job
        for wave, job in ordered.items()
        if not any(other.endswith(f"-{wave}") for other in newer)
    }
    for job in waves:
        if job not in orders and job not in newer:
            fleet.withdraw(job, "ROLLED_BACK")
    for camera in table.cameras():
        if camera.ordered and camera.ordered.epoch != to:
            for job in fleet.open_orders(camera.thing, prefix):
                if job not in orders:
                    fleet.withdraw(job, "ROLLED_BACK")


def _show(table: StateTable, back: Back) -> None:
    """In the model registry."""
    for left in (back.away, back.live):
        if left and left != back.to:
            registry.show_stage(left, TAKEN_BACK)
    table.note_production_again(back.to)
    registry.show_stage(back.to, stage("fleet", PROVEN))


# Both


def _order(to: int, serial: int, wave: str, settings: Settings) -> str:
    """The job's name. Its document carries the statement, as each order for that release does."""
    job = names.back_job(names.prefix(settings.project, settings.stage), to, serial, wave)
    signing.renew(state_table(), to)
    state_table().note_rollout_job(job)
    deploy_release.order_wave(job, to, wave, settings)
    return job
