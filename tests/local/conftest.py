"""One local cloud for all tests of it, and one that is the emulator as it comes, to show what each
patch is for.
"""

from collections.abc import Callable, Iterator

import pytest

from local.cloud import LocalCloud
from local.ports import choose
from tests.local.account import Aws

# Short enough to see within a test that a schedule fires sooner than AWS's.
MINUTE = 0.6


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("local")
    with LocalCloud(folder, minute_seconds=MINUTE, say=lambda text: None) as cloud:
        yield Aws(cloud)


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("upstream")
    with LocalCloud(folder, minute_seconds=MINUTE, say=lambda text: None, patched=False) as cloud:
        yield Aws(cloud)


@pytest.fixture
def free_ports() -> Callable[[], str]:
    """Each call gives another port that nobody listens on."""
    return lambda: str(choose((0, ""))[0])
