"""What do the training's pictures say about the candidate beyond its scores? Its insights.json,
checked before anyone is shown it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lensloop.model.learning_curve import HALF
from lensloop.model.mistakes import MOST
from lensloop.wire.errors import BadArtifact
from lensloop.wire.manifest import MOST_UNFAMILIAR
from lensloop.wire.reading import Reader

FORMAT = 1
FILE = "insights.json"  # in the training job's archive
# Pictures, of 3 KB each on the page: as many as tell what kind they are. With the mistakes and
# their neighbours, the page stays below two megabytes.
MOST_SHOWN = 12  # fixed, broken, unfamiliar: each
NEIGHBOURS = 3  # of a mistake
MOST_EXPLAINED = MOST  # mistakes that have neighbours: all that are shown


def read_insights(content: Any) -> Mapping[str, Any]:
    """The whole file. Raises BadArtifact when the job did not write it so."""
    top = Reader(content)
    top.expect_format(FORMAT)
    reliability = top.part("reliability")
    _check_bins(reliability, "candidate")
    if reliability.has("live"):
        _check_bins(reliability, "live")
    for name, check in (("fixed", _check_changed), ("broken", _check_changed)):
        if changed := top.maybe(name):
            _check_pictures(changed, check)
    if unfamiliar := top.maybe("unfamiliar"):
        _check_pictures(unfamiliar, _check_unfamiliar)
    _check_neighbours(top.part("neighbours"))
    if curve := top.maybe("curve"):
        _check_curve(curve)
    top.check(BadArtifact, FILE)
    found: Mapping[str, Any] = content
    return found


def _check_bins(part: Reader, name: str) -> None:
    for group in part.parts(name):
        group.whole("right", high=group.whole("images", low=1))
        group.number("confidence", 0, 1)


def _check_pictures(part: Reader, check: Callable[[Reader], None]) -> None:
    pictures, count = part.parts("pictures"), part.whole("count")
    if len(pictures) > min(count, MOST_SHOWN):
        part.mistake(
            f"`{part.at('pictures')}` has {len(pictures)}, which must be at most {MOST_SHOWN} and"
            f" the count {count}"
        )
    for picture in pictures:
        for name in ("key", "sha256", "label"):
            picture.text(name)
        _check_thumbnail(picture)
        check(picture)


def _check_changed(picture: Reader) -> None:
    picture.text("predicted")
    picture.text("live_predicted")
    picture.number("confidence", 0, 1)


def _check_unfamiliar(picture: Reader) -> None:
    picture.text("predicted")
    picture.number("score", -MOST_UNFAMILIAR, MOST_UNFAMILIAR)


def _check_neighbours(part: Reader) -> None:
    mistakes = part.names()
    if len(mistakes) > MOST_EXPLAINED:
        part.mistake(f"`{part.path}` are of {len(mistakes)} pictures; at most {MOST_EXPLAINED} are")
    for sha256 in mistakes:
        found = part.parts(sha256)
        if len(found) > NEIGHBOURS:
            part.mistake(f"`{part.at(sha256)}` has {len(found)} pictures; at most {NEIGHBOURS} are")
        for picture in found:
            picture.text("key")
            picture.text("label")
            picture.number("similarity", -1, 1)
            _check_thumbnail(picture)


def _check_thumbnail(picture: Reader) -> None:
    """There is none of a picture that was gone by then."""
    if "thumbnail" in picture.names():
        picture.text("thumbnail")


def _check_curve(part: Reader) -> None:
    asked, points = part.whole("asked", low=1), part.parts("points")
    found = []
    for point in points:
        share = point.number("share", 0, 1)
        point.whole("pictures", low=1)
        right = point.whole("right", high=asked)
        found.append((share, right + point.whole("gained") - point.whole("lost")))
    shares, rights = [share for share, _ in found], {right for _, right in found}
    if shares != sorted(set(shares)) or shares[-1:] != [1] or HALF not in shares:
        part.mistake(f"`{part.at('points')}` must rise to the whole, by way of the half")
    elif len(rights) > 1:
        part.mistake(f"`{part.at('points')}` do not add up to the right answers of the last one")
