"""What happens: the screen, its part that is fetched again, decisions, and runs' pages."""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from review import asked, show
from review.asked import NotUnderstood
from review.desk import Desk
from review.door import SEALED

_RELEASE = re.compile(r"[1-9][0-9]{0,8}")


def routes(desk: Desk) -> list[BaseRoute]:
    def screen(_request: Request) -> Response:
        return show.screen("status.html", here="status")

    def part(_request: Request) -> Response:
        return show.screen("status_part.html", scene=desk.happenings.look())

    async def decide(request: Request) -> Response:
        top = await asked.content(request)
        what = top.text("what")
        note = top.text("note") if top.has("note") else ""
        epoch = top.whole("epoch", 1) if top.has("epoch") else None
        asked.check(top)
        said = await run_in_threadpool(desk.happenings.decide, what, epoch, note)
        return JSONResponse({"sentence": said})

    def way_back(request: Request) -> Response:
        found = desk.happenings.way_back(_release(request.query_params.get("to", "")))
        return JSONResponse({"sentence": found.sentence, "to": found.to})

    def report(request: Request) -> Response:
        page = desk.happenings.report(request.path_params["epoch"])
        if page is None:
            raise NotUnderstood("That run has left no report.")
        headers = {"Content-Security-Policy": SEALED}
        return Response(page, media_type="text/html", headers=headers)

    return [
        Route("/status", screen),
        Route("/parts/status", part),
        Route("/decide", decide, methods=["POST"]),
        Route("/way-back", way_back),
        Route("/runs/{epoch:int}", report),
    ]


def _release(wanted: str) -> int | None:
    """None: the last good one."""
    if wanted and not _RELEASE.fullmatch(wanted):
        raise NotUnderstood("A release is a number from 1 on.")
    return int(wanted) if wanted else None
