"""May only the page itself use the page's server?"""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from review.door import refusal
from tests.review.conftest import PORT, TOKEN

OWN = f"127.0.0.1:{PORT}"
HERE = {"host": OWN, "origin": f"http://{OWN}"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"/{TOKEN}/frames", {"host": OWN}, 200),
        ("GET", f"/{TOKEN}/frames", {"host": f"localhost:{PORT}"}, 200),
        ("GET", f"/{TOKEN}/frames", {**HERE, "sec-fetch-site": "same-origin"}, 200),
        ("POST", f"/{TOKEN}/frames/next", HERE, 200),
        ("GET", f"/{TOKEN}/frames", {"host": f"evil.example:{PORT}"}, 403),
        ("GET", f"/{TOKEN}/frames", {"host": "127.0.0.1"}, 403),
        ("GET", f"/{TOKEN}/frames", {"host": OWN, "origin": "http://evil.example"}, 403),
        ("GET", f"/{TOKEN}/frames", {"host": OWN, "origin": "http://127.0.0.1:1"}, 403),
        ("GET", f"/{TOKEN}/frames", {"host": OWN, "origin": "null"}, 403),
        ("GET", f"/{TOKEN}/frames", {"host": OWN, "sec-fetch-site": "cross-site"}, 403),
        ("GET", f"/{TOKEN}/frames", {"host": OWN, "sec-fetch-site": "same-site"}, 403),
        ("POST", f"/{TOKEN}/frames/next", {"host": OWN}, 403),
        ("GET", f"/{TOKEN}x/frames", {"host": OWN}, 403),
        ("GET", "/frames", {"host": OWN}, 403),
        ("GET", "/", {"host": OWN}, 403),
        ("GET", "/%C3%A9/", {"host": OWN}, 403),
        ("GET", "//frames", {"host": OWN}, 403),
    ],
)
def test_only_the_printed_address_is_answered(
    page: Callable[..., TestClient], method: str, path: str, headers: dict[str, str], status: int
) -> None:
    at = page()
    at.headers.pop("origin")
    body = '{"fresh": true}' if method == "POST" else None
    url = f"http://{OWN}{path}"
    assert at.request(method, url, content=body, headers=headers).status_code == status


@pytest.mark.parametrize(
    "key",
    ["releases/3/manifest.json", "datasets/x", "", "imagesx/a.jpg", "../images/a.jpg"],
)
def test_nothing_but_pictures_comes_out_of_the_bucket(
    page: Callable[..., TestClient], key: str
) -> None:
    answer = page().get("picture", params={"key": key, "etag": "x", "size": "small"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")


def test_every_answer_says_what_a_browser_may_do_with_it(page: Callable[..., TestClient]) -> None:
    for path in ("status", "frames", "static/frames.js", "style.css", "nothing"):
        headers = page().get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    assert "sandbox" in page().get("runs/2").headers["content-security-policy"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"frame": 3, "label": "can"}', '{"frame": "a", "label": "can"}']
)
def test_what_is_no_request_of_the_page_is_refused_with_a_sentence(
    page: Callable[..., TestClient], body: str
) -> None:
    answer = page().post("frames/label", content=body)
    assert answer.status_code == 400
    assert answer.json()["sentence"].endswith(".")


@pytest.mark.parametrize("path", ["*", "", "/", "//", TOKEN, f"//{TOKEN}"])
def test_a_path_without_the_token_at_its_place_is_refused(path: str) -> None:
    assert "not whole" in refusal("GET", path, {"host": OWN}, [OWN], TOKEN)
