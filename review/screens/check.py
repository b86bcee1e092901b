"""Labels to check: what the training doubts, and what a person says of it."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.dataset.suspicious import Doubt, Place
from lensloop.review.queue import keys
from review import asked, show
from review.desk import Desk
from review.library import Picture

_BATCH = 60


def routes(desk: Desk) -> list[BaseRoute]:
    def screen(_request: Request) -> Response:
        return show.screen("check.html", here="check")

    def next_ones(request: Request) -> Response:
        desk.library.ready()
        found = desk.library.to_check(desk.right.read())
        offset = asked.number(request, "offset", 0, len(found))
        labels = desk.library.labels()
        return JSONResponse(
            {
                "left": len(found),
                "labels": labels,
                "keys": keys(labels),
                "pictures": [_shown(*each) for each in found[offset : offset + _BATCH]],
            }
        )

    async def right(request: Request) -> Response:
        top = await asked.content(request)
        place = Place(top.sha256("sha256"), top.text("label"))
        is_right = asked.flag(top, "right")
        asked.check(top)
        await run_in_threadpool(desk.right.say, place, is_right)
        return JSONResponse({})

    return [
        Route("/check", screen),
        Route("/check/next", next_ones),
        Route("/check/right", right, methods=["POST"]),
    ]


def _shown(doubt: Doubt, picture: Picture) -> dict[str, Any]:
    names = ("sha256", "label", "predicted", "probability", "label_probability")
    return {"key": picture.key, "etag": picture.etag, **{name: doubt[name] for name in names}}
