"""Is the page served to this machine only, at an address that nobody can guess?"""

import re
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from review import show
from review.server import PortTaken, serving
from tests.fakes.folder_s3 import FolderS3
from tests.review.conftest import desk, fill


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        return error.code


def test_the_address_holds_a_new_secret_each_time(s3: FolderS3, tmp_path: Path) -> None:
    fill(s3, 1)
    secrets = set()
    for _ in range(2):
        with serving(desk(s3, tmp_path), 0) as address:
            parts = urlsplit(address)
            assert parts.hostname == "127.0.0.1"
            assert status(address) == 200
            assert status(f"http://{parts.netloc}/") == 403
            assert status(f"http://{parts.netloc}{parts.path[:-2]}/status") == 403
            secrets.add(parts.path)
    assert len(secrets) == 2
    assert min(len(secret) for secret in secrets) > 30


def test_a_taken_port_is_said(s3: FolderS3, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with (
            pytest.raises(PortTaken, match="Name another: --port 0"),
            serving(desk(s3, tmp_path), other.getsockname()[1]),
        ):
            pass


def test_threads_take_short_turns_only_while_the_page_is_served(
    s3: FolderS3, tmp_path: Path
) -> None:
    before = sys.getswitchinterval()
    with serving(desk(s3, tmp_path), 0):
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


@pytest.mark.parametrize("screen", [address for address, _ in show.SCREENS])
def test_a_screen_names_all_its_scripts_at_once(
    screen: str, page: Callable[..., TestClient]
) -> None:
    """Each that one imports, however deep; the browser would learn of it late."""
    client = page()
    html = client.get(screen).text
    named = set(re.findall(r'rel="modulepreload" href="([^"]+)"', html))
    imported = {f"static/{screen}.js"}
    for _ in range(3):
        for script in sorted(imported):
            imports = re.findall(r'"\./([^"]+\.js)"', client.get(script).text)
            imported |= {f"static/{each}" for each in imports}
    assert named == imported
