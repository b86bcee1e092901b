"""The page in a program of its own, which a test can kill: `python -m tests.review.served FOLDER`.
What lies in the folder stays. Prints the address.
"""

import os
import signal
import sys
import time
from pathlib import Path

from review.server import serving
from tests.review.browser import filled
from tests.review.conftest import BUSY, Told, desk


def main(folder: Path, frames: int, pictures: int, kill_at: int, port: int) -> None:
    changes = iter(range(1, 1_000_000))

    def before(_call: str, _key: str) -> None:
        if next(changes) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    s3 = filled(folder, frames, pictures)
    s3.before = before
    with serving(desk(s3, folder, Told(BUSY)), port) as address:
        print(address, flush=True)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[2:]]
    main(Path(sys.argv[1]), *(numbers + [0, 2, 0, 0][len(numbers) :]))
