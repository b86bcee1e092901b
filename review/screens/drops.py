"""Pictures that are dropped onto a label: they come, the plan is shown, and it is carried out."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.importing import takings
from lensloop.importing.plan import Plan
from lensloop.reasons import by_kind
from lensloop.review import naming
from review import asked
from review.desk import Desk
from review.dropping import MOST_OF_A_FILE, DropError

_MOST_LICENCE = 200  # characters
_EXAMPLES = 3  # of each kind that is left out


def routes(desk: Desk) -> list[BaseRoute]:
    screen = _Screen(desk)
    return [
        Route("/drops", screen.begin, methods=["POST"]),
        Route("/drops/{id}/file", screen.file, methods=["PUT"]),
        Route("/drops/{id}/plan", screen.plan, methods=["POST"]),
        Route("/drops/{id}/run", screen.carry_out, methods=["POST"]),
        Route("/drops/{id}", screen.progress),
        Route("/drops/{id}/forget", screen.forget, methods=["POST"]),
    ]


class _Screen:
    def __init__(self, desk: Desk) -> None:
        self._library, self._drops = desk.library, desk.drops

    async def begin(self, request: Request) -> Response:
        top = await asked.content(request)
        label = top.text("label") if top.has("label") else ""
        asked.check(top)
        return JSONResponse({"id": await run_in_threadpool(self._begin, label)})

    def _begin(self, label: str) -> str:
        self._library.ready()
        return self._drops.begin(naming.wanted(label, self._library.labels()) if label else "")

    async def file(self, request: Request) -> Response:
        dropped = self._drops.of(request.path_params["id"])
        content = await asked.body(request, MOST_OF_A_FILE)
        await run_in_threadpool(dropped.add, request.query_params.get("path", "picture"), content)
        return JSONResponse({})

    async def plan(self, request: Request) -> Response:
        made = await run_in_threadpool(self._drops.look, request.path_params["id"])
        return JSONResponse(_shown(made))

    async def carry_out(self, request: Request) -> Response:
        top = await asked.content(request)
        licence = asked.any_text(top, "licence", takings.OWN)
        asked.check(top)
        self._drops.carry_out(request.path_params["id"], licence.strip()[:_MOST_LICENCE])
        return JSONResponse({})

    def progress(self, request: Request) -> Response:
        found = self._drops.of(request.path_params["id"]).progress
        if found.failure:
            raise DropError(found.failure)
        told = {"done": found.done, "of": found.of, "ended": found.ended}
        return JSONResponse({**told, "uploaded": found.uploaded})

    async def forget(self, request: Request) -> Response:
        self._drops.forget(request.path_params["id"])
        return JSONResponse({})


def _shown(made: Plan) -> dict[str, Any]:
    left_out = []
    for same in by_kind(made.left_out, lambda left: left.reason):
        examples = [{"path": left.path, "reason": left.reason} for left in same[:_EXAMPLES]]
        left_out.append({"count": len(same), "examples": examples})
    new: dict[str, int] = {}
    for entry in made.new:
        new[entry.label] = new.get(entry.label, 0) + 1
    return {
        "new": new,
        "there": len(made.taken) - len(made.new),
        "left_out": left_out,
        "near_duplicates": len(made.near),
        "missing": list(made.missing),
        "warnings": [*made.notes, *made.warnings],
    }
