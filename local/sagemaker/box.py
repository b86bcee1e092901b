"""What does a training process see? A real /opt/ml, an interpreter without our packages, and no
network if so asked.

Linux gives it namespaces of its own (as root directly, else inside a user namespace). Where there
are none (macOS, or a Linux that forbids them), /opt/ml in the request is replaced by the job's real
folder, LENSLOOP_ML_ROOT names it, and the network stays open: `sealed` says which of the two it is.
"""

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ML = "/opt/ml"
# What SageMaker's PyTorch image has besides Python, if `make finetune-deps` has fetched it.
IN_THE_IMAGE = Path(__file__).parents[2] / ".build" / "finetune"

# Gives the process /opt/ml without leaving a folder in /opt: what is there stays visible below a
# new, temporary /opt.
MOUNT = """
set -eu
root=$1 kept=$2
shift 2
if [ ! -d /opt/ml ]; then
    mkdir -p "$kept"
    mount --rbind /opt "$kept"
    mount -t tmpfs -o mode=755 tmpfs /opt
    for entry in "$kept"/*; do
        name=/opt/${entry##*/}
        if [ -L "$entry" ]; then cp -P "$entry" "$name"
        elif [ -d "$entry" ]; then mkdir "$name" && mount --rbind "$entry" "$name"
        elif [ -e "$entry" ]; then touch "$name" && mount --bind "$entry" "$name"
        fi
    done
    mkdir /opt/ml
fi
mount --bind "$root" /opt/ml
cd /
exec "$@"
"""


@dataclass(frozen=True)
class Box:
    """How processes are kept apart on this machine; an empty `prefix` means not at all."""

    prefix: tuple[str, ...]

    @property
    def sealed(self) -> bool:
        return bool(self.prefix)

    def command(self, root: Path, argv: list[str], network: bool) -> list[str]:
        if not self.sealed:
            return [_at(root, word) for word in argv]
        private = [*self.prefix] if network else [*self.prefix, "-n"]
        return [*private, "sh", "-c", MOUNT, "job", str(root), str(root.parent / "opt"), *argv]

    def variables(self, root: Path, wanted: dict[str, str]) -> dict[str, str]:
        if self.sealed:
            return wanted
        return {name: _at(root, value) for name, value in wanted.items()} | {
            "LENSLOOP_ML_ROOT": str(root)
        }


def _at(root: Path, text: str) -> str:
    return text.replace(ML, str(root))


@functools.cache
def box() -> Box:
    """The tightest box that works here, found by trying."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return Box(())
    for prefix in (("unshare", "-m"), ("unshare", "-r", "-m")):
        trial = [*prefix, "-n", "sh", "-c", "mount -t tmpfs tmpfs /opt && mkdir /opt/ml"]
        if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            return Box(prefix)
    return Box(())


def image(folder: Path) -> str:
    """A PATH that stands for the training image:
    `python3` is the bare interpreter below our virtual environment.

    -S keeps even that one's site-packages away:
    what a job imports comes from its channels, from Python itself or from what the image has.
    """
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    interpreter = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    for name in ("python3", "python"):
        shim = programs / name
        shim.write_text(f'#!/bin/sh\n{_its_packages()}exec "{interpreter}" -S -s "$@"\n')
        shim.chmod(0o755)
    return os.pathsep.join([str(programs), "/usr/local/bin", "/usr/bin", "/bin"])


def _its_packages() -> str:
    """Behind what the job brings itself."""
    if not IN_THE_IMAGE.is_dir():
        return ""
    return f'export PYTHONPATH="${{PYTHONPATH:+$PYTHONPATH:}}{IN_THE_IMAGE}"\n'
