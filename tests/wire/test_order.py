"""Does the camera read what the cloud orders, and name what is wrong with every other document?"""

import copy
import json
from typing import Any

import pytest

from lensloop.wire import manifest, order
from lensloop.wire.order import Order, OrderError, Signed
from lensloop.wire.succession import MOST_CARRIED, SignedSuccession, Succession, text
from tests.camera import signer
from tests.camera.small_release import make_release

RELEASE = manifest.parse(make_release(7).manifest)
GOOD = order.make(RELEASE, "a" * 64, "https://bucket/7/{}".format)


def test_an_order_names_each_file_of_the_release_with_its_address_and_its_digest() -> None:
    assert order.make(RELEASE, "a" * 64, "https://bucket/7/{}".format, minutes=90) == {
        "operation": "release",
        "epoch": 7,
        "minutes": 90,
        "manifest": {"url": "https://bucket/7/manifest.json", "sha256": "a" * 64},
        "model": {
            "url": "https://bucket/7/model.onnx",
            "sha256": RELEASE.model.sha256,
            "size": RELEASE.model.size,
        },
        "golden": {"url": "https://bucket/7/golden.zip", "sha256": RELEASE.golden.sha256},
    }


def test_what_is_ordered_is_what_is_read() -> None:
    assert order.parse(json.loads(json.dumps(GOOD))) == Order(
        epoch=7,
        manifest_url="https://bucket/7/manifest.json",
        manifest_sha256="a" * 64,
        model_url="https://bucket/7/model.onnx",
        model_sha256=RELEASE.model.sha256,
        model_size=RELEASE.model.size,
        golden_url="https://bucket/7/golden.zip",
        golden_sha256=RELEASE.golden.sha256,
        minutes=60,
    )


def test_signatures_and_a_statement_travel_with_the_order() -> None:
    signed = Signed('{"serial":1}', b"\x30\x02")
    document = order.make(RELEASE, "a" * 64, "https://bucket/7/{}".format, b"\x30\x01", signed)
    read = order.parse(json.loads(json.dumps(document)))
    assert (read.signature, read.signed) == (b"\x30\x01", signed)


def test_every_change_of_keys_travels_with_the_order_and_of_many_the_newest() -> None:
    changes = [SignedSuccession(f"change {n}", b"\x30\x01", b"\x30\x02") for n in range(20)]
    address = "https://bucket/7/{}".format
    for those, carried in ((changes[:2], changes[:2]), (changes, changes[4:])):
        document = order.make(RELEASE, "a" * 64, address, keys=those)
        assert order.parse(json.loads(json.dumps(document))).keys == tuple(carried)


def test_an_order_with_all_that_it_can_carry_stays_below_what_aws_iot_takes() -> None:
    signed = (b"s" * 72, b"s" * 72)
    change = Succession("a" * 16, 2**53, (signer.pem(), signer.pem("next")))
    whole = [SignedSuccession(text(change), *signed)] * MOST_CARRIED
    long = ("https://s3.ap-southeast-1.amazonaws.com/" + "b" * 200 + "/{}").format
    document = order.make(
        RELEASE, "a" * 64, long, b"s" * 72, Signed("s" * 400, b"s" * 72), 9, whole
    )
    assert len(json.dumps(document)) < 24_000  # of 32 KB


def test_each_further_file_is_one_address_more() -> None:
    both = manifest.parse(make_release(7, int8=b"bits", deeplens=b"network").manifest)
    document = order.make(both, "a" * 64, "https://bucket/7/{}".format)
    second, third = "https://bucket/7/model.int8.onnx", "https://bucket/7/deeplens.tar.gz"
    assert document == {**GOOD, "int8": {"url": second}, "deeplens": {"url": third}}
    read = order.parse(document)
    assert (read.int8_url, read.deeplens_url) == (second, third)


def test_the_first_release_and_the_smallest_file_can_be_ordered() -> None:
    small = order.parse({**GOOD, "epoch": 1, "model": {**GOOD["model"], "size": 1}})
    assert (small.epoch, small.model_size) == (1, 1)


def test_an_order_from_before_says_no_time_and_has_an_hour() -> None:
    assert order.parse({name: part for name, part in GOOD.items() if name != "minutes"}) == (
        order.parse(GOOD)
    )


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert order.parse({**GOOD, "signature": "…"}).epoch == 7


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("operation", "format the disk", "knows the operation 'release' and not 'format the disk'"),
        ("operation", None, "`operation` is missing"),
        ("epoch", 0, "`epoch` is 0"),
        ("epoch", "7", "`epoch` is '7'"),
        ("minutes", 0, "`minutes` is 0; it must be a whole number from 1 to 10080"),
        ("minutes", 1e999, "`minutes` is inf"),
        ("epoch", float("inf"), "`epoch` is inf"),
        ("manifest", None, "`manifest` is missing"),
        ("manifest.url", "", "`manifest.url` is ''"),
        ("manifest.sha256", "A" * 64, "`manifest.sha256` is"),
        ("model.url", 5, "`model.url` is 5"),
        ("model.sha256", None, "`model.sha256` is missing"),
        ("model.size", 0, "`model.size` is 0"),
        ("int8", {}, "`int8.url` is missing"),
        ("golden.url", [], "`golden.url` is []"),
        ("golden.sha256", "abc", "`golden.sha256` is 'abc'"),
        ("manifest.signature", "no base64!", "`manifest.signature` is 'no base64!'"),
        ("manifest.signature", "A" * 100, "it must be at most 72 bytes in base64"),
        ("manifest.signature", 5, "`manifest.signature` is 5"),
        ("statement", "{}", "`statement_signature` is missing"),
        ("statement", {}, "`statement` is {}"),
        ("keys", {}, "`keys` is {}; it must be a list"),
        ("keys", [7], "`keys[0]` is 7; it must be an object"),
        ("keys", [{}], "`keys[0].text` is missing"),
        ("keys", [{"text": "x"}], "`keys[0].by_itself` is missing"),
        ("keys", [{"by_itself": "~"}], "`keys[0].by_itself` is '~'"),
        ("keys", [{}] * (MOST_CARRIED + 1), "`keys` has 17 changes; there may be 16"),
    ],
)
def test_each_mistake_gets_a_sentence(path: str, value: Any, sentence: str) -> None:
    broken = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    at = broken
    for name in parents:
        at = at[name]
    at[last] = value
    with pytest.raises(OrderError) as refused:
        order.parse(broken)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"operation": "release"}])
def test_a_document_that_orders_nothing_is_none(document: Any) -> None:
    with pytest.raises(OrderError, match=r"^the job's document is not a release order: `?\w.*\.$"):
        order.parse(document)
