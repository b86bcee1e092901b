"""What may eight bits cost, before a release goes without them?"""

from typing import Any

import pytest

from lensloop.model.precision import (
    FILE,
    LEAST_PICTURES,
    Compared,
    Made,
    objection,
    read_made,
    told,
)
from lensloop.wire.reading import Reader


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Compared(100, 90, 90, 97), ""),
        (Compared(100, 90, 95, 90), ""),
        (Compared(100, 90, 89, 97), ""),
        (Compared(100, 90, 88, 97), "it gets 2 fewer of 100 test pictures right"),
        (Compared(99, 90, 89, 97), "it gets 1 fewer of 99 test pictures right"),
        (Compared(100, 90, 90, 97, 5, 7), ""),
        (Compared(100, 90, 90, 97, 5, 8), "it calls 3 more of 100 test pictures unfamiliar"),
        (Compared(100, 90, 90, 97, 8, 5), ""),
        (Compared(0, 0, 0, 0), ""),
        (Compared(1, 1, 0, 0), "it gets 1 fewer of 1 test picture right"),
    ],
)
def test_a_hundredth_of_the_accuracy_is_the_most(found: Compared, why: str) -> None:
    said = objection("test", found)
    assert said.startswith(why) if why else not said


TEST = {
    **{"pictures": 256, "right": 240, "right_int8": 238, "same": 253},
    **{"unfamiliar": 5, "unfamiliar_int8": 6},
}
INT8 = {"kept": True, "reason": "", "bytes": 3_900_000, "milliseconds": 3.1, "test": TEST}


def test_what_a_training_says_of_eight_bits_is_read() -> None:
    found = Reader(INT8)
    assert read_made(found) == Made(
        True, "", 3_900_000, 3.1, None, Compared(256, 240, 238, 253, 5, 6)
    )
    assert not found.mistakes
    learnt = {**TEST, "right": 250}
    both = read_made(Reader({**INT8, "validation": learnt}))
    assert both.validation == Compared(256, 250, 238, 253, 5, 6)
    refused = {"kept": False, "reason": "too few pictures"}
    assert read_made(Reader(refused)) == Made(False, "too few pictures", None, None, None, None)


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({**INT8, "kept": "yes"}, "`kept` is 'yes'; it must be true or false"),
        ({"kept": False, "reason": ""}, "`reason` is ''"),
        ({**INT8, "bytes": -1}, "`bytes` is -1"),
        ({**INT8, "test": {**TEST, "same": 257}}, "`test.same` is 257"),
        ({**INT8, "test": []}, "`test` is []"),
    ],
)
def test_what_does_not_add_up_is_a_mistake(said: dict[str, Any], mistake: str) -> None:
    found = Reader(said)
    made = read_made(found)
    assert made.kept == (said["kept"] is True)
    assert found.mistakes[0].startswith(mistake)


def test_buckets_and_agents_know_the_file_by_this_name_and_few_pictures_say_nothing() -> None:
    assert (FILE, LEAST_PICTURES) == ("model.int8.onnx", 30)
    assert Compared(30, 29, 29, 30)[4:] == (0, 0)


def test_the_record_has_both_models_beside_each_other() -> None:
    evaluation = {"int8": INT8, "model_bytes": 13_500_000, "milliseconds": 6.2}
    assert told(evaluation) == {**INT8, "whole": {"bytes": 13_500_000, "milliseconds": 6.2}}
    assert told({}) is None
