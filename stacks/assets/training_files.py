"""Which of our files travel with a training job? What CDK packs, and who packs it by hand."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# It is the first camera that its release must convince, by a camera's own code.
_PROOF = ("__init__.py", "model.py", "prove.py", "trial.py")
TRAINING = ("training", "lensloop", *(f"camera/{name}" for name in _PROOF))


def training_modules() -> Iterator[Path]:
    """Below ROOT."""
    for name in TRAINING:
        path = ROOT / name
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (each.relative_to(ROOT) for each in found)
