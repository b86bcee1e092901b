"""Is the page there at the address that the demo prints, for whoever has the address alone, and
gone with it?"""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from demo.errors import DemoFailed
from demo.page import Page
from lensloop.settings import Settings
from lensloop.wire import names
from local.cloud import LocalCloud
from tests.local.account import Aws

pytestmark = pytest.mark.slow
BUCKET = names.bucket("trash", "", "000000000000", "us-east-1")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a local cloud that runs, as far as the page asks it."""
    with LocalCloud(tmp_path_factory.mktemp("cloud"), say=lambda text: None) as cloud:
        aws = Aws(cloud)
        aws.s3.create_bucket(Bucket=BUCKET)
        aws.table("deeplens-trash-state")
        # Nobody calls it: its settings say that something is deployed.
        aws.function(
            "def handler(event, context):\n    return {}\n",
            name="deeplens-trash-tick",
            Environment={"Variables": {"SETTINGS": Settings().to_json()}},
        )
        yield cloud.ca_pem.parent


def fetched(address: str) -> tuple[int, str]:
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with browser.open(address, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_the_page_is_at_the_address_until_the_demo_ends(state: Path) -> None:
    page = Page(state)
    address = page.start()
    try:
        status, text = fetched(address)
        assert status == 200, (state / "page.log").read_text()
        assert "<title>" in text
        assert "Lensloop" in text
        bare = urlsplit(address)._replace(path="/", query="").geturl()
        assert fetched(bare)[0] == 403, "nobody else on this machine"
    finally:
        page.stop()
    with pytest.raises(urllib.error.URLError, match="refused"):
        fetched(address)
    assert not (state / "page").exists()


def test_where_no_cloud_runs_the_demo_says_that_there_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(DemoFailed, match="could not be served") as failed:
        Page(tmp_path).start()
    assert failed.value.log == tmp_path / "page.log"
    assert failed.value.log.read_text()
