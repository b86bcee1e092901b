"""The map: all pictures of the data set in two dimensions."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lensloop.dataset.labels import label_of
from lensloop.dataset.split import SPLITS
from review import show
from review.desk import Desk


def routes(desk: Desk) -> list[BaseRoute]:
    def screen(_request: Request) -> Response:
        return show.screen("map.html", here="map")

    def points(_request: Request) -> Response:
        found = desk.mapper.map()
        labels = [label_of(each.key) for each in found.pictures]
        names = sorted(set(labels))
        return JSONResponse(
            {
                "labels": names,
                "splits": SPLITS,
                "x": found.x,
                "y": found.y,
                "label": [names.index(label) for label in labels],
                "split": [SPLITS.index(each.state) for each in found.pictures],
                "key": [each.key for each in found.pictures],
                "etag": [each.etag for each in found.pictures],
                "odd": found.odd,
                "without": found.without,
            }
        )

    return [Route("/map", screen), Route("/map/points", points)]
