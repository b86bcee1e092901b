"""Shared by all tests: nothing in the environment may reach AWS,
and where the real photographs are.
"""

import functools
import os
from pathlib import Path

import botocore.session
import pytest
from botocore.loaders import create_loader

os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
for name in [n for n in os.environ if n.startswith("AWS_") and n != "AWS_EC2_METADATA_DISABLED"]:
    del os.environ[name]

# Each session of boto3 reads what AWS' services look like anew, half a second of it. The tests make
# hundreds of sessions in a process, and the files stay the same.
botocore.session.create_loader = functools.cache(create_loader)  # type: ignore[attr-defined]

BINS3 = Path(__file__).parents[1].parent / "shared" / "data" / "bins3"


@pytest.fixture(scope="session")
def bins3() -> Path:
    """1,251 labelled photographs; they live beside the project and never inside it."""
    if not BINS3.is_dir():
        pytest.skip(f"the real photographs are not on this machine ({BINS3})")
    return BINS3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: "demo" not in item.path.parts)
