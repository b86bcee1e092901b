"""May another key sign releases from now on, and which keys are cameras to believe? What a person
wants, by what cameras have reported.

A change has two steps. `rotate`: the newest key signs, and cameras believe it and the one before.
`retire`: they believe the newest alone, once all of them have reported that they know it. Where the
key before is in other hands, both are one step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lensloop.reasons import counted, listed
from lensloop.wire.report import Report

_NAMED = 5  # cameras in a sentence; `lensloop key show` has all


@dataclass(frozen=True)
class Follower:
    """A registered camera. `number`: of the newest change of keys that it has reported; None: its
    agent cannot follow one, or it never reported. `key`: the fingerprint of the key that it says
    signs."""

    thing: str
    seen: bool
    number: int | None = None
    key: str = ""


def follower(thing: str, report: Report | None) -> Follower:
    if report is None:
        return Follower(thing, seen=False)
    return Follower(thing, True, report.key_number, (report.keys or ("",))[0])


@dataclass(frozen=True)
class Stand:
    """Keys are called by their number in the stack, 1 for the first. `believed`: the one that signs
    first; 0: it is not deployed any more. `newest`: that is deployed. `number`: of the last change.
    `running`: whether a rollout runs. `live`: the epoch that cameras are ordered again; 0: none.
    `key`: the fingerprint of the key that signs; empty before the first change. `held`: the fleet
    is not to get the live release now: a person has paused its rollout, or too many cameras failed
    it.
    """

    believed: tuple[int, ...]
    newest: int
    number: int
    running: bool
    live: int
    cameras: Sequence[Follower]
    key: str = ""
    held: bool = False

    @property
    def waves(self) -> tuple[str, ...]:
        """Who is ordered the live release, which brings the change."""
        return ("canary",) if self.held else ("canary", "fleet")


@dataclass(frozen=True)
class Change:
    """`refusal`: why nothing is done, or nothing. `believed`: as cameras are to have it."""

    believed: tuple[int, ...] = ()
    question: str = ""
    done: str = ""
    refusal: str = ""


def rotate(stand: Stand, *, compromised: bool = False) -> Change:
    """`compromised`: nothing that the key before has signed is to be believed any more."""
    signs, newest = stand.believed[0], stand.newest
    if refusal := _not_now(stand):
        return Change(refusal=refusal)
    if newest <= signs:
        return Change(
            refusal=f"Key {signs} signs and is the newest that is deployed. Set `release_key` to"
            f" {signs + 1} in cdk.json and deploy, which makes another; then say this again."
        )
    if compromised:
        return _at_once(stand, newest)
    if len(stand.believed) > 1:
        return Change(
            refusal=f"Cameras still believe key {stand.believed[1]} beside key {signs}: first"
            " `lensloop key retire`."
        )
    old = [camera.thing for camera in stand.cameras if camera.seen and camera.number is None]
    if old:
        return Change(
            refusal=f"{_who(old)}: the agent there cannot follow to another key, and would take no"
            " release any more. Update it first (docs/cameras.md), or remove the camera."
        )
    what = f"to believe it, and key {signs} as well until `lensloop key retire`"
    return Change(
        (newest, signs),
        f"Have key {newest} sign from now on? {_orders(stand, what)}{_unseen(stand)}",
        f"Key {newest} signs from now on. {_orders(stand, what)} When `lensloop key show` says that"
        " all do: `lensloop key retire`.",
    )


def retire(stand: Stand, *, anyway: bool = False) -> Change:
    """`anyway`: although cameras have not reported that they know the key that signs."""
    signs = stand.believed[0]
    if refusal := _not_now(stand):
        return Change(refusal=refusal)
    if len(stand.believed) < 2:
        return Change(refusal=f"Cameras are to believe key {signs} alone; none is to be retired.")
    behind = lacking(stand)
    if behind and not anyway:
        return Change(
            refusal=f"{len(behind)} of {counted(len(stand.cameras), 'camera', 'cameras')} not known"
            f" to believe key {signs}: {_who(behind)}. Every order brings it, also after a long"
            " absence. Wait, remove those that are gone (`lensloop camera remove`), or add"
            " --anyway."
        )
    old = stand.believed[1]
    late = f" Not known to believe key {signs} yet, and to learn both: {_who(behind)}."
    orders = _orders(stand, f"to believe nothing of key {old}") + (late if behind else "")
    return Change(
        (signs,),
        f"Have key {signs} count alone? {orders}",
        f"Key {signs} counts alone. {orders} {_afterwards([old])}",
    )


def lacking(stand: Stand) -> list[str]:
    """Who has not reported to know the newest change – or believes keys that are not ours."""
    return [one.thing for one in stand.cameras if not knows(one, stand.number, stand.key)]


def knows(camera: Follower, number: int, key: str) -> bool:
    """`key`: the fingerprint of the one that signs since this change; empty before the first."""
    if camera.number is None or camera.number < number:
        return False
    return not key or camera.key == key


def _at_once(stand: Stand, newest: int) -> Change:
    left = _keys(stand.believed)
    orders = _orders(stand, f"to believe nothing of {left}")
    return Change(
        (newest,),
        f"Have key {newest} sign from now on, and count alone? {orders} Who is offline goes on"
        f" believing {left} until it returns, and an agent that cannot follow takes no release any"
        " more.",
        f"Key {newest} signs from now on, and counts alone. {orders} {_afterwards(stand.believed)}",
    )


def _not_now(stand: Stand) -> str:
    if not stand.believed[0]:
        return (
            "The key that signs is not deployed any more: set `release_key` in cdk.json back to"
            " what it was, and deploy."
        )
    if stand.running:
        return "A rollout is running; wait for its end, or `lensloop pause` it."
    return ""


def _orders(stand: Stand, what: str) -> str:
    if not stand.cameras:
        return "There are no cameras yet."
    if not stand.live:
        return f"No release is live yet: with their first order cameras are told {what}."
    if stand.held:
        return (
            f"Canaries are ordered {what}; the fleet is with its next order, for its rollout is"
            " held (`lensloop resume`, `retry` or `rollback`)."
        )
    one = len(stand.cameras) == 1
    who = "The only camera is" if one else f"All {len(stand.cameras):,} cameras are"
    return f"{who} ordered {what}."


def _afterwards(left: Sequence[int]) -> str:
    return (
        f"When `lensloop key show` says that all do, nothing needs {_keys(left)} any more: disable"
        " it in AWS KMS."
    )


def _unseen(stand: Stand) -> str:
    never = [camera.thing for camera in stand.cameras if not camera.seen]
    return (
        f" Never reported, so nobody knows whether it can follow: {_who(never)}." if never else ""
    )


def _who(things: Sequence[str]) -> str:
    return listed(things, _NAMED)


def _keys(numbers: Sequence[int]) -> str:
    return " and ".join(f"key {one}" for one in numbers)


# How things stand, for people


def words(camera: Follower, signs: int, number: int, key: str) -> str:
    """Of one camera. `signs`: the key that signs since change `number`; `key`: its fingerprint."""
    if not camera.seen:
        return "never reported"
    if camera.number is None:
        return "its agent cannot follow to another key: update it"
    if camera.number < number:
        return f"does not believe key {signs} yet"
    if camera.key != key:
        return f"believes {camera.key or 'no key'}, which is not key {signs}"
    return f"believes key {signs}"


def what_next(believed: Sequence[int], newest: int, lack: int) -> str:
    """`lack`: how many cameras are not known to believe the key that signs."""
    signs = believed[0]
    if len(believed) > 1 and lack:
        who = counted(lack, "camera is", "cameras are")
        return (
            f"{who} not known to believe key {signs}; the next order brings it. After that:"
            " `lensloop key retire`."
        )
    if len(believed) > 1:
        return f"All cameras believe key {signs}: `lensloop key retire` ends key {believed[1]}."
    if newest > signs:
        return f"Key {newest} is deployed and does not sign yet: `lensloop key rotate`."
    return (
        f"For another key, set `release_key` to {signs + 1} in cdk.json and deploy; then `lensloop"
        " key rotate`."
    )
