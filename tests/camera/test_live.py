"""The live view shows what the camera sees to who may see it, and to nobody else."""

import base64
import http.client
import io
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from camera import options
from camera.frames import of_image
from camera.live import server as module
from camera.live import view as view_module
from camera.live.server import LiveError, password_for, serving
from camera.live.view import KEPT, View
from camera.sources.opening import open_source
from lensloop.wire.prediction import Prediction
from tests.axe import violations, with_axe
from tests.camera.conftest import Shelf
from tests.camera.small_release import picture
from tests.camera.test_agent import agent_on
from tests.camera.test_update import install
from tests.chromium import CHROMIUM, chromium, in_chromium

STRANGE = '</script><b title="glass & co">燃えるごみ'


def seen(share: float = 0.9, unsure: bool = False, unfamiliar: bool = False) -> Prediction:
    return Prediction({STRANGE: share, "paper": 1 - share}, unsure, unfamiliar, None)


def fill(view: View) -> None:
    """A red frame that is certain, after uncertain blue ones."""
    for number in range(KEPT + 2):
        blue = of_image(f"video0#{number}", Image.new("RGB", (1600, 900), (30, 60, 200)))
        view.saw(blue, seen(0.4, unsure=number % 2 == 0, unfamiliar=number % 2 == 1), 7)
    view.saw(of_image("video0#99", Image.new("RGB", (1600, 900), (200, 30, 30))), seen(), 7)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "UNCERTAIN_SECONDS", 0.0)
    monkeypatch.setattr(module, "WRONG_SECONDS", 0.0)
    monkeypatch.setattr(module, "HEED_SECONDS", 0.01)


@pytest.fixture
def view() -> View:
    made = View("deeplens_kitchen")
    fill(made)
    return made


@pytest.fixture
def port(view: View) -> Iterator[int]:
    with serving(view, "127.0.0.1", 0, None) as port:
        yield port


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=named)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def colour(jpeg: bytes) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(jpeg))
    assert image.width <= 800
    return tuple(round(value, -2) for value in image.getpixel((9, 9)))  # type: ignore[union-attr]


def test_the_newest_frame_its_answer_and_the_last_uncertain_ones_are_shown(port: int) -> None:
    state = json.loads(get(port, "/state")[2])
    answer = state["answer"]
    assert (state["thing"], answer["frame"], answer["epoch"]) == (
        "deeplens_kitchen",
        "video0#99",
        7,
    )
    assert (answer["predicted"], answer["confidence"], answer["unsure"]) == (STRANGE, 0.9, False)
    assert state["fps"] > 0
    assert colour(get(port, "/picture")[2]) == (200, 0, 0)
    kept = [one["answer"]["frame"] for one in state["uncertain"]]
    assert kept == [f"video0#{number}" for number in range(KEPT + 1, 1, -1)]
    assert colour(get(port, f"/uncertain/{state['uncertain'][0]['number']}")[2]) == (0, 100, 200)


def test_the_page_loads_nothing_from_elsewhere_and_is_kept_nowhere(port: int) -> None:
    status, headers, page = get(port, "/")
    assert status == 200
    assert b"http://" not in page
    assert b"https://" not in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/nothing", "/uncertain/99", "/uncertain/x", "/../camera.json"])
def test_there_is_nothing_else(port: int, path: str) -> None:
    assert get(port, path)[0] == 404


def test_before_the_first_frame_there_is_a_page_and_no_picture() -> None:
    with serving(View("deeplens_a"), "127.0.0.1", 0, None) as port:
        assert json.loads(get(port, "/state")[2])["answer"] is None
        assert [get(port, path)[0] for path in ("/", "/picture")] == [200, 404]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:8765"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/state", "/picture"])
