"""Where does a training job begin? Here, on a bare Python: `python3 -m training`, with everything
else in channels.
"""

import functools
import os
import sys
import tempfile
import time
import zipfile
from types import TracebackType

from lensloop.wire.errors import LensloopError
from training.paths import Paths


def main() -> int:
    paths = Paths.from_environment()
    sys.excepthook = functools.partial(crash, paths)
    try:
        with tempfile.TemporaryDirectory(prefix="lensloop-dependencies-") as folder:
            began = time.monotonic()
            with zipfile.ZipFile(paths.dependencies) as wheels:
                wheels.extractall(folder)  # our own asset, made by stacks/training/channel.py
            sys.path.insert(0, folder)
            # One thread for numpy: its matrices here are small, and waiting for each other costs
            # more than it gains.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            print(f"unpacked the dependencies in {time.monotonic() - began:.1f} s", flush=True)
            from training.run import run  # only now can numpy, onnx and onnxruntime be imported

            run(paths)
    except LensloopError as problem:
        return fail(paths, str(problem))
    return 0


def fail(paths: Paths, sentence: str) -> int:
    """SageMaker shows the first 1,024 characters of this file as the job's FailureReason."""
    print(sentence, file=sys.stderr)
    paths.failure.parent.mkdir(parents=True, exist_ok=True)
    paths.failure.write_text(sentence, "utf-8")
    return 1


def crash(
    paths: Paths, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What nobody expected still gets a sentence, and its traceback goes to the log."""
    sys.__excepthook__(kind, error, trace)
    fail(
        paths,
        f"The training job broke on something unexpected ({kind.__name__}: {error}); its log has"
        " the details.",
    )


if __name__ == "__main__":
    sys.exit(main())
