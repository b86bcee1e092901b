"""Are the seconds that AWS bills added up by machine?"""

from typing import Any

from lensloop.machines.bill import billed


def test_seconds_are_added_up_by_machine_and_by_how_it_was_had() -> None:
    job: dict[str, Any] = {"instance": "ml.m5.xlarge", "spot": True, "billable_seconds": 20}
    jobs = [
        job,
        job | {"billable_seconds": 12},
        job | {"spot": False},
        job | {"instance": "ml.c5.2xlarge", "billable_seconds": None},
        job | {"instance": None},
        {"billable_seconds": 5},
    ]
    assert billed(jobs) == {"ml.m5.xlarge on spot capacity": 32, "ml.m5.xlarge on demand": 20}
