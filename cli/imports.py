"""How does a person bring a model that was trained elsewhere? `lensloop import-model`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import records, show
from cli.asked import Asked, asks
from cli.place import Place
from lensloop.model import imported
from lensloop.model.imported import MODEL, SAID, Import, Preparation
from lensloop.wire import names
from lensloop.wire.errors import LensloopError
from lensloop.wire.onnx_file import describe

Model = Annotated[Path, typer.Argument(help="The ONNX file.", exists=True, dir_okay=False)]
Labels = Annotated[
    Path,
    typer.Option(help="Its labels, one a line, in its order.", exists=True, dir_okay=False),
]
Mean = Annotated[str | None, typer.Option(help="Of red, green, blue; taken off after --scale.")]
Std = Annotated[str | None, typer.Option(help="Of red, green, blue; what is left is divided by.")]
Scale = Annotated[float | None, typer.Option(min=1e-6, help="Pixels (0 to 255) are divided by.")]
Bgr = Annotated[bool, typer.Option("--bgr", help="It takes blue, green, red (OpenCV, Caffe).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what was read, and change nothing.")]


class CannotImport(LensloopError):
    """The model cannot be tried; the message says why, or what is to be said."""


@asks
def import_model(
    asked: Asked,
    model: Model,
    labels: Labels,
    scale: Scale = None,
    mean: Mean = None,
    std: Std = None,
    bgr: Bgr = False,
    dry_run: DryRun = False,
) -> None:
    """Have a model evaluated that was trained elsewhere (timm, torchvision, Ultralytics, …).

    It answers for the same test pictures as every model, meets the same gate, and is released if it
    is better than what is live.
    """
    data = _read(model)
    told = imported.labels_of(labels.read_text("utf-8"))
    preparation = _preparation(scale, mean, std)
    how = imported.understood(describe(data), told, preparation, bgr)
    if wrong := imported.misnamed(how.labels, _labels_of(asked.place)):
        raise CannotImport(wrong)
    said = imported.said(how.labels, preparation, bgr)
    digest = imported.digest(data, said)
    if not dry_run:
        with show.busy("Uploading …"):
            _upload(asked.place, digest, data, said)
            asked.place.tick({"import": digest})
    if asked.as_json:
        show.give({"import": digest, "dry_run": dry_run, **asdict(how)})
        return
    _tell(model, how, digest)
    if dry_run:
        show.say("Nothing was changed (--dry-run).")
    else:
        show.say("A run evaluates it next, without training. `lensloop watch` shows its verdict.")


def _read(file: Path) -> bytes:
    size = file.stat().st_size
    if size > imported.MOST_BYTES:
        raise CannotImport(
            f"{file} has {size / 1e6:.0f} MB; at most {imported.MOST_BYTES / 1e6:.0f} are taken."
        )
    return file.read_bytes()


def _preparation(scale: float | None, mean: str | None, std: str | None) -> Preparation | None:
    if scale is None and mean is None and std is None:
        return None
    return Preparation(
        scale=1.0 if scale is None else scale,
        mean=imported.channels(mean or "0", "--mean", -1e6),
        std=imported.channels(std or "1", "--std", 1e-6),
    )


def _labels_of(place: Place) -> list[str]:
    """Of the newest data set."""
    report = records.dataset_report(place)
    if report is None:
        raise CannotImport(
            "The project has no data set yet: drop pictures first, so that there is something to"
            " evaluate the model on."
        )
    return sorted(report["labels"])


def _upload(place: Place, digest: str, data: bytes, said: bytes) -> None:
    for file, body in ((SAID, said), (MODEL, data)):
        key = names.imported(digest, file)
        place.client("s3").put_object(Bucket=place.bucket, Key=key, Body=body)


def _tell(file: Path, how: Import, digest: str) -> None:
    layout = "height × width × 3" if how.channels_last else "3 × height × width"
    show.say(f"{file.name} takes {how.height} × {how.width} pixels as {layout},")
    told = how.preparation
    if how.floats:
        mean, std = (",".join(f"{value:g}" for value in part) for part in (told.mean, told.std))
        show.say(f"each as (pixel / {told.scale:g} - {mean}) / {std},")
    else:
        show.say("each from 0 to 255,")
    if how.bgr:
        show.say("in the order blue, green, red,")
    answers = "probabilities" if how.softmax else "logits"
    show.say(f"and answers {answers} for {', '.join(how.labels)}.")
    if why := how.last_layer.why_unknown:
        show.say(f"It cannot say what is unfamiliar: {why}.")
    show.say(f"It is import {digest[:12]}.")
