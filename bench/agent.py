"""What does the agent need of a camera's computer? Its memory after many changes of the model, what
asking the release before costs, and its frames a second beside the same network in eager PyTorch,
both on one thread.

Each is measured in a process of its own, on one core; seconds are the processor's, so that what
else runs here does not count.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from bench.figure import Row, figure
from camera.precision import WORTH

ROOT = Path(__file__).parents[1]
TORCH = ROOT / ".build" / "finetune"  # where `make finetune-deps` puts it
LABELS = ("can", "carton", "glass", "paper", "plastic", "residual")
CHANGES = 100
FRAMES_EACH = 5  # that each release classifies before the next takes its place
MOST_MB = 150
LOOKS = 5  # by the release before, while both are there
MOST_PERCENT = 2.0  # of one core, for such looks
FASTER = 4.0
CALIBRATED_ON = 32  # pictures
FRAMES = 60  # a few seconds of each, three times, the best of which counts


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_release(home / "made")
        mb = _measured("memory", home)
        title = f"agent, memory after {CHANGES} changes of the model"
        yield figure(title, mb, None, "MB RSS", None, f"< {MOST_MB}", mb < MOST_MB)
        percent = _measured("second", home)
        title = "agent, one core's time for asking the release before"
        yield figure(title, percent, None, "%", None, f"< {MOST_PERCENT}", percent < MOST_PERCENT)
        if not TORCH.is_dir():
            print("  left out: needs PyTorch, by `make finetune-deps`", file=sys.stderr)
            return
        plain, eight, other = (_measured(what, home) for what in ("plain", "eight", "torch"))
        # As a camera decides at each install.
        ours, bits = (eight, "eight bits") if WORTH * eight >= plain else (plain, "full precision")
        unit, beside = "frames/s", "beside eager torch"
        title = f"agent, frames a CPU second as it runs here, in {bits}, {beside}"
        ratio = round(ours / other, 1)
        yield figure(title, ours, other, unit, ratio, f"≥ {FASTER} ×", ratio >= FASTER)
        title = f"agent, frames a CPU second in full precision, {beside}"
        yield figure(title, plain, other, unit, round(plain / other, 1))


def _measured(what: str, home: Path) -> float:
    command = [sys.executable, "-m", "bench.agent", what, str(home)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(ended.stdout)


def make_release(folder: Path) -> None:
    """The default algorithm's network with a head that nobody taught: its answers are no use, and
    take as long as any.
    """
    from training.algorithms.head.backbone import FEATURES, pretrained
    from training.algorithms.head.discriminant import Head
    from training.algorithms.head.export import classifier
    from training.algorithms.head.weights import read_weights
    from training.embed import session

    seed = np.random.default_rng(1)
    head = Head(seed.normal(size=(FEATURES, len(LABELS))).astype(np.float32), np.zeros(len(LABELS)))
    model = classifier(read_weights(pretrained()), head)
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model)
    pictures = [seed.integers(0, 255, (224, 224, 3), dtype=np.uint8) for _ in range(12)]
    answers = session(model).run(["probabilities"], {"image": np.stack(pictures)})[0]
    golden = []
    with zipfile.ZipFile(folder / "golden.zip", "w") as archive:
        for number, (picture, answer) in enumerate(zip(pictures, answers, strict=True)):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG")
            archive.writestr(f"{number}.png", file.getvalue())
            golden.append(
                {
                    "file": f"{number}.png",
                    "sha256": hashlib.sha256(file.getvalue()).hexdigest(),
                    "label": LABELS[int(answer.argmax())],
                    "probability": float(answer.max()),
                }
            )
    (folder / "golden.json").write_text(json.dumps(golden))


def _manifest(folder: Path, epoch: int) -> bytes:
    from lensloop.wire import manifest
    from lensloop.wire.picture import RESIZE

    def file(name: str) -> manifest.File:
        content = (folder / name).read_bytes()
        return manifest.File(name, hashlib.sha256(content).hexdigest(), len(content))

    scores = {"images": 1, "accuracy": 1.0, "labels": {label: {"recall": 1.0} for label in LABELS}}
    evaluation = {
        "dataset": "d" * 64,
        "labels": list(LABELS),
        "input": {"width": 224, "height": 224, "resize": RESIZE},
        "temperature": 1.0,
        "reject_threshold": 0.0,
        "candidate": {"all": scores},
        "golden": json.loads((folder / "golden.json").read_text()),
    }
    files = file("model.onnx"), file("golden.zip")
    made = manifest.make("bench", epoch, evaluation, *files, "2026-11-22T12:00:00Z")
    return json.dumps(made).encode()


def _memory(home: Path) -> float:
    """MB after as many changes: each is put in place, proved, committed and classifies frames; then
    the release before is asked. What a whole agent holds besides is loaded as well.
    """
    import camera.assembly  # noqa: F401 - for its memory
    from camera import memory

    store, running = _changed(home, CHANGES)
    _ask_before(store, running, home)
    memory.trim()
    status = Path("/proc/self/status").read_text().split()
    return round(int(status[status.index("VmRSS:") + 1]) / 1024, 1)


def _second(home: Path) -> float:
    """How many percent of a core's time it takes, in this process and its children, at the pace
    that a camera keeps.
    """
    from camera import second

    store, running = _changed(home, 2)
    _ask_before(store, running, home)  # what is only loaded once
    began = _processor()
    _ask_before(store, running, home)
    return round(100 * (_processor() - began) / LOOKS / second.PAUSE_SECONDS, 2)


def _processor() -> float:
    """Seconds, of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _ask_before(store: Any, running: Any, home: Path) -> None:
    """A frame of another scene each time: that of one which waits already is not asked about."""
    from camera.frames import of_image
    from camera.second import SecondLook
    from camera.uncertain import Waiting

    look = SecondLook(Waiting(home), store)
    for _ in range(LOOKS):
        image = Image.effect_noise((640, 480), 90).convert("RGB")
        look._due = float("-inf")
        look.saw(of_image("bench", image), running.model.predict(image), running.installed.epoch)
        assert look._look(look._asked.get_nowait()) < 600, "it was not answered"


