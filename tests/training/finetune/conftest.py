"""Tests of what only torch can do: they are left out where it is not, and say so."""

import sys
from pathlib import Path

import pytest

# Where `make finetune-deps` puts it; behind all else, as in SageMaker's image.
PACKAGES = Path(__file__).parents[3] / ".build" / "finetune"
if PACKAGES.is_dir() and str(PACKAGES) not in sys.path:
    sys.path.append(str(PACKAGES))

pytest.importorskip("torch", reason="needs PyTorch: run `make finetune-deps` once")
