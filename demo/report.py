"""What did it look like? One HTML file with everything inside: what each camera said, confusion,
refusals.
"""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageOps

from demo.cameras import Sight
from demo.story import Act, Story, accuracy
from demo.watch import Release

THUMBNAIL = 104
FRAMES_SHOWN = 12  # of each camera
LEFT_OUT_SHOWN = 50

STYLE = Path(__file__).with_name("report.css")


def write(story: Story, file: Path) -> Path:
    body = "\n".join(
        [_head(story), *(_act(story, act) for act in story.acts), _frames(story), _left_out(story)]
    )
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        ' content="width=device-width"><title>Lensloop'
        f" demo</title><style>{STYLE.read_text()}</style></head><body>\n{body}\n</body></html>\n"
    )
    file.write_text(page)
    return file


def _head(story: Story) -> str:
    first, last = story.acts[0], story.acts[-1]
    figures = [
        (
            f"{accuracy(first.sights):.1%} → {accuracy(last.sights):.1%}",
            "of the cameras’ frames right, before and after",
        ),
        (f"{len(story.acts)} for {len(story.acts)}", "training jobs for batches of pictures"),
        (f"{sum(act.release is None for act in story.acts)}", "model refused, with its reasons"),
        (f"{story.show.elapsed:.0f} s", "from nothing to here"),
    ]
    cards = "".join(f"<div><b>{value}</b>{text}</div>" for value, text in figures)
    return (
        f"<h1>What the demo saw</h1><p class=soft>{html.escape(story.album.title)}; the real"
        " stacks, deployed by the CDK CLI to a local AWS; real training; three camera agents over"
        f" MQTT with certificates.</p><div class=figures>{cards}</div>"
    )


def _act(story: Story, act: Act) -> str:
    titles = {
        1: "Labelled pictures arrive",
        2: "A wrong batch arrives",
        3: "The wrong batch goes, better pictures arrive",
    }
    told = (
        f"<p>{act.pictures} pictures changed in the bucket. One retraining"
        f" (<code>{act.run.name}</code>), one training job"
        f" (<code>{html.escape(act.job.name)}</code>, {act.job.seconds:.1f} s).</p>"
    )
    outcome = _released(act.release) if act.release else _refused(story, act)
    return f"<h2>Act {act.number} · {titles[act.number]}</h2>{told}{outcome}"


def _refused(story: Story, act: Act) -> str:
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in act.run.reasons)
    kept = story.acts[0].release
    return (
        f"<p><b class=bad>Refused.</b> The cameras kept release {kept.epoch if kept else '–'} and"
        f" stayed {accuracy(act.sights):.1%} right on their frames.</p><ul>{reasons}</ul>"
    )


def _released(release: Release) -> str:
    recall = "".join(
        f"<tr><td class=text>{html.escape(label)}</td><td>{release.recall[label]:.1%}</td></tr>"
        for label in release.labels
    )
    return (
        f"<p><b class=good>Release {release.epoch}.</b> {release.accuracy:.1%} right on the test"
        " pictures. "
        f"<span class=soft>sha256 {release.sha256}</span></p><div class=side>"
        "<div><h3>Test pictures: true label (rows), model’s answer"
        f" (columns)</h3>{_confusion(release)}</div>"
        f"<div><h3>Recall</h3><table><tr><th>label<th>found</tr>{recall}</table></div></div>"
    )


def _confusion(release: Release) -> str:
    confusion = release.evaluation["candidate"]["all"]["confusion"]
    head = "".join(f"<th>{html.escape(label)}" for label in release.labels)
    rows = ""
    for true in release.labels:
        row = confusion.get(true, {})
        rows += _confusion_row(true, [row.get(label, 0) for label in release.labels])
    return f"<div class=wide><table><tr><th>{head}</tr>{rows}</table></div>"


def _confusion_row(label: str, row: Sequence[int]) -> str:
    total = sum(row) or 1
    cells = "".join(
        f'<td style="background: rgba(var(--cell), {count / total * 0.55:.2f})">{count}</td>'
        for count in row
    )
    return f"<tr><th>{html.escape(label)}</th>{cells}</tr>"


def _frames(story: Story) -> str:
    first, last = story.acts[0], story.acts[-1]
    before = {(sight.thing, sight.frame): sight for sight in first.sights}
    parts = [
        "<h2>What the cameras said</h2><p>Frames that no training ever saw, and the answer of each"
        f" camera as it went over MQTT: with release {_epoch(first)}, then with release"
        f" {_epoch(last)}.</p>"
    ]
    for camera in story.fleet.cameras:
        sights = [sight for sight in last.sights if sight.thing == camera.thing]
        then = [before[sight.thing, sight.frame] for sight in sights]
        parts.append(
            f"<h3>{camera.thing} <span class=soft>({camera.wave}) · {accuracy(then):.1%} →"
            f" {accuracy(sights):.1%} of {len(sights)} frames</span></h3><div class=sheet>"
            + "".join(
                _figure(before[sight.thing, sight.frame], sight)
                for sight in _telling(sights, before)
            )
            + "</div>"
        )
    return "\n".join(parts)


def _telling(sights: Iterable[Sight], before: dict[tuple[str, str], Sight]) -> list[Sight]:
    """What went wrong first, then what changed, then the rest, up to what fits on a page."""
    ranked = sorted(
        sights,
        key=lambda sight: (
            sight.right,
            before[sight.thing, sight.frame].said == sight.said,
            sight.frame,
        ),
    )
    return sorted(ranked[:FRAMES_SHOWN], key=lambda sight: sight.frame)


def _figure(before: Sight, now: Sight) -> str:
    def answer(sight: Sight) -> str:
        return (
            f"<span class={'good' if sight.right else 'bad'}>{html.escape(sight.said)}</span>"
            f" {sight.probability:.0%}"
        )

    return (
        f'<figure><img src="{_thumbnail(now.photo.file)}" alt="{html.escape(now.photo.label)}"'
        f" loading=lazy><b>{html.escape(now.photo.label)}</b>before: {answer(before)}<br>now:"
        f" {answer(now)}</figure>"
    )


def _thumbnail(file: Path) -> str:
    """Shown as people see it: turned by EXIF, and cut to a square."""
    with Image.open(file) as picture:
        small = ImageOps.fit(
            ImageOps.exif_transpose(picture).convert("RGB"), (THUMBNAIL * 2, THUMBNAIL * 2)
        )
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _left_out(story: Story) -> str:
    lines = story.acts[-1].left_out
    if not lines:
        return "<h2>Left out</h2><p>Nothing: every picture could be used.</p>"
    rows = "".join(
        f"<tr><td class=text>{html.escape(line['key'])}</td><td"
        f" class=text>{html.escape(line['reason'])}</td></tr>"
        for line in lines[:LEFT_OUT_SHOWN]
    )
    more = (
        f"<p class=soft>… and {len(lines) - LEFT_OUT_SHOWN} more.</p>"
        if len(lines) > LEFT_OUT_SHOWN
        else ""
    )
    return (
        "<h2>Left out</h2><p>Nothing was moved or"
        f" deleted.</p><table><tr><th>picture<th>why</tr>{rows}</table>{more}"
    )


def _epoch(act: Act) -> str:
    return str(act.release.epoch) if act.release else "–"
