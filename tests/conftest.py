"""Shared by all tests: nothing in the environment may reach AWS,
and where the real photographs are.
"""

import functools
import os
from pathlib import Path

import botocore.session
import pytest
from botocore.loaders import create_loader
from hypothesis import HealthCheck, settings

os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
for name in [n for n in os.environ if n.startswith("AWS_") and n != "AWS_EC2_METADATA_DISABLED"]:
    del os.environ[name]

# Each session of boto3 reads what AWS' services look like anew, half a second of it. The tests make
# hundreds of sessions in a process, and the files stay the same.
botocore.session.create_loader = functools.cache(create_loader)  # type: ignore[attr-defined]

# How fast this machine is at the moment says nothing about a rule.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Their files take a minute or more each.
LONGEST = ("test_demo.py", "stories", "finetune", "training", "test_faults.py", "stacks")

BINS3 = Path(__file__).parents[1].parent / "shared" / "data" / "bins3"


@pytest.fixture(scope="session")
def bins3() -> Path:
    """1,251 labelled photographs; they live beside the project and never inside it."""
    if not BINS3.is_dir():
        pytest.skip(f"the real photographs are not on this machine ({BINS3})")
    return BINS3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with it at the end."""
    items.sort(key=_length)


def _length(item: pytest.Item) -> int:
    here = item.path.relative_to(Path(__file__).parent).parts
    return next((n for n, part in enumerate(LONGEST) if part in here), len(LONGEST))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of the time of stories and cameras is waiting."""
    return (os.cpu_count() or 1) + 1
