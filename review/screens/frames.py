"""Uncertain frames: those to show next, what was decided about one, and undone."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.review.places import FrameId, frame_id
from lensloop.review.queue import keys
from review import asked, show
from review.asked import NotUnderstood
from review.desk import Desk
from review.frames import Waiting

_BATCH = 60  # frames that a browser has at hand: a minute for somebody quick


def routes(desk: Desk) -> list[BaseRoute]:
    frames = desk.frames

    def screen(_request: Request) -> Response:
        return show.screen("frames.html", here="frames")

    async def next_ones(request: Request) -> Response:
        top = await asked.content(request)
        have = asked.texts(top, "have")
        fresh = asked.flag(top, "fresh")
        asked.check(top)
        without = {frame for text in have if (frame := frame_id(text))}
        return JSONResponse(await run_in_threadpool(look, without, fresh))

    def look(without: set[FrameId], fresh: bool) -> dict[str, object]:
        if fresh:
            frames.refresh()
        waiting = frames.waiting(_BATCH, without)
        labels = sorted(frames.labels)
        return {"left": waiting.left, "labels": labels, "keys": keys(labels), **_shown(waiting)}

    async def label(request: Request) -> Response:
        top = await asked.content(request)
        frame = _frame(top.text("frame"))
        wanted = top.text("label") if top.has("label") else ""
        asked.check(top)
        given = await run_in_threadpool(frames.decide, frame, wanted)
        return JSONResponse({"label": given, "left": frames.left()})

    async def undo(request: Request) -> Response:
        top = await asked.content(request)
        frame = _frame(top.text("frame"))
        asked.check(top)
        await run_in_threadpool(frames.undo, frame)
        return JSONResponse({"left": frames.left()})

    return [
        Route("/frames", screen),
        Route("/frames/next", next_ones, methods=["POST"]),
        Route("/frames/label", label, methods=["POST"]),
        Route("/frames/undo", undo, methods=["POST"]),
    ]


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
