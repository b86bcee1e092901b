"""Which record do pictures leave that people take or label here: with a camera, on the page?

One for each session of a camera, one for what is dropped or taken on the page at once, and for
frames that are labelled there one for each camera, person and day. Readers see those of one source
together: there would be hundreds within a year.
"""

from collections.abc import Iterable, Mapping, Sequence

from lensloop.importing import provenance
from lensloop.importing.provenance import Record

OWN = "own"  # the licence of what is of one's own making
NO_LABEL = "No label fits it."
NOT_KEPT = "It was not kept."
_CAMERA, _PAGE = "camera:", "page:"


def on_the_page(who: str, own_camera: bool = False) -> str:
    """`own_camera`: the computer's own took them."""
    return f"{_PAGE}{who}{' with the computer’s camera' if own_camera else ''}"


def session(
    thing: str, identity: str, kept: Sequence[str], label: str, not_kept: int, now: str
) -> Record:
    """Of `lensloop camera capture`. `kept`: their keys; S3 copies the pictures, and what they hold
    is not known here."""
    left_out = {NOT_KEPT: not_kept} if not_kept else {}
    contents = ((key, label) for key in kept)
    told = provenance.record(
        _origin(f"{_CAMERA}{thing}", f"session {identity}"), contents, {}, left_out, now
    )
    return {**told, "finished": now}


def day(thing: str, who: str, date: str, now: str) -> Record:
    """Of the frames of a camera that a person labels on a day, before the first one."""
    return provenance.record(_origin(f"{_CAMERA}{thing} by {_PAGE}{who}", date), (), {}, {}, now)


def counted(told: Record, changes: Mapping[str, int], now: str) -> Record:
    """`changes`: how many more, or fewer, have each label; the empty one: none fits."""
    pictures, left_out = dict(told["pictures"]), dict(told["left_out"])
    for label, change in changes.items():
        counts, name = (pictures, label) if label else (left_out, NO_LABEL)
        counts[name] = counts.get(name, 0) + change
    return {
        **told,
        "pictures": _above_zero(pictures),
        "left_out": _above_zero(left_out),
        "finished": now,
    }


def together(records: Iterable[Record]) -> list[Record]:
    """The oldest first; those of one source and licence that people took or labelled here as one,
    without a version."""
    found: dict[tuple[str, str], Record] = {}
    for each in sorted(records, key=lambda record: record["begun"]):
        taken = each["source"].startswith((_CAMERA, _PAGE))
        place = (each["source"], each["licence"]) if taken else (each["id"], "")
        found[place] = _sum(found[place], each) if place in found else each
    return list(found.values())


def _sum(one: Record, later: Record) -> Record:
    ends = one["finished"], later["finished"]
    return {
        **one,
        "version": "",
        "finished": max(filter(None, ends)) if all(ends) else None,
        "labels": one["labels"] | later["labels"],
        "pictures": _added(one["pictures"], later["pictures"]),
        "left_out": _added(one["left_out"], later["left_out"]),
    }


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def _above_zero(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count > 0}


def _origin(source: str, version: str) -> dict[str, str]:
    return {"source": source, "version": version, "licence": OWN, "url": ""}
