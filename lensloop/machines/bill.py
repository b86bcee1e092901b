"""What will AWS charge for a run's training? The seconds that it bills, by machine.

No price is said: prices differ by region and change, and nothing here could know.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lensloop.machines.ladder import Rung


def billed(jobs: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Machine → seconds, of a record's jobs; without those for which AWS billed nothing."""
    found: dict[str, int] = {}
    for job in jobs:
        if job.get("billable_seconds") and job.get("instance"):
            machine = str(Rung(job["instance"], bool(job.get("spot"))))
            found[machine] = found.get(machine, 0) + job["billable_seconds"]
    return found
