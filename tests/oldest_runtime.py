"""What does the oldest camera answer? A stock DeepLens has Python 3.7, whose last onnxruntime is
1.14.1; asked in a Python 3.7 of this machine, with the packages that its bundle brings.
"""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.install_bundle import REQUIREMENTS
from stacks.assets.packages import Target, fetched_once

VERSION = "1.14.1"
_PACKAGES = Path(__file__).parents[1] / ".build" / f"oldest-camera-onnxruntime-{VERSION}"
_ASK = """
import sys
import numpy
import onnxruntime
assert onnxruntime.__version__ == sys.argv[1], onnxruntime.__version__
model = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
pictures = numpy.load(sys.argv[3], mmap_mode="r")
answers = [model.run(["probabilities"], {"image": numpy.array(each)[None]})[0] for each in pictures]
numpy.save(sys.argv[4], numpy.concatenate(answers))
"""


@cache
def python() -> str:
    """An interpreter of Python 3.7, also one of pyenv's; empty: there is none."""
    found = shutil.which("python3.7") or ""
    others = map(str, Path.home().glob(".pyenv/versions/3.7.*/bin/python3.7"))
    for each in filter(None, [found, *others]):
        if subprocess.run([each, "-c", ""], capture_output=True).returncode == 0:
            return each
    return ""


with_the_oldest_runtime = pytest.mark.skipif(
    not python(), reason=f"no Python 3.7 is here, for which onnxruntime {VERSION} was made"
)


def answers(model: bytes, pictures: Any) -> Any:
    """Probabilities, float32 [pictures, labels], of uint8 pictures [N, height, width, 3]."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "model.onnx").write_bytes(model)
        np.save(folder / "pictures.npy", pictures)
        names = [str(folder / name) for name in ("model.onnx", "pictures.npy", "answers.npy")]
        subprocess.run(
            [python(), "-c", _ASK, VERSION, *names], env={"PYTHONPATH": str(_fetched())}, check=True
        )
        return np.load(folder / "answers.npy")


def _fetched() -> Path:
    pins = "".join(path.read_text("utf-8") for path in REQUIREMENTS)
    name = f"the oldest camera's packages, onnxruntime {VERSION} among them,"
    return fetched_once(_PACKAGES, name, pins, Target("3.7", "x86_64-manylinux_2_17"))
