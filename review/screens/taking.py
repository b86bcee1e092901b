"""Pictures that the computer's own camera takes onto a label: each is judged as it comes, and can
be taken out again. They are planned and brought in as what is dropped (review/screens/drops.py).
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.wire.picture import MAX_BYTES
from review import asked
from review.desk import Desk


def routes(desk: Desk) -> list[BaseRoute]:
    def told(identity: str, kept: bool = True) -> Response:
        return JSONResponse({"kept": kept, "missing": desk.taking.missing(identity)})

    def still(request: Request) -> Response:
        return told(request.path_params["id"])

    async def take(request: Request) -> Response:
        content = await asked.body(request, MAX_BYTES)
        identity, path = request.path_params["id"], request.query_params.get("path", "picture")
        kept = await run_in_threadpool(desk.taking.take, identity, path, content)
        return await run_in_threadpool(told, identity, kept)

    async def take_out(request: Request) -> Response:
        top = await asked.content(request)
        path = top.text("path")
        asked.check(top)
        identity = request.path_params["id"]
        await run_in_threadpool(desk.drops.of(identity).take_out, path)
        return await run_in_threadpool(told, identity)

    return [
        Route("/drops/{id}/missing", still),
        Route("/drops/{id}/shot", take, methods=["PUT"]),
        Route("/drops/{id}/take-out", take_out, methods=["POST"]),
    ]
