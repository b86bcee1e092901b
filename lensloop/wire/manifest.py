"""What is in a release, and may this camera take it? One reading for the step that publishes and
the camera that obeys.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from lensloop.wire.errors import BadArtifact

FORMAT = 1
MIN_AGENT = 1  # the oldest camera agent that understands the manifests made here
MAX_FILE_BYTES = 2 * 1024**3
_SHA256 = re.compile(r"[0-9a-f]{64}")
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


class Installed(NamedTuple):
    """A release that a camera has proved and committed."""

    epoch: int
    sha256: str  # of its model


class Verdict(NamedTuple):
    take: bool
    running: bool  # it is exactly what the camera runs already: nothing to do, and a success
    reason: str


def accepts(
    manifest: Manifest,
    highest: Optional[Installed],
    running: Optional[Installed],
    agent_version: int,
) -> Verdict:
    """Only a higher epoch than any that this camera ever committed; the very same release again is
    harmless.
    """
    if manifest.min_agent > agent_version:
        reason = (
            "release {} needs camera agent {} or newer and this is agent {}; update the agent first"
        )
        return Verdict(
            False, False, reason.format(manifest.epoch, manifest.min_agent, agent_version)
        )
    offered = Installed(manifest.epoch, manifest.model.sha256)
    if offered == running:
        return Verdict(False, True, f"release {manifest.epoch} is running already")
    if highest is None or manifest.epoch > highest.epoch:
        return Verdict(True, False, f"release {manifest.epoch} is newer than what this camera had")
    if offered == highest:
        return Verdict(
            True,
            False,
            f"release {manifest.epoch} was committed before and is not running now",
        )
    if manifest.epoch == highest.epoch:
        reason = "release {} is another file than the release {} that this camera committed before"
        return Verdict(False, False, reason.format(manifest.epoch, highest.epoch))
    reason = "release {} is older than release {}, which this camera committed before"
    return Verdict(False, False, reason.format(manifest.epoch, highest.epoch))


def manifest(
    project: str,
    epoch: int,
    evaluation: Mapping[str, Any],
    model: File,
    golden: File,
    created_at: str,
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
    parse(content)
    return content


def parse(content: Any) -> Manifest:
    """Reads a manifest that came over the network. Raises ManifestError naming every mistake.

    Fields that this version does not know are passed over: `min_agent` says when they matter.
    """
    if not isinstance(content, Mapping):
        raise ManifestError("The release manifest is not a JSON object.")
    if content.get("format") != FORMAT:
        raise ManifestError(
            "The release manifest has format {!r}; this agent reads format {}.".format(
                content.get("format"), FORMAT
            )
        )
    read = _Reader(content)
    labels = read.labels()
    found = Manifest(
        project=read.text("project"),
        epoch=int(read.number("epoch", 1, 2**53, whole=True)),
        dataset=read.text("dataset"),
        model=read.file("model"),
        labels=labels,
        width=int(read.number("input.width", 8, 4096, whole=True)),
        height=int(read.number("input.height", 8, 4096, whole=True)),
        resize=read.text("input.resize"),
        temperature=read.number("temperature", 1e-6, 1e6),
        reject_threshold=read.number("reject_threshold", 0, 1),
        metrics=read.value("metrics", dict, "an object") or {},
        golden=read.file("golden"),
        pictures=read.pictures(labels),
        min_agent=int(read.number("min_agent", 1, 10**6, whole=True)),
        created_at=read.text("created_at"),
    )
    if read.mistakes:
        raise ManifestError("The release manifest is wrong: {}.".format("; ".join(read.mistakes)))
    return found


class _Reader:
    """Collects the mistakes, so that a person sees all of them at once."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self.mistakes: List[str] = []

    def value(self, path: str, kind: Any, called: str) -> Any:
        value: Any = self.content
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        self.mistakes.append(f"`{path}` is {_shown(value)}; it must be {called}")
        return None

    def text(self, path: str) -> str:
        value = self.value(path, str, "text")
        if value == "":
            self.mistakes.append(f"`{path}` is empty")
        return value or ""

    def number(self, path: str, low: float, high: float, whole: bool = False) -> float:
        value = self.value(
            path, int if whole else (int, float), "a whole number" if whole else "a number"
        )
        if value is None:
            return low
        if not low <= value <= high:  # NaN lands here too
            self.mistakes.append(f"`{path}` is {value}; it must lie between {low} and {high}")
            return low
        return float(value) if not whole else value  # type: ignore[no-any-return]

    def file(self, path: str) -> File:
        name, sha256 = self.text(path + ".file"), self.sha256(path + ".sha256")
        if name and not _PLAIN_NAME.fullmatch(name):
            self.mistakes.append(f"`{path}.file` is {_shown(name)}; it must be a plain file name")
        return File(name, sha256, int(self.number(path + ".size", 1, MAX_FILE_BYTES, whole=True)))

    def sha256(self, path: str) -> str:
        value = self.text(path)
        if value and not _SHA256.fullmatch(value):
            self.mistakes.append(f"`{path}` is not a sha256 in lower-case hexadecimal")
        return value

    def labels(self) -> Tuple[str, ...]:
        labels = self.value("labels", list, "a list of labels") or []
        if not all(isinstance(label, str) and label for label in labels):
            self.mistakes.append("`labels` holds something that is not a label")
            return ()
        if len(labels) < 2 or len(set(labels)) < len(labels):
            self.mistakes.append("`labels` must name at least two labels, each once")
        return tuple(labels)

    def pictures(self, labels: Tuple[str, ...]) -> Tuple[GoldenPicture, ...]:
        entries = self.value("golden.pictures", list, "a list of pictures") or []
        if not entries:
            self.mistakes.append("`golden.pictures` is empty, so no camera could prove the model")
        pictures = []
        for number, entry in enumerate(entries):
            inner = _Reader(entry if isinstance(entry, Mapping) else {})
            picture = GoldenPicture(
                inner.text("file"),
                inner.sha256("sha256"),
                inner.text("label"),
                inner.number("probability", 0, 1),
            )
            if picture.label and picture.label not in labels:
                inner.mistakes.append(
                    f"`label` is {_shown(picture.label)}, which is not among the labels"
                )
            self.mistakes.extend(
                f"golden picture {number + 1}: {mistake}" for mistake in inner.mistakes
            )
            pictures.append(picture)
        return tuple(pictures)


def _shown(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
