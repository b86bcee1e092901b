"""Are the machines of a run those that are written, in that order, and is what cannot be said?"""

import pytest

from lensloop.machines import ladder
from lensloop.machines.ladder import Rung
from lensloop.settings import Settings

TWO = Settings(training_instance_type="ml.m5.xlarge,  ml.c5.2xlarge")


def test_each_type_is_tried_on_spot_then_on_demand_then_the_next() -> None:
    assert ladder.ladder(TWO) == (
        Rung("ml.m5.xlarge", True),
        Rung("ml.m5.xlarge", False),
        Rung("ml.c5.2xlarge", True),
        Rung("ml.c5.2xlarge", False),
    )


def test_without_spot_each_type_is_tried_on_demand() -> None:
    settings = Settings(training_instance_type="ml.m5.xlarge, ml.c5.2xlarge", training_spot=False)
    assert ladder.ladder(settings) == (Rung("ml.m5.xlarge", False), Rung("ml.c5.2xlarge", False))


def test_a_machine_is_called_by_its_type_and_how_it_is_had() -> None:
    assert [str(rung) for rung in ladder.ladder(TWO)[:2]] == [
        "ml.m5.xlarge on spot capacity",
        "ml.m5.xlarge on demand",
    ]


@pytest.mark.parametrize(
    ("algorithm", "types"),
    [
        ("head", ("ml.m5.xlarge", "ml.m6i.xlarge", "ml.c5.2xlarge")),
        ("finetune", ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g6.xlarge")),
        ("image-classification", ("ml.g4dn.xlarge", "ml.g5.xlarge")),
        ("one of tomorrow", ("ml.m5.xlarge", "ml.m6i.xlarge", "ml.c5.2xlarge")),
    ],
)
def test_where_none_are_written_they_suit_the_algorithm(
    algorithm: str, types: tuple[str, ...]
) -> None:
    settings = Settings(algorithm=algorithm)
    assert ladder.types(settings, ladder.jobs(settings)[0]) == types
    assert ladder.problem(settings) == ""


@pytest.mark.parametrize(
    ("types", "algorithm", "problem"),
    [
        ("ml.m5.xlarge, ml.m6i.xlarge, ml.m7i.xlarge, ml.c5.2xlarge", "head", ""),
        (
            "ml.m5.xlarge, ml.m6i.xlarge, ml.m7i.xlarge, ml.c5.2xlarge, ml.c6i.2xlarge",
            "head",
            "`training_instance_type` names 5 types; at most 4 are.",
        ),
        (
            "ml.m6i.xlarge, ml.m5.xlarge, ml.m6i.xlarge, ml.m5.xlarge",
            "head",
            "`training_instance_type` names ml.m5.xlarge, ml.m6i.xlarge twice.",
        ),
        (
            "ml.m5.xlarge, ml.g5.xlarge",
            "head",
            "`training_instance_type` names types with a GPU and types without; one image trains on"
            " all of them, so they must be of one kind.",
        ),
        ("ml.g5.xlarge, ml.p4d.24xlarge", "finetune", ""),
        ("ml.m5.xlarge", "finetune", ""),
        ("ml.g5.2xlarge", "image-classification", ""),
        (
            "ml.g5.xlarge, ml.g6.xlarge, ml.p5.48xlarge",
            "image-classification",
            "`algorithm` is 'image-classification', which SageMaker trains on ml.g4dn and ml.g5"
            " only; `training_instance_type` names ml.g6.xlarge, ml.p5.48xlarge.",
        ),
    ],
)
def test_types_that_cannot_stand_together_are_refused_with_why(
    types: str, algorithm: str, problem: str
) -> None:
    settings = Settings(training_instance_type=types, algorithm=algorithm)
    assert ladder.problem(settings) == problem


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("ml.g4dn.xlarge", True),
        ("ml.p5.48xlarge", True),
        ("ml.m5.xlarge", False),
        ("ml.trn1.2xlarge", False),
    ],
)
def test_a_gpu_is_known_by_the_family(name: str, gpu: bool) -> None:
    assert ladder.has_gpu(name) == gpu


def test_a_run_has_as_many_attempts_as_its_longest_ladders_have_rungs_and_one() -> None:
    assert tuple(range(1, 17)) == ladder.ATTEMPTS


def test_a_network_that_sagemaker_trained_is_judged_without_a_gpu() -> None:
    settings = Settings(algorithm="image-classification", training_instance_type="ml.g5.xlarge")
    assert ladder.jobs(settings) == (ladder.BUILT_IN, ladder.OURS)
    assert ladder.types(settings, ladder.BUILT_IN) == ("ml.g5.xlarge",)
    assert ladder.types(settings) == ladder.SUITED["head"]
    assert ladder.all_types(settings) == ("ml.g5.xlarge", *ladder.SUITED["head"])
    assert ladder.ladder(settings, ladder.BUILT_IN)[0] == Rung("ml.g5.xlarge", True)


def test_other_algorithms_need_one_job() -> None:
    assert ladder.jobs(Settings()) == (ladder.OURS,)
    assert ladder.all_types(Settings()) == ladder.types(Settings())
