"""How do cameras come to believe another release key? By a change that the key before has signed,
in every order from then on. `lensloop key rotate` and `retire` ask here.

Event: {"change": "rotate" or "retire", "compromised",
"anyway", "by", "note", "dry_run"}; the answer is {"did", "sentence"}, and where it may be done
"number", of the change, "believed", keys by their number, and "cameras".

Nothing is written before everything is signed, and then in one moment: a function that breaks
leaves the keys as they were. An order for cameras that lacks is given again by the reconciler.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

from lambdas import deploy_release
from lambdas.aws import fleet, handover, signing
from lambdas.aws.keys_item import Keys
from lambdas.aws.rollback_item import Rollback
from lambdas.aws.state import StateTable, state_table
from lensloop import news
from lensloop.fleet.keys import Change, Stand, follower, retire, rotate
from lensloop.rollout import PROVEN, TRIED
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import LensloopError
from lensloop.wire.order import Signed
from lensloop.wire.succession import SignedSuccession, Succession, fingerprint, text

ROTATE, RETIRE = "rotate", "retire"
_WAVES = ("canary", "fleet")


class NotChanged(LensloopError):
    """Keys or releases moved meanwhile; trying again helps."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    settings, table = Settings.from_json(os.environ["SETTINGS"]), state_table()
    keys, stand = table.keys(), _stand(table)
    change = _wanted(stand, event)
    if change.refusal:
        return {"did": False, "sentence": change.refusal}
    answer = {
        "number": keys.number + 1,
        "believed": list(change.believed),
        "cameras": len(stand.cameras),
    }
    if event.get("dry_run"):
        return {"did": False, "sentence": change.question, **answer}
    new = _change(table, keys, change.believed, settings.project)
    if stand.live:
        _order_all(table, stand, new, settings)
        _tell(stand.live, change.done, event)
    return {"did": True, "sentence": change.done, **answer}


def _wanted(stand: Stand, event: dict[str, Any]) -> Change:
    if event["change"] == ROTATE:
        return rotate(stand, compromised=bool(event.get("compromised")))
    if event["change"] == RETIRE:
        return retire(stand, anyway=bool(event.get("anyway")))
    return Change(refusal=f"Nobody knows how to {event['change']!r} a key.")


def _deployed() -> list[str]:
    """The ARNs of the stack's keys, the first first."""
    return os.environ["RELEASE_KEYS"].split(",")


def _stand(table: StateTable) -> Stand:
    keys, live, deployed = table.keys(), table.live_on_cameras(), _deployed()
    paused = table.paused()
    known = {camera.thing: camera.report for camera in table.cameras()}
    things = [thing for wave in _WAVES for thing in fleet.cameras_in(wave)]
    lost = bool(keys.signer) and keys.signer not in deployed
    return Stand(
        (0, *keys.names[1:]) if lost else keys.names,
        len(deployed),
        keys.number,
        handover.is_running(os.environ["ROLLOUT_ARN"]),
        live.epoch if live else 0,
        [follower(thing, known.get(thing)) for thing in things],
        fingerprint(keys.believed[0]) if keys.chain else "",
        held=live is not None
        and (live.stopped or (paused is not None and paused.interrupted == live.epoch)),
    )


def _change(table: StateTable, keys: Keys, believed: Sequence[int], project: str) -> Keys:
    arns = [_deployed()[number - 1] for number in believed]
    before, key = keys.signer or _deployed()[0], arns[0]
    number = keys.number + 1
    said = text(Succession(project, number, tuple(signing.public_half(arn) for arn in arns)))
    content = said.encode()
    signed = SignedSuccession(said, signing.sign(content, before), signing.sign(content, key))
    new = Keys(number, key, tuple(believed), (*keys.chain, signed), int(time.time()))
    releases = {}
    for epoch in _needed(table):
        if renewed := signing.renewal(table, epoch, key):
            releases[epoch] = renewed
    if not table.change_keys(new, releases, _stated_anew(table, key)):
        raise NotChanged("Somebody else changed keys or took releases back just now; try again.")
    return new


def _needed(table: StateTable) -> list[int]:
    """Releases that may be ordered without anybody who signs: others are signed when they are."""
    live, candidate, waits = table.live(), table.candidate(), table.for_approval()
    found = {live.epoch} if live else set()
    if candidate and candidate.state in (TRIED, PROVEN):
        found.add(candidate.release.epoch)
    if waits:
        found.add(waits.release.epoch)
    return sorted(found)


def _stated_anew(table: StateTable, key: str) -> Rollback | None:
    back = table.rollback()
    if back is None:
        return None
    said = back.signed.statement
    signed = Signed(said, signing.sign(said.encode(), key))
    return Rollback(back.serial, back.epoch, back.away, signed)


def _order_all(table: StateTable, stand: Stand, keys: Keys, settings: Settings) -> None:
    """With the live release, which most cameras run already. Orders from before are withdrawn: they
    do not bring the key that signs now. One of a newer release that nobody has answered may stand
    while the key that signed it counts; otherwise that release is rolled out again by itself.
    """
    prefix, live = names.prefix(settings.project, settings.stage), stand.live
    older = table.rollout_jobs()
    for wave in stand.waves:
        job = names.key_job(prefix, live, keys.number, wave)
        table.note_rollout_job(job)
        deploy_release.order_wave(job, live, wave, settings)
    both_count = len(keys.names) > 1
    for job in older:
        if not (both_count and names.release_of(prefix, job) > live):
            fleet.withdraw(job, "KEY_CHANGED")


def _tell(live: int, done: str, event: dict[str, Any]) -> None:
    message = news.key_changed(done, str(event.get("by") or ""), str(event.get("note") or ""))
    handover.tell({"workflow": "fleet", "epoch": live, "text": news.as_text(message)})
