"""Which label did people give each picture of a SageMaker Ground Truth job? Its output.manifest.

One JSON object a line; each job adds an attribute and `<attribute>-metadata`:
https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html. The number of a class is not
trusted (it counts within one job, and is text in some); its name is. Chained jobs leave several
attributes on a line: the newest counts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lensloop.wire.errors import LensloopError

_SINGLE, _MULTI = "groundtruth/image-classification", "groundtruth/image-classification-multilabel"
_METADATA = "-metadata"
# Below it, the workers who looked at a picture disagreed. Only among jobs with two workers or more:
# where one looks, Ground Truth writes 0.00 for every picture.
_LEAST_CONFIDENCE = 0.5

NO_URI = "The line names no picture in S3 (`source-ref`)."
UNLABELLED = "Nobody has labelled it yet."
BY_MACHINE = (
    "A machine labelled it and no person looked: only labels of people are taken"
    " (`human-annotated`)."
)
NO_NAME = "The line names no class (`class-name`), and a class's number says nothing by itself."


class ManifestError(LensloopError):
    """The file is no output manifest; the message says what is wrong with it."""


class Labelled(NamedTuple):
    """A line. `label` is empty where there is a `problem`."""

    uri: str
    label: str
    problem: str = ""


@dataclass(frozen=True)
class _Line:
    uri: str
    value: Any
    told: Mapping[str, Any]


def read(lines: Iterable[str], attribute: str = "") -> list[Labelled]:
    """`attribute`: of the job whose labels count; without it, on each line the newest. Raises
    ManifestError."""
    found = [_line(text, number, attribute) for number, text in _numbered(lines)]
    if not found:
        raise ManifestError("The manifest has no line.")
    if not any(line.told for line in found):
        which = f"`{attribute}`" if attribute else "an image classification job"
        raise ManifestError(
            f"No line has a label of {which}. The output of a job lies at"
            " <output>/<job>/manifests/output/output.manifest."
        )
    several = {_job(line) for line in found if _confidence(line) > 0}
    return [_labelled(line, _job(line) in several) for line in found]


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, text in enumerate(lines, 1):
        if text.strip():
            yield number, text


def _line(text: str, number: int, attribute: str) -> _Line:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"Line {number} is not JSON, so this is no manifest.") from error
    if not isinstance(said, dict):
        raise ManifestError(f"Line {number} is no object, so this is no manifest.")
    uri = said.get("source-ref")
    name = attribute if attribute in said else "" if attribute else _newest(said)
    told = said.get(name + _METADATA) if name else None
    return _Line(
        uri if isinstance(uri, str) else "",
        said.get(name) if name else None,
        told if isinstance(told, dict) else {},
    )


def _newest(said: Mapping[str, Any]) -> str:
    found = []
    for key, told in said.items():
        name = key.removesuffix(_METADATA)
        if key.endswith(_METADATA) and isinstance(told, dict) and told.get("type") in _TYPES:
            found.append((str(told.get("creation-date", "")), name))
    return max(found, default=("", ""))[1]


_TYPES = frozenset((_SINGLE, _MULTI))


def _labelled(line: _Line, several_workers: bool) -> Labelled:
    problem = _problem(line, several_workers)
    names = [] if problem else _class_names(line)
    if not problem and len(names) != 1:
        problem = _how_many(names)
    return Labelled(line.uri, "" if problem else names[0], problem)


def _problem(line: _Line, several_workers: bool) -> str:
    if not line.uri.startswith("s3://"):
        return NO_URI
    if not line.told:
        return UNLABELLED
    if failure := line.told.get("failure-reason"):
        return f"Ground Truth could not label it: {failure}"
    if str(line.told.get("human-annotated", "")).casefold() != "yes":
        return BY_MACHINE
    confidence = _confidence(line)
    if several_workers and confidence < _LEAST_CONFIDENCE:
        return f"The people who labelled it disagreed (confidence {confidence:.2f})."
    return ""


def _class_names(line: _Line) -> list[str]:
    if line.told.get("type") != _MULTI:
        name = line.told.get("class-name")
        return [name] if isinstance(name, str) and name else []
    names = line.told.get("class-map")
    chosen = line.value if isinstance(line.value, list) else []
    if not isinstance(names, dict):
        return []
    return [str(names[str(number)]) for number in chosen if str(number) in names]


def _how_many(names: Sequence[str]) -> str:
    if not names:
        return NO_NAME
    return f"It has several labels ({', '.join(sorted(names))}), and a picture has one here."


def _confidence(line: _Line) -> float:
    """Of a job with several labels a picture, the least."""
    said = line.told.get("confidence", line.told.get("confidence-map"))
    values = list(said.values()) if isinstance(said, dict) else [said]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return min(numbers, default=0.0)


def _job(line: _Line) -> str:
    return str(line.told.get("job-name", ""))
