"""The listing holds every object once, in the order of the keys, with few calls."""

import random
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.aws.listing import list_images, read_lists_quickly
from tests.dataset.hostile import hostile_keys, odd_keys
from tests.fakes.memory_cloud import MemoryS3, answered_by, client_of


def filled(keys: list[str]) -> MemoryS3:
    return MemoryS3(objects={key: (f"{number:032x}", number) for number, key in enumerate(keys)})


def labels(count: int, each: int) -> list[str]:
    return [
        f"images/label-{label}/{number:05d}.jpg" for label in range(count) for number in range(each)
    ]


LOOSE = [
    "images/",
    "images/label-0",
    "images/label-0.jpg",
    "images/label-0/",
    "images/zzz.jpg",
    "images/!.jpg",
]


@pytest.mark.parametrize(
    ("keys", "most_calls"),
    [
        ([], 1),
        (labels(3, 300), 1),
        (labels(3, 300) + LOOSE, 1),
        (labels(3, 2500) + LOOSE, 2 + 3 * 3),
        (labels(1, 1000), 1),
        (labels(1, 1001), 2 + 2),
        (labels(2000, 2), 2 + 4),
        (labels(101, 30), 2 + 4),
    ],
)
def test_every_object_is_listed_once_in_order(keys: list[str], most_calls: int) -> None:
    random.Random(1).shuffle(keys)
    s3: Any = filled([*keys, "imagesx/other.jpg", "review/a.jpg", "image"])
    listed = list(list_images(s3, "b"))
    assert [entry.key for entry in listed] == sorted(keys)
    assert all((entry.etag, entry.size) == s3.objects[entry.key] for entry in listed)
    assert s3.calls["LIST"] <= most_calls


def test_labels_are_listed_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    s3: Any = filled(labels(4, 1200))
    together = threading.Barrier(4, timeout=10)
    real = s3.list_objects_v2

    def listing(**request: str) -> Any:
        if request["Prefix"].startswith("images/label-") and "ContinuationToken" not in request:
            together.wait()
        return real(**request)

    monkeypatch.setattr(s3, "list_objects_v2", listing)
    assert len(list(list_images(s3, "b"))) == 4800


@pytest.mark.parametrize(
    "keys", [[], labels(2, 3), [*labels(2, 800), *LOOSE, *hostile_keys(), *odd_keys()]]
)
def test_reading_lists_quickly_reads_what_botocore_reads(keys: list[str]) -> None:
    keys = sorted(set(keys))
    plain, quick = client_of(filled(keys)), client_of(filled(keys))
    read_lists_quickly(quick)
    assert list(list_images(quick, "b")) == list(list_images(plain, "b"))
    assert [entry.key for entry in list_images(quick, "b")] == keys


def test_an_error_is_still_botocores() -> None:
    client = answered_by(
        lambda _: (403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    )
    read_lists_quickly(client)
    with pytest.raises(ClientError, match="AccessDenied"):
        list(list_images(client, "b"))
