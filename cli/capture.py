"""How does a person take pictures with the camera that will answer? `lensloop camera capture`.

The camera hands its frames over below review/, as uncertain ones; here they are looked at, and only
those that a person keeps become labelled pictures. Whatever is cut in between, they lie in review/.
"""

import base64
import contextlib
import html
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import health, opened, records, show
from cli.asked import Asked, asks
from cli.faults import OF_THE_CLOUD, complaint
from cli.fleet import CameraError
from cli.place import Place
from lambdas.aws.listing import list_below
from lensloop.dataset.look import LEAST_SIDE, Look, look
from lensloop.dataset.missing import missing
from lensloop.importing import provenance, takings
from lensloop.review import naming
from lensloop.review.places import copy_of, frame_of
from lensloop.wire import capture as wire
from lensloop.wire import names
from lensloop.wire.capture import Wanted
from lensloop.wire.errors import PictureError
from lensloop.wire.picture import open_picture
from lensloop.wire.review import PICTURE

_SAY_AGAIN_SECONDS = 15.0  # until the first picture arrives: a message may be lost
_LOOK_SECONDS = 2.0
_GRACE_SECONDS = 60.0  # for what the camera still sends when its time is over
_PAGE = """<!doctype html><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>{title}</title><style>body{{font:16px system-ui;margin:1rem;color-scheme:light dark}}
main{{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:.75rem}}
figure{{margin:0}}img{{width:100%;border-radius:6px}}</style><h1>{title}</h1><main>{figures}</main>
"""

Thing = Annotated[str, typer.Argument(help="deeplens_<id>", show_default=False)]
Label = Annotated[str, typer.Option(help="What the pictures show.", show_default=False)]
Count = Annotated[int, typer.Option(min=1, max=wire.MOST_FRAMES, help="How many, at most.")]
Seconds = Annotated[
    int, typer.Option(min=5, max=wire.MOST_SECONDS, help="How long the camera looks, at most.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Keep all, without a question.")]


@asks
def capture(
    asked: Asked,
    thing: Thing,
    label: Label,
    count: Count = 30,
    seconds: Seconds = 300,
    yes: Yes = False,
) -> None:
    """Have a running camera take labelled pictures: of the place, the light and the lens that it
    will answer for. No two alike: move the thing, turn it, change the light.
    """
    place = asked.place
    label = label_of(place, label)
    _check(place, thing)
    wanted = Wanted(secrets.token_hex(4), count, seconds)
    found = _take(place, thing, wanted)
    if not found:
        raise CameraError(
            f"No picture of {thing} arrived. `lensloop fleet` says whether it is connected; its"
            " agent and its camera.json must be of this version (`lensloop camera bundle`), with"
            " `review_frames_a_day` above 0."
        )
    pictures = {key: records.fetch(place, key) or b"" for key in found}
    file = _write_page(place, thing, label, pictures, wanted.id)
    kept = found if yes else _chosen(found, label, file)
    for key in kept:
        _copy(place, key, label)
    record = _record(place, thing, wanted.id, label, found, kept)
    if asked.as_json:
        told = {"session": wanted.id, "arrived": found, "kept": kept, "page": str(file)}
        show.give({**told, "record": record})
        return
    show.say(f"{len(kept)} of {len(found)} pictures are in images/{label}/ now.")
    if len(kept) < len(found):
        show.say(f"The others stay in review/{thing}/.")
    for sentence in _still_missing(place, label, [pictures[key] for key in kept]):
        show.say(f"Still: {sentence}")


def label_of(place: Place, text: str) -> str:
    """As the project writes it; what only looks like one of its labels is refused."""
    report = records.dataset_report(place)
    return naming.wanted(text, report["labels"] if report else ())


def _check(place: Place, thing: str) -> None:
    if not place.settings().review_frames_a_day:
        raise CameraError(
            "Frames may not leave the cameras: set `review_frames_a_day` above 0 in cdk.json,"
            " deploy, and run `lensloop camera add` again for the camera."
        )
    if thing not in {camera.thing for camera in health.known_cameras(place, int(time.time()))}:
        raise CameraError(f"No camera is called {thing}; `lensloop camera list` names them.")


