"""Labels: how many pictures each has, and its pictures, page by page."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.dataset.labels import label_problem
from lensloop.dataset.split import SPLITS
from review import asked, show
from review.desk import Desk
from review.library import NEW, REJECTED, Picture

_PAGE = 500  # pictures: a screen or two of a large monitor
_MOST = 2000
_SAMPLES = 4
STATES = (*SPLITS, NEW, REJECTED)


def routes(desk: Desk) -> list[BaseRoute]:
    library = desk.library

    def screen(_request: Request) -> Response:
        library.ready()
        labels = [
            {
                "name": label,
                "address": f"label?name={quote(label, safe='')}",
                "counts": {state: counts.get(state, 0) for state in STATES},
                "pictures": sum(counts.values()),
                "problem": label_problem(label) if label else "it has no name",
                "samples": library.samples(label, _SAMPLES),
            }
            for label, counts in library.counts().items()
        ]
        aside = library.set_aside()
        return show.screen(
            "labels.html",
            here="labels",
            labels=labels,
            aside=len(aside),
            passed_over=library.report.get("passed_over", ""),
        )

    def label(request: Request) -> Response:
        """At once: its pictures are asked for by its script."""
        return show.screen("label.html", here="label", name=request.query_params.get("name", ""))

    def pictures(request: Request) -> Response:
        library.ready()
        state = request.query_params.get("state", "")
        if "aside" in request.query_params:
            found, counts = library.set_aside(), {}
        else:
            name = request.query_params.get("name", "")
            found, counts = library.pictures(name, state), library.counts().get(name, {})
        offset = asked.number(request, "offset", 0, len(found))
        page = found[offset : offset + asked.number(request, "limit", _PAGE, _MOST)]
        return JSONResponse(
            {
                "total": len(found),
                "counts": counts,
                "labels": library.labels(),
                "pictures": [_shown(each) for each in page],
            }
        )

    return [
        Route("/labels", screen),
        Route("/label", label),
        Route("/label/pictures", pictures),
    ]


def _shown(picture: Picture) -> dict[str, str]:
    shown = {"key": picture.key, "etag": picture.etag, "state": picture.state}
    return {**shown, "reason": picture.reason} if picture.reason else shown