def _changed(home: Path, changes: int) -> tuple[Any, Any]:
    """A camera's store after so many releases, and what runs."""
    from camera import memory
    from camera.running import Running
    from camera.store import Store
    from camera.update import still_usable
    from lensloop.wire.manifest import Installed

    made, store = home / "made", Store(home)
    running: Running | None = None
    store.open()
    frame = Image.fromarray(np.zeros((480, 640, 3), np.uint8))
    sha256 = hashlib.sha256((made / "model.onnx").read_bytes()).hexdigest()
    for epoch in range(1, changes + 1):
        part = store.workplace(epoch, "a" * 64)
        (part / "manifest.json").write_bytes(_manifest(made, epoch))
        for name in ("model.onnx", "golden.zip"):
            (part / name).write_bytes((made / name).read_bytes())
        release = Installed(epoch, sha256)
        store.activate(release, part)
        new = still_usable(store, release)
        assert new is not None
        store.commit(release, running.installed if running else None)
        running = new
        for _ in range(FRAMES_EACH):
            running.model.predict(frame)
        memory.trim()  # as the agent's watch does every minute, and releases come more rarely
    return store, running


def in_eight_bits(whole: bytes) -> bytes:
    """As training makes it, calibrated on noise: what it answers is of no interest, and costs as
    much.
    """
    from training.eight_bits import quantised
    from training.model_file import ModelFile, frozen

    shape = (CALIBRATED_ON, 224, 224, 3)
    inputs = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    file = ModelFile(whole)
    return file.on(frozen(quantised(file.backbone.model, inputs)))


def _plain(home: Path) -> float:
    return _ours((home / "made" / "model.onnx").read_bytes(), home)


def _eight(home: Path) -> float:
    return _ours(in_eight_bits((home / "made" / "model.onnx").read_bytes()), home)


def _ours(data: bytes, home: Path) -> float:
    """The agent's own run of the file, of a frame that is prepared already; on one thread, as
    torch.
    """
    from camera import model
    from lensloop.wire import manifest

    asked = manifest.parse(json.loads(_manifest(home / "made", 1)))
    loaded = model.opened(model.Checked(asked, data, model.overflows()))
    image = np.random.default_rng(1).integers(0, 255, (224, 224, 3), dtype=np.uint8)
    return _per_second(lambda: loaded.predict_input(image))


def _torch(_: Path) -> float:
    """The same network with the layers as it was published: a batch norm behind each convolution,
    and the channels first.
    """
    sys.path.append(str(TORCH))
    import torch
    from torch.nn import functional

    from training.algorithms.finetune.cut import WHOLE, cut, weights_of
    from training.algorithms.finetune.network import Network
    from training.algorithms.head.export import frozen_backbone

    torch.set_num_threads(1)
    backbone, convolve = frozen_backbone(), functional.conv2d
    network = Network(cut(backbone, WHOLE), weights_of(backbone))
    network.to(memory_format=torch.contiguous_format)
    image = np.random.default_rng(1).integers(0, 255, (1, 224, 224, 3), dtype=np.uint8)

    def as_published(x: Any, weight: Any, bias: Any, *rest: Any) -> Any:
        x = convolve(x.contiguous(), weight, None, *rest)
        one = torch.ones_like(bias)
        return functional.batch_norm(x, torch.zeros_like(bias), one, one, bias)

    def look() -> None:
        with torch.inference_mode(), mock.patch.object(functional, "conv2d", as_published):
            network({"image": torch.from_numpy(image)})

    return _per_second(look)


def _per_second(work: Callable[[], Any]) -> float:
    work()
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        for _ in range(FRAMES):
            work()
        best = max(best, FRAMES / (time.process_time() - began))
    return round(best, 1)


MEASURES: dict[str, Callable[[Path], float]] = {
    "memory": _memory,
    "second": _second,
    "plain": _plain,
    "eight": _eight,
    "torch": _torch,
}

if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(MEASURES[sys.argv[1]](Path(sys.argv[2])))