def _take(place: Place, thing: str, wanted: Wanted) -> list[str]:
    """The keys of what arrived. Ctrl-C ends it early, and keeps what is there."""
    found: list[str] = []
    said_at, until = float("-inf"), time.monotonic() + wanted.seconds + _GRACE_SECONDS
    with show.counted(f"Pictures of {thing}", wanted.frames) as count:
        try:
            while len(found) < wanted.frames and time.monotonic() < until:
                if not found and time.monotonic() >= said_at + _SAY_AGAIN_SECONDS:
                    said_at = time.monotonic()
                    _say(place, thing, wanted)
                time.sleep(_LOOK_SECONDS)
                now = _arrived(place, thing, wanted)
                for _ in range(len(now) - len(found)):
                    count()
                found = now
        except KeyboardInterrupt:
            show.warn("Stopped; what has arrived is shown.")
    return found


def _say(place: Place, thing: str, wanted: Wanted) -> None:
    topic, message = names.CAPTURE_TOPIC.format(thing=thing), json.dumps(wanted.content())
    place.client("iot-data").publish(topic=topic, qos=1, payload=message)


def _arrived(place: Place, thing: str, wanted: Wanted) -> list[str]:
    found = []
    for listed in list_below(place.client("s3"), place.bucket, f"{names.REVIEW_PREFIX}{thing}/"):
        if wire.mark(wanted.id) in listed.key and listed.key.endswith(PICTURE):
            found.append(listed.key)
    return found


def _write_page(
    place: Place, thing: str, label: str, pictures: Mapping[str, bytes], session: str
) -> Path:
    figures = []
    for number, content in enumerate(pictures.values(), 1):
        data = base64.b64encode(content).decode()
        picture = f'<img alt="picture {number}" src="data:image/jpeg;base64,{data}">'
        figures.append(f"<figure>{picture}<figcaption>{number}</figcaption></figure>")
    title = html.escape(f"{label}, seen by {thing}")
    file = opened.cache(place) / f"capture-{session}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_PAGE.format(title=title, figures="".join(figures)), "utf-8")
    return file


def _chosen(keys: Sequence[str], label: str, file: Path) -> list[str]:
    where = "open in your browser" if opened.in_a_browser(file) else "here"
    show.say(f"The pictures are {where}: {file}")
    while True:
        answer = typer.prompt(
            f"Keep all {len(keys)} as `{label}` (y), none (n), or all but some (their numbers)",
            default="n",
        )
        chosen = rest(keys, answer)
        if chosen is not None:
            return chosen


def rest(keys: Sequence[str], answer: str) -> list[str] | None:
    """What a person keeps; None where the answer is none."""
    said = answer.strip().casefold()
    if said in ("y", "yes"):
        return list(keys)
    if said in ("n", "no"):
        return []
    numbers = said.replace(",", " ").split()
    if not numbers or not all(number.isdecimal() for number in numbers):
        return None
    left_out = {int(number) for number in numbers}
    if not left_out <= set(range(1, len(keys) + 1)):
        return None
    return [key for number, key in enumerate(keys, 1) if number not in left_out]


def _copy(place: Place, key: str, label: str) -> None:
    """Under the name that `lensloop review` gives it, so that it never counts or is asked twice."""
    frame = frame_of(key, PICTURE)
    assert frame is not None, key
    place.client("s3").copy_object(
        Bucket=place.bucket,
        Key=copy_of(frame, label),
        CopySource={"Bucket": place.bucket, "Key": key},
    )


def _record(
    place: Place, thing: str, session: str, label: str, found: Sequence[str], kept: Sequence[str]
) -> str:
    """Its key; empty where there is none: the pictures are there, whatever becomes of it."""
    if not kept:
        return ""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = takings.session(thing, session, kept, label, len(found) - len(kept), now)
    key = provenance.key(told["id"])
    try:
        place.client("s3").put_object(
            Bucket=place.bucket,
            Key=key,
            Body=provenance.written(told),
            ContentType="application/json",
        )
    except OF_THE_CLOUD as error:
        show.warn(f"The pictures are there, and no record of whence: {complaint(error, place)}")
        return ""
    return key


def _still_missing(place: Place, label: str, kept: Iterable[bytes]) -> list[str]:
    """By the newest data set's report, and by what was kept now."""
    report = records.dataset_report(place) or {}
    there = list_below(place.client("s3"), place.bucket, f"{names.IMAGES_PREFIX}{label}/")
    pictures = sum(1 for _ in there)
    return missing(label, pictures, list(_looks(kept)), report)


def _looks(kept: Iterable[bytes]) -> Iterator[Look]:
    for content in kept:
        with contextlib.suppress(PictureError):  # the next run rejects it, and says why
            yield look(open_picture(content, at_least=LEAST_SIDE))
