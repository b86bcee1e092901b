"""A picture that cannot be read is rejected in plain words, and a dozen of each label are shown."""

import pytest

from lensloop.dataset.inspection import SAMPLES_PER_LABEL, Samples, refusal, too_large

GONE = "It was deleted while this run was looking at it."
UNREADABLE = (
    "It was deleted meanwhile, or S3 does not let Lensloop read it (AccessDenied): its permissions"
    " or encryption key."
)
SEEN = {"thumbnail": "QUJD", "border": [1, 2, 3, 4], "brightness": 90, "width": 64}


def test_twenty_five_megabytes_are_read_and_no_more() -> None:
    assert too_large(25_000_000) == ""
    sentence = "The file has 25 MB; at most 25 MB are read. Save it smaller."
    assert too_large(25_000_001) == sentence
    sentence = "The file has 1235 MB; at most 25 MB are read. Save it smaller."
    assert too_large(1_234_500_001) == sentence


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("NoSuchKey", GONE),
        ("404", GONE),
        ("NotFound", GONE),
        ("InvalidObjectState", "It is archived (Glacier). Restore it, or upload it again."),
        ("AccessDenied", UNREADABLE),
    ],
)
def test_what_s3_does_not_hand_out_is_said_by_its_cause(code: str, sentence: str) -> None:
    assert refusal(code) == sentence


def test_a_dozen_thumbnails_of_each_label_are_kept() -> None:
    assert SAMPLES_PER_LABEL == 12
    samples = Samples({})
    for number in range(15):
        key = f"images/glass/{number:02d}.jpg"
        if samples.wanted(key):
            samples.keep(key, SEEN)
    shown = {"thumbnail": "QUJD", "border": [1, 2, 3, 4], "brightness": 90}
    assert samples.kept == {f"images/glass/{number:02d}.jpg": shown for number in range(12)}
    assert samples.wanted("images/paper/00.jpg")


def test_those_of_an_earlier_call_count() -> None:
    before = {f"images/glass/{number:02d}.jpg": SEEN for number in range(11)}
    samples = Samples(before)
    assert samples.wanted("images/glass/11.jpg")
    samples.keep("images/glass/11.jpg", SEEN)
    assert not samples.wanted("images/glass/12.jpg")
    assert len(before) == 11


def test_a_picture_that_was_not_decoded_has_no_thumbnail_to_keep() -> None:
    samples = Samples({})
    samples.keep("images/glass/00.jpg", {"width": 64})
    assert samples.kept == {}
