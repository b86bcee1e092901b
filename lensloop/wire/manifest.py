"""What is in a release, and may this camera take it? One reading for the step that publishes and
the camera that obeys.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from lensloop.wire.errors import BadArtifact
from lensloop.wire.reading import Reader, shown

# In a release's folder.
FILE, SIGNATURE_FILE = "manifest.json", "manifest.sig"
FORMAT = 1
# The oldest camera agent that understands the manifests made here. `unfamiliar_threshold` did not
# raise it: an agent that does not know it asks the model for `probabilities` alone, as before.
MIN_AGENT = 1
# Beyond it no score of how unfamiliar a picture is makes sense; it keeps infinity out.
MOST_UNFAMILIAR = 1e6
MAX_FILE_BYTES = 2 * 1024**3  # where an ONNX model in one file ends: protobuf holds no more
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ManifestError(BadArtifact):
    """A release manifest does not say what a manifest must say; one sentence for each mistake."""


class File(NamedTuple):
    file: str
    sha256: str
    size: int


class GoldenPicture(NamedTuple):
    file: str  # its name inside golden.zip
    sha256: str
    label: str  # what the model must answer
    probability: float


class Manifest(NamedTuple):
    project: str
    epoch: int
    dataset: str
    model: File
    labels: Tuple[str, ...]
    width: int
    height: int
    resize: str
    temperature: float
    reject_threshold: float
    metrics: Mapping[str, Any]
    golden: File
    pictures: Tuple[GoldenPicture, ...]
    min_agent: int
    created_at: str
    # What the model's output `unfamiliar` is above for a picture that is like nothing it was
    # taught; None: it cannot tell.
    unfamiliar_threshold: Optional[float] = None
    # The same model in eight bits, for cameras on which that is faster. An agent that does not know
    # it runs `model`, as before.
    int8: Optional[File] = None
    # The network for a stock DeepLens' own chip.
    deeplens: Optional[File] = None


class Installed(NamedTuple):
    """A release that a camera has proved and committed."""

    epoch: int
    sha256: str  # of its model


class Decision(NamedTuple):
    take: bool
    running: bool  # it is exactly what the camera runs already: nothing to do, and a success
    reason: str


def accepts(
    manifest: Manifest,
    highest: Optional[Installed],
    running: Optional[Installed],
    agent_version: int,
    given_up: int = 0,
    stated: bool = False,
) -> Decision:
    """Only a higher epoch than any that this camera ever committed, unless a signed statement names
    the release; the very same release again is harmless. `given_up` is the highest epoch that a
    statement has led back from.
    """
    release = f"release {manifest.epoch}"
    offered = Installed(manifest.epoch, manifest.model.sha256)
    if manifest.min_agent > agent_version:
        return _not_taken(
            f"{release} needs camera agent {manifest.min_agent} or newer and this is agent"
            f" {agent_version}; update the agent first"
        )
    if offered == running:
        return Decision(False, True, f"{release} is running already")
    if stated:
        return _taken(f"a signed statement names {release}")
    return _by_age(offered, highest, given_up)


def _by_age(offered: Installed, highest: Optional[Installed], given_up: int) -> Decision:
    release = f"release {offered.epoch}"
    if offered == highest:
        return _taken(f"{release} was committed before and is not running now")
    if offered.epoch <= given_up:
        return _not_taken(
            f"{release} is not newer than release {given_up}, from which a signed statement led"
            " this camera back"
        )
    if highest is None or offered.epoch > highest.epoch:
        return _taken(f"{release} is newer than what this camera had")
    if offered.epoch == highest.epoch:
        return _not_taken(
            f"{release} is another file than the {release} that this camera committed before"
        )
    return _not_taken(
        f"{release} is older than release {highest.epoch}, which this camera committed before"
    )


def _taken(reason: str) -> Decision:
    return Decision(True, False, reason)


def _not_taken(reason: str) -> Decision:
    return Decision(False, False, reason)


def make(
    project: str,
    epoch: int,
    evaluation: Mapping[str, Any],
    model: File,
    golden: File,
    created_at: str,
    int8: Optional[File] = None,
    deeplens: Optional[File] = None,
) -> Dict[str, Any]:
    """The manifest of a release, from the training job's evaluation. Raises ManifestError if they
    do not fit.
    """
    try:
        scores = evaluation["candidate"]["all"]
        content = {
            "format": FORMAT,
            "project": project,
            "epoch": epoch,
            "dataset": evaluation["dataset"],
            "model": model._asdict(),
            "labels": list(evaluation["labels"]),
            "input": {key: evaluation["input"][key] for key in ("width", "height", "resize")},
            "temperature": evaluation["temperature"],
            "reject_threshold": evaluation["reject_threshold"],
            "unfamiliar_threshold": (evaluation.get("unfamiliar") or {}).get("threshold"),
            "metrics": {
                "accuracy": scores["accuracy"],
                "recall": {label: score["recall"] for label, score in scores["labels"].items()},
                "test_images": scores["images"],
            },
            "golden": dict(
                golden._asdict(),
                pictures=[
                    {key: picture[key] for key in GoldenPicture._fields}
                    for picture in evaluation["golden"]
                ],
            ),
            "min_agent": MIN_AGENT,
            "created_at": created_at,
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ManifestError(
            f"The training job's evaluation lacks what a release needs: {error!r}."
        ) from error
    for name, file in (("int8", int8), ("deeplens", deeplens)):
        if file:
            content[name] = file._asdict()
    require_several_labels(parse(content))
    return content


def require_several_labels(manifest: Manifest) -> None:
    """Of a release that is made or taken. One from before that a camera runs, or that is live, is
    read all the same. Raises ManifestError.
    """
    labels = {picture.label for picture in manifest.pictures}
    if len(labels) == 1:
        raise ManifestError(
            f"The release manifest is wrong: `golden.pictures` shows {shown(*labels)} alone of"
            f" {len(manifest.labels)} labels, so a model that answers the same for every picture"
            " would pass."
        )


def parse(content: Any) -> Manifest:
    """Reads a manifest that came over the network. Raises ManifestError naming every mistake.

    Fields that this version does not know are passed over: `min_agent` says when they matter.
    """
    top = Reader(content)
    top.expect_format(FORMAT)
    labels = _labels(top)
    size, golden = top.part("input"), top.part("golden")
    found = Manifest(
        project=top.text("project"),
        epoch=top.whole("epoch", low=1),
        dataset=top.text("dataset"),
        model=_file(top.part("model")),
        labels=labels,
        width=size.whole("width", 8, 4096),
        height=size.whole("height", 8, 4096),
        resize=size.text("resize"),
        temperature=top.number("temperature", 1e-6, 1e6),
        reject_threshold=top.number("reject_threshold", 0, 1),
        metrics=top.object("metrics"),
        golden=_file(golden),
        pictures=_pictures(golden, labels),
        min_agent=top.whole("min_agent", 1, 10**6),
        created_at=top.text("created_at"),
        unfamiliar_threshold=_unfamiliar_threshold(top),
        int8=_file(top.part("int8")) if top.has("int8") else None,
        deeplens=_file(top.part("deeplens")) if top.has("deeplens") else None,
    )
    taken = [FILE, found.model.file, found.golden.file]
    for name, extra in (("int8", found.int8), ("deeplens", found.deeplens)):
        if extra and extra.file in taken:
            top.mistake(f"`{name}.file` is {shown(extra.file)}, as another file of the release")
        taken += [extra.file] if extra else []
    top.check(ManifestError, "The release manifest is wrong")
    return found


def _unfamiliar_threshold(top: Reader) -> Optional[float]:
    """Earlier releases have none."""
    if not top.has("unfamiliar_threshold"):
        return None
    return top.number("unfamiliar_threshold", -MOST_UNFAMILIAR, MOST_UNFAMILIAR)


def _labels(top: Reader) -> Tuple[str, ...]:
    labels = top.texts("labels", "a list of labels")
    if labels and (len(labels) < 2 or len(set(labels)) < len(labels)):
        top.mistake("`labels` must name at least two labels, each once")
    return labels


def _file(part: Reader) -> File:
    return File(
        part.matching("file", _PLAIN_NAME, "a plain file name"),
        part.sha256("sha256"),
        part.whole("size", 1, MAX_FILE_BYTES),
    )


def _pictures(golden: Reader, labels: Tuple[str, ...]) -> Tuple[GoldenPicture, ...]:
    parts = golden.parts("pictures")
    if not parts:
        golden.mistake("`golden.pictures` is empty, so no camera could prove the model")
    return tuple(_picture(part, labels) for part in parts)


def _picture(part: Reader, labels: Tuple[str, ...]) -> GoldenPicture:
    picture = GoldenPicture(
        part.text("file"),
        part.sha256("sha256"),
        part.text("label"),
        part.number("probability", 0, 1),
    )
    if picture.label and picture.label not in labels:
        part.mistake(
            f"`{part.at('label')}` is {shown(picture.label)}, which is not among the labels"
        )
    return picture