def test_another_sites_page_gets_nothing(port: int, path: str, headers: dict[str, str]) -> None:
    status, _, body = get(port, path, **headers)
    assert (status, body) == (403, b"This is not for you.\n")


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:1", "[::1]:8765", "localhost"])
def test_the_computers_own_names_are_served(port: int, host: str) -> None:
    assert get(port, "/state", Host=host, Origin=f"http://{host}")[0] == 200


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("", 401),
        (basic("wrong"), 401),
        (basic(""), 401),
        ("Basic x", 401),
        ("Basic äöü", 401),
        (basic("müll, groß").replace("Basic", "Bearer"), 401),
        (basic("müll, groß"), 200),
    ],
)
def test_with_a_password_only_who_knows_it_sees_anything(
    view: View, given: str, status: int
) -> None:
    with serving(view, "127.0.0.1", 0, "müll, groß") as port:
        for path in ("/", "/state", "/picture", "/uncertain/8"):
            headers = {"Authorization": given.encode("utf-8").decode("latin-1")} if given else {}
            assert get(port, path, Host="kitchen.lan:8765", **headers)[0] == status


@pytest.mark.parametrize(
    ("host", "content", "sentence"),
    [
        ("0.0.0.0", None, "needs a password"),
        ("", None, "needs a password"),
        ("192.168.1.9", None, "needs a password"),
        ("0.0.0.0", "short\n", "shorter than 10"),
        ("127.0.0.1", "\nsecond line holds it", "shorter than 10"),
    ],
)
def test_other_computers_see_it_with_a_password_only(
    host: str, content: str | None, sentence: str, tmp_path: Path
) -> None:
    file = None
    if content is not None:
        file = tmp_path / "password"
        file.write_text(content)
    with pytest.raises(LiveError, match=sentence):
        password_for(host, file)


def test_a_password_file_is_read_and_loopback_needs_none(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("long enough it is\nnot this\n")
    assert password_for("0.0.0.0", tmp_path / "password") == "long enough it is"
    assert [password_for(host, None) for host in ("127.0.0.1", "localhost", "::1")] == [None] * 3
    with pytest.raises(LiveError, match="cannot be read"):
        password_for("0.0.0.0", tmp_path / "nowhere")


def test_it_is_off_by_default_and_a_taken_port_is_said(port: int) -> None:
    asked = ["--home", "h", "--frames", "f"]
    parse = options.parser().parse_args
    assert parse(asked).live is None
    assert (parse([*asked, "--live"]).live, parse(asked).live_host) == (module.PORT, "127.0.0.1")
    with (
        pytest.raises(LiveError, match="cannot be given"),
        serving(View("a"), "127.0.0.1", port, None),
    ):
        pass


def test_a_picture_that_has_gone_is_no_picture_and_no_error(tmp_path: Path, view: View) -> None:
    (tmp_path / "a.png").write_bytes(picture("red"))
    frame: Any = next(open_source(str(tmp_path), loop=False))
    (tmp_path / "a.png").unlink()
    view.saw(frame, seen(), 7)
    assert view.picture() == b""


def test_the_agent_shows_what_it_answers(home: Path, shelf: Shelf, tmp_path: Path) -> None:
    install(home, shelf, 7)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "red.png").write_bytes(picture("red"))
    view, agent = View("deeplens_test"), agent_on(home)
    agent.show_to(view.saw)
    agent.run(lambda: open_source(str(tmp_path / "pictures"), loop=False))
    assert view.state()["answer"]["predicted"] == "red"
    assert view.picture().startswith(b"\xff\xd8")


@pytest.mark.slow
@in_chromium
def test_a_browser_shows_the_answer_and_the_pictures(port: int, tmp_path: Path) -> None:
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'b'}"]
    command = [CHROMIUM, *options, "--virtual-time-budget=4000", "--dump-dom"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, timeout=120
    )
    assert '&lt;/script&gt;&lt;b title="glass &amp; co"&gt;燃えるごみ' in done.stdout
    assert "90 %" in done.stdout
    assert done.stdout.count("<figure") == KEPT
    assert "not like anything it was taught" not in done.stdout.partition("<script>")[0]
    assert threading.active_count() < 20


@pytest.mark.slow
@in_chromium
@with_axe
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_use_the_page(port: int, colours: Any) -> None:
    pytest.importorskip("playwright", reason="playwright is not installed")
    with chromium() as browser:
        context = browser.new_context(color_scheme=colours, bypass_csp=True)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("figure").first.wait_for()
        assert violations(page) == []
