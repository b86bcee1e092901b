"""What is written down of an address lets nobody in."""

import pytest

from lensloop.importing import addresses


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://a.org/set.zip", "https://a.org/set.zip"),
        ("https://a.org/get?id=7&download=1", "https://a.org/get?id=7&download=1"),
        ("https://me:word@a.org:8443/set.zip#top", "https://a.org:8443/set.zip"),
        (
            "https://b.s3.amazonaws.com/set.zip?X-Amz-Credential=AKIA%2F&X-Amz-Signature=0f&v=2",
            "https://b.s3.amazonaws.com/set.zip?v=2",
        ),
        ("https://d.net/s.zip?Expires=1&Policy=" + "e" * 40, "https://d.net/s.zip?Expires=1"),
        ("https://z.net/s.zip?sp=r&sig=a%3D", "https://z.net/s.zip?sp=r"),
        ("https://raw.net/s.zip?token=GHSAT", "https://raw.net/s.zip"),
    ],
)
def test_what_lets_in_is_not_written_down(address: str, written: str) -> None:
    assert addresses.without_secrets(address) == written


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://a.org/set.zip", True),
        ("https://a.org/set.zip", False),
        ("http://127.0.0.1:8080/set.zip", False),
        ("./set.zip", False),
    ],
)
def test_what_anybody_could_change_on_its_way_is_said(address: str, warned: bool) -> None:
    assert bool(addresses.warning(address)) == warned


@pytest.mark.parametrize(
    ("way", "loses"),
    [
        (["https://a.org/s", "https://b.org/s"], False),
        (["https://a.org/s", "http://b.org/s", "https://c.org/s"], True),
        (["http://a.org/s", "http://b.org/s"], False),
    ],
)
def test_a_way_that_loses_its_encryption_is_seen(way: list[str], loses: bool) -> None:
    assert addresses.loses_encryption(way) == loses
