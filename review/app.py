"""What can be asked of the page? All screens, behind the token's folder; every address in a page is
relative to it.
"""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cli.faults import OF_THE_CLOUD, complaint
from lensloop.wire.errors import LensloopError
from review import show
from review.asked import NotUnderstood
from review.desk import Desk
from review.door import Door
from review.screens import check, drops, frames, labels, map, pictures, status, taking

_STYLE = Path(__file__).parents[1] / "lensloop" / "pages" / "style.css"


def app(desk: Desk, token: str, port: int) -> ASGIApp:
    def fault(_request: Request, error: Exception) -> Response:
        if isinstance(error, OF_THE_CLOUD):
            return JSONResponse({"sentence": complaint(error, desk.place)}, 502)
        code = 400 if isinstance(error, NotUnderstood) else 409
        return JSONResponse({"sentence": str(error)}, code)

    routes: list[BaseRoute] = [
        Route("/", lambda _: RedirectResponse("status")),
        Route("/style.css", lambda _: FileResponse(_STYLE)),
        Mount("/static", StaticFiles(directory=show.HERE / "static")),
    ]
    for each in (status, frames, labels, check, map, pictures, drops, taking):
        routes += each.routes(desk)
    # Starlette runs plain functions on threads, so that S3 keeps nobody else waiting.
    handlers = dict.fromkeys((LensloopError, *OF_THE_CLOUD, OSError), fault)
    inside = Starlette(routes=[Mount(f"/{token}", routes=routes)], exception_handlers=handlers)
    return Door(inside, token, port)
