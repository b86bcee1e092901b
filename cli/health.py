"""How are the cameras? `lensloop fleet`, and what every other command says of them: who is
registered, from AWS IoT, and what each reported last, from the state table in one request.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import time

from rich.table import Table

from cli import show
from cli.asked import Asked, asks
from cli.fleet import Camera, cameras, registered
from cli.place import Place
from lambdas.aws.state import StateTable
from lensloop.fleet import look, terms
from lensloop.fleet.terms import Live

_COLUMNS = ("camera", "wave", "how it is", "seen", "release", "proof", "model", "fps", "°C", "free")
_STYLES = {look.WELL: "green", look.SILENT: "red", look.WRONG: "red", look.WAITING: "yellow"}


@dataclass(frozen=True)
class Health:
    """`state` is one of lensloop.fleet.look's, `words` say it. Times are in UTC; what a camera did
    not say is None."""

    thing: str
    wave: str
    state: str
    words: str
    last_seen: str | None = None
    epoch: int | None = None
    proof: str | None = None  # golden pictures
    latency_ms: float | None = None
    precision: str | None = None
    fps: float | None = None
    temperature: float | None = None
    disk_free_mb: int | None = None
    last_error: str | None = None
    release_waiting_since: str | None = None
    agent: int | None = None


@asks
def fleet(asked: Asked) -> None:
    """How every camera is: what it runs, since when it is silent, what it lacks."""
    with show.busy("Asking for the cameras …"):
        found = healths(asked.place, int(time()))
    if asked.as_json:
        show.give([asdict(one) for one in found])
        return
    if not found:
        show.say("There are no cameras yet; `lensloop camera add deeplens_<id> …` makes one.")
        return
    show.out().print(table(found))
    for one in found:
        if one.last_error:
            show.say(f"{one.thing} said last: {one.last_error}")


def healths(place: Place, now: int) -> list[Health]:
    known, live = _reported(place)
    things = registered(place.client("iot"), place.prefix)
    return [health(thing, wave, known.get(thing), live, now) for thing, wave in things]


def known_cameras(place: Place, now: int) -> list[Camera]:
    """Of one that reported, its report answers; of the others, AWS IoT's jobs are asked one by
    one."""
    known, live = _reported(place)
    answers = {thing: answer(camera, live, now) for thing, camera in known.items()}
    return cameras(place.client("iot"), place.prefix, answers)


def _reported(place: Place) -> tuple[dict[str, terms.Camera], Live | None]:
    table = StateTable(place.table())
    try:
        return {camera.thing: camera for camera in table.cameras()}, table.live_on_cameras()
    except place.table().meta.client.exceptions.ResourceNotFoundException:
        raise place.nothing_here() from None


def answer(camera: terms.Camera, live: Live | None, now: int) -> str:
    found, report = look.look(camera, live, now), camera.report
    if report.epoch is None:
        return found.words
    proven = f"release {report.epoch} proven {report.golden or '?'}"
    return proven if found.state == look.WELL else f"{proven}; {found.words}"


def health(
    thing: str, wave: str, camera: terms.Camera | None, live: Live | None, now: int
) -> Health:
    found = look.look(camera, live, now)
    if camera is None:
        return Health(thing, wave, found.state, found.words)
    report = camera.report
    return Health(
        thing=thing,
        wave=wave,
        state=found.state,
        words=found.words,
        last_seen=_time(camera.seen_at),
        epoch=report.epoch,
        proof=report.golden,
        latency_ms=report.latency_ms,
        precision=report.precision,
        fps=report.fps,
        temperature=report.temperature,
        disk_free_mb=report.disk_free_mb,
        last_error=report.last_error,
        release_waiting_since=_time(found.waiting_since) if found.waiting_since else None,
        agent=report.agent,
    )


def table(found: list[Health]) -> Table:
    grid = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for one in found:
        words = one.words
        if one.release_waiting_since:
            words += f" (since {_here(one.release_waiting_since)})"
        grid.add_row(
            show.shown(one.thing),
            one.wave,
            show.shown(words, _STYLES.get(one.state, "")),
            _here(one.last_seen) if one.last_seen else "–",
            _cell(one.epoch),
            _cell(one.proof),
            _cell(one.precision),
            _cell(one.fps, ".1f"),
            _cell(one.temperature, ".0f"),
            "–" if one.disk_free_mb is None else f"{one.disk_free_mb / 1000:.1f} GB",
        )
    return grid


def _cell(value: float | str | None, form: str = "") -> str:
    return "–" if value is None else format(value, form)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _here(iso: str) -> str:
    """In the time of whoever reads it."""
    return f"{datetime.fromisoformat(iso).astimezone():%d %b %H:%M}"
