"""Every import says where its pictures come from, once, however often it is started."""

from typing import Any

import pytest

from lensloop.importing import provenance
from lensloop.importing.provenance import LicenceMissing, Record, check_licence, record

ORIGIN = {"source": "set.zip", "version": "", "licence": "", "url": ""}
CONTENTS = [("bb", "glass"), ("aa", "glass"), ("cc", "paper")]


def made(**changes: Any) -> Record:
    return record(
        {**ORIGIN, **changes}, CONTENTS, {"Glass": "glass"}, {"It is no picture.": 2}, "now"
    )


def test_a_record_counts_by_label_and_can_be_read_again() -> None:
    told = made()
    assert told["pictures"] == {"glass": 2, "paper": 1}
    assert provenance.read(provenance.written(told)) == told
    assert provenance.key(told["id"]) == f"imports/pictures/{told['id']}.json"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": 1}', b'{"format": 2}'])
def test_what_is_no_record_is_passed_over(content: bytes) -> None:
    assert provenance.read(content) is None


def test_the_same_import_has_the_same_id_and_another_has_not() -> None:
    again = record(ORIGIN, reversed(CONTENTS), {}, {}, "later")
    assert again["id"] == made()["id"]
    others = {made(source="b.zip")["id"], made(version="2")["id"]}
    others.add(record(ORIGIN, CONTENTS[:2], {}, {}, "now")["id"])
    others.add(record(ORIGIN, [("aa", "jar"), *CONTENTS[1:]], {}, {}, "now")["id"])
    assert len(others | {made()["id"]}) == 5


def test_what_a_server_says_of_the_version_stands_beside_it_and_makes_no_other_import() -> None:
    told = made(version="1f", stated='ETag "one"')
    assert told["version"] == '1f (ETag "one")'
    assert told["id"] == made(version="1f")["id"]


@pytest.mark.parametrize(
    ("licence", "public", "asked"),
    [("", True, True), ("MIT", True, False), ("", False, False), ("MIT", False, False)],
)
def test_what_strangers_made_needs_a_licence(licence: str, public: bool, asked: bool) -> None:
    if not asked:
        check_licence("a place", licence, public)
        return
    with pytest.raises(LicenceMissing, match="a place does not say under which licence"):
        check_licence("a place", licence, public)


def test_a_sentence_says_all_that_matters() -> None:
    told = made(version="3", licence="MIT")
    told["begun"] = "2026-11-27T00:00"
    assert provenance.sentence(told) == (
        "3 from set.zip, version 3, licence MIT, 2026-11-27. The import has not ended yet."
    )
    told["finished"] = "2026-11-28T00:00"
    assert provenance.sentence(told) == (
        "3 from set.zip, version 3, licence MIT, 2026-11-27 to 2026-11-28."
    )
    told = made()
    told["begun"] = told["finished"] = "2026-11-28T00:00"
    assert provenance.sentence(told) == "3 from set.zip, no licence stated, 2026-11-28."
