"""What can be asked of the page? Each screen, what its script asks for, pictures and decisions.

All of it lies behind the token's folder, and every address in a page is relative to it.
"""

from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cli.faults import OF_THE_CLOUD, complaint
from cli.place import Place
from lensloop.review.places import FrameId, frame_id
from lensloop.review.queue import keys
from lensloop.wire.errors import LensloopError
from review import asked, show
from review.asked import NotUnderstood
from review.door import SEALED, Door
from review.frames import Frames, Waiting
from review.happenings import Happenings
from review.thumbnails import SIDES, Thumbnails

_STYLE = Path(__file__).parents[1] / "lensloop" / "pages" / "style.css"
_BATCH = 60  # frames that a browser has at hand: a minute for somebody quick
# A picture's address names its ETag, so that what it shows never changes.
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Desk:
    """What a person works at: the pictures, and what happens."""

    happenings: Happenings
    frames: Frames
    thumbnails: Thumbnails
    place: Place | None = None  # for words about a cloud that does not answer


def app(desk: Desk, token: str, port: int) -> ASGIApp:
    page = _Page(desk)
    routes: list[BaseRoute] = [
        Route("/", lambda _: RedirectResponse("status")),
        Route("/status", page.status),
        Route("/parts/status", page.status_part),
        Route("/decide", page.decide, methods=["POST"]),
        Route("/runs/{epoch:int}", page.report),
        Route("/frames", page.frames),
        Route("/frames/next", page.next_frames, methods=["POST"]),
        Route("/frames/label", page.label_frame, methods=["POST"]),
        Route("/frames/undo", page.undo_frame, methods=["POST"]),
        Route("/picture", page.picture),
        Route("/style.css", lambda _: FileResponse(_STYLE)),
        Mount("/static", StaticFiles(directory=show.HERE / "static")),
    ]
    handlers = dict.fromkeys((LensloopError, *OF_THE_CLOUD, OSError), page.fault)
    inside = Starlette(routes=[Mount(f"/{token}", routes=routes)], exception_handlers=handlers)
    return Door(inside, token, port)


class _Page:
    """Plain functions run on threads of Starlette's, so that S3 keeps nobody else waiting."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def fault(self, _request: Request, error: Exception) -> Response:
        if isinstance(error, OF_THE_CLOUD):
            return JSONResponse({"sentence": complaint(error, self._desk.place)}, 502)
        status = 400 if isinstance(error, NotUnderstood) else 409
        return JSONResponse({"sentence": str(error)}, status)

    # What happens

    def status(self, _request: Request) -> Response:
        return show.screen("status.html", here="status")

    def status_part(self, _request: Request) -> Response:
        return show.screen("status_part.html", scene=self._desk.happenings.look())

    async def decide(self, request: Request) -> Response:
        top = await asked.content(request)
        what = top.text("what")
        note = top.text("note") if top.has("note") else ""
        epoch = top.whole("epoch", 1) if top.has("epoch") else None
        asked.check(top)
        said = await run_in_threadpool(self._desk.happenings.decide, what, epoch, note)
        return JSONResponse({"sentence": said})

    def report(self, request: Request) -> Response:
        page = self._desk.happenings.report(request.path_params["epoch"])
        if page is None:
            raise NotUnderstood("That run has left no report.")
        headers = {"Content-Security-Policy": SEALED}
        return Response(page, media_type="text/html", headers=headers)

    # Frames

    def frames(self, _request: Request) -> Response:
        return show.screen("frames.html", here="frames")

    async def next_frames(self, request: Request) -> Response:
        top = await asked.content(request)
        have = asked.texts(top, "have")
        fresh = bool(top.value("fresh", lambda value: isinstance(value, bool), "true or false"))
        asked.check(top)
        without = {frame for text in have if (frame := frame_id(text))}
        return JSONResponse(await run_in_threadpool(self._next, without, fresh))

    def _next(self, without: set[FrameId], fresh: bool) -> dict[str, object]:
        frames = self._desk.frames
        if fresh:
            frames.refresh()
        waiting = frames.waiting(_BATCH, without)
        labels = sorted(frames.labels)
        return {"left": waiting.left, "labels": labels, "keys": keys(labels), **_shown(waiting)}

    async def label_frame(self, request: Request) -> Response:
        top = await asked.content(request)
        frame = _frame(top.text("frame"))
        label = top.text("label") if top.has("label") else ""
        asked.check(top)
        given = await run_in_threadpool(self._desk.frames.decide, frame, label)
        return JSONResponse({"label": given, "left": self._desk.frames.left()})

    async def undo_frame(self, request: Request) -> Response:
        top = await asked.content(request)
        frame = _frame(top.text("frame"))
        asked.check(top)
        await run_in_threadpool(self._desk.frames.undo, frame)
        return JSONResponse({"left": self._desk.frames.left()})

    # Pictures

    def picture(self, request: Request) -> Response:
        size = request.query_params.get("size", "")
        if size not in SIDES:
            raise NotUnderstood(f"`{size}` is no size.")
        key, etag = asked.picture_key(request), request.query_params.get("etag", "")
        made = self._desk.thumbnails.get(key, etag, size)
        return Response(made, media_type="image/jpeg", headers=_FOR_EVER)


def _frame(text: str) -> FrameId:
    frame = frame_id(text)
    if frame is None:
        raise NotUnderstood(f"{text!r} is no frame.")
    return frame


def _shown(waiting: Waiting) -> dict[str, object]:
    frames = []
    for frame, picture, answer in waiting.frames:
        shown: dict[str, object] = {"id": str(frame), "key": picture.key, "etag": picture.etag}
        shown |= {"camera": frame.thing, "at": picture.at.isoformat()}
        if answer:
            shown |= {"words": answer.words, "kind": answer.kind, "predicted": answer.predicted}
            shown |= {"probabilities": answer.probabilities}
        frames.append(shown)
    return {"frames": frames}
