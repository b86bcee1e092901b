"""Which of the pictures that a camera took does a person keep, and under which label?"""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import records
from cli.capture import _record, label_of, rest
from lensloop.review.naming import LabelError

KEYS = ["review/deeplens_a/1-capture-0123abcd-x.jpg", "review/deeplens_a/2.jpg", "review/a/3.jpg"]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("y", KEYS),
        (" YES ", KEYS),
        ("n", []),
        ("2", [KEYS[0], KEYS[2]]),
        ("1, 3", [KEYS[1]]),
        ("1 2 3", []),
        ("", None),
        ("0", None),
        ("4", None),
        ("all", None),
        ("-1", None),
        ("²", None),
    ],
)
def test_a_person_keeps_all_none_or_all_but_some(answer: str, kept: list[str] | None) -> None:
    assert rest(KEYS, answer) == kept


@pytest.mark.parametrize(
    ("text", "label"),
    [(" glass ", "glass"), ("cafe\u0301", "caf\u00e9"), ("paper", "paper")],
)
def test_a_label_is_written_as_the_project_does(
    monkeypatch: pytest.MonkeyPatch, text: str, label: str
) -> None:
    monkeypatch.setattr(records, "dataset_report", lambda _: {"labels": {"glass": {}}})
    nowhere: Any = None
    assert label_of(nowhere, text) == label
    for odd in ("Glass", "a/b", ""):
        with pytest.raises(LabelError):
            label_of(nowhere, odd)


def test_pictures_are_kept_though_their_record_cannot_be_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class NoWriting:
        def put_object(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")

    place: Any = SimpleNamespace(
        client=lambda service: NoWriting(), bucket="b", project="p", local=None, only_aws=False
    )
    assert _record(place, "deeplens_a", "0123abcd", "glass", KEYS, KEYS[:2]) == ""
    assert "no record of whence" in capsys.readouterr().err
    assert _record(place, "deeplens_a", "0123abcd", "glass", KEYS, []) == ""
