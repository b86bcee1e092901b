"""Does the cloud read what a camera reports, and name what is wrong with every other message?"""

import json
from typing import Any

import pytest

from lensloop.wire import report
from lensloop.wire.report import GivenBack, Report, ReportError

WHOLE = Report(
    at="2026-11-22T12:00:00Z",
    agent=1,
    epoch=7,
    sha256="a" * 64,
    golden="12/12",
    latency_ms=8.5,
    precision="fp32",
    fps=4.98,
    temperature=51.5,
    disk_free_mb=1234,
    last_error="a.jpg: not a picture",
    given_back=GivenBack(8, "10 frames in a row"),
    key_number=2,
    keys=("0123456789abcdef", "f" * 16),
)
BARE = Report(at="2026-11-22T12:00:00Z", agent=1)
GOOD = report.make(WHOLE)


@pytest.mark.parametrize(
    "said",
    [
        WHOLE,
        BARE,
        WHOLE._replace(temperature=-20.0, fps=0.0),
        WHOLE._replace(key_number=0, keys=()),
        WHOLE._replace(agent=10**6, fps=1e6, epoch=1, given_back=GivenBack(1, "r")),
    ],
)
def test_what_is_reported_is_what_is_read(said: Report) -> None:
    assert report.parse(json.loads(json.dumps(report.make(said)))) == said


def test_what_a_camera_leaves_out_is_nothing() -> None:
    assert (BARE.fps, BARE.disk_free_mb) == (0.0, 0)
    assert set(BARE[2:]) == {None, 0}


def test_the_cloud_waits_an_hour_and_reads_eight_thousand_bytes() -> None:
    """Cameras and cloud are changed at different times, so both keep to these."""
    assert (report.EVERY_SECONDS, report.MOST_BYTES) == (60 * 60, 8192)


def test_the_message_has_these_names() -> None:
    assert report.make(WHOLE) == {
        "format": 1,
        "at": "2026-11-22T12:00:00Z",
        "agent": 1,
        "epoch": 7,
        "sha256": "a" * 64,
        "golden": "12/12",
        "latency_ms": 8.5,
        "precision": "fp32",
        "fps": 4.98,
        "temperature": 51.5,
        "disk_free_mb": 1234,
        "last_error": "a.jpg: not a picture",
        "given_back": {"epoch": 8, "reason": "10 frames in a row"},
        "key_number": 2,
        "keys": ["0123456789abcdef", "f" * 16],
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("two\nlines\t\x00", "two lines"),
        ("\n", "-"),
        ("ü" * 10_000, "ü" * 500),
        ("\U0001f5d1" * 10_000, "\U0001f5d1" * 500),
    ],
)
def test_whatever_an_error_says_it_is_one_line_that_is_read_and_small(text: str, kept: str) -> None:
    said = WHOLE._replace(last_error=text, given_back=GivenBack(8, text))
    message = json.dumps(report.make(said), ensure_ascii=False)
    found = report.parse(json.loads(message))
    assert (found.last_error, found.given_back) == (kept, GivenBack(8, kept))
    assert len(message.encode()) < report.MOST_BYTES


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert report.parse({**GOOD, "humidity": 0.4}) == WHOLE


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("format", 2, "`format` is 2; this version reads 1"),
        ("at", "yesterday", "`at` is 'yesterday'; it must be a time like 2026-11-22T12:00:00Z"),
        ("at", None, "`at` is missing"),
        ("agent", 0, "`agent` is 0"),
        ("agent", 10**6 + 1, "`agent` is 1000001"),
        ("epoch", 0, "`epoch` is 0"),
        ("epoch", None, "wrong: `epoch` and `sha256` must be there both or neither"),
        ("sha256", "A" * 64, "in lower-case hexadecimal"),
        ("sha256", None, "`epoch` and `sha256` must be there both or neither"),
        ("golden", "all", "`golden` is 'all'; it must be right/all"),
        ("latency_ms", -1, "`latency_ms` is -1"),
        (
            "precision",
            "FP 32",
            "`precision` is 'FP 32'; it must be a precision like fp32",
        ),
        ("fps", float("nan"), "`fps` is nan"),
        ("fps", None, "`fps` is missing"),
        ("fps", 1e6 + 0.5, "`fps` is 1000000.5"),
        ("temperature", 201, "`temperature` is 201"),
        ("temperature", -101, "`temperature` is -101"),
        ("disk_free_mb", 1.5, "`disk_free_mb` is 1.5"),
        ("last_error", "x" * 501, "it must be one line of text"),
        ("last_error", "two\nlines", "it must be one line of text"),
        ("given_back", 8, "`given_back` is 8; it must be an object"),
        ("key_number", -1, "`key_number` is -1"),
        ("keys", "0123456789abcdef", "it must be a list of fingerprints of keys"),
        ("keys", ["0123456789ABCDEF"], "it must be a list of fingerprints of keys"),
        ("keys", [7], "it must be a list of fingerprints of keys"),
        ("keys", ["f" * 16] * 3, "it must be a list of fingerprints of keys"),
        ("given_back", {"epoch": 0, "reason": "r"}, "`given_back.epoch` is 0"),
        (
            "given_back",
            {"epoch": 8, "reason": ""},
            "`given_back.reason` is ''; it must be one line of text",
        ),
    ],
)
def test_each_mistake_is_named(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(ReportError) as refused:
        report.parse({**GOOD, field: value})
    assert str(refused.value).startswith("The camera's report is wrong: ")
    assert sentence in str(refused.value)


@pytest.mark.parametrize("content", [None, [], "report", 1e999])
def test_what_is_no_object_is_no_report(content: Any) -> None:
    with pytest.raises(ReportError, match="must be an object"):
        report.parse(content)
