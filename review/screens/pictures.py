"""Pictures: a small JPEG of one, and moving some to another label, aside, and back."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.review import naming
from lensloop.review.moves import Move
from lensloop.wire.reading import Reader
from review import asked
from review.asked import NotUnderstood
from review.desk import Desk
from review.moving import Moved
from review.thumbnails import SIDES

# A picture's address names its ETag, so that what it shows never changes.
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def routes(desk: Desk) -> list[BaseRoute]:
    def picture(request: Request) -> Response:
        size = request.query_params.get("size", "")
        if size not in SIDES:
            raise NotUnderstood(f"`{size}` is no size.")
        key, etag = asked.picture_key(request), request.query_params.get("etag", "")
        made = desk.thumbnails.get(key, etag, size)
        return Response(made, media_type="image/jpeg", headers=_FOR_EVER)

    async def move(request: Request) -> Response:
        top = await asked.content(request)
        keys, label = asked.texts(top, "keys"), top.text("label")
        asked.check(top)
        return _told(await run_in_threadpool(to_label, label, keys))

    def to_label(label: str, keys: list[str]) -> Moved:
        desk.library.ready()
        return desk.mover.to_label(naming.wanted(label, desk.library.labels()), keys)

    async def set_aside(request: Request) -> Response:
        top = await asked.content(request)
        keys = asked.texts(top, "keys")
        asked.check(top)
        return _told(await run_in_threadpool(desk.mover.set_aside, keys))

    async def back(request: Request) -> Response:
        top = await asked.content(request)
        done = [_move(each) for each in top.parts("moves")]
        asked.check(top)
        return _told(await run_in_threadpool(desk.mover.back, done))

    return [
        Route("/picture", picture),
        Route("/pictures/move", move, methods=["POST"]),
        Route("/pictures/set-aside", set_aside, methods=["POST"]),
        Route("/pictures/back", back, methods=["POST"]),
    ]


def _move(part: Reader) -> Move:
    return Move(part.text("source"), part.text("etag"), part.text("target"))


def _told(moved: Moved) -> Response:
    done = [each._asdict() for each in moved.done]
    return JSONResponse({"done": done, "failed": moved.failed})
