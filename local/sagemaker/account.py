"""What may this account have of SageMaker, and how soon? By default everything, at once: as in no
new account of AWS.

`sagemaker.json` in the cloud's folder says otherwise, and is read again for each job:
{"quotas": {"ml.m5.xlarge for training job usage": 0}, "no_machines": ["ml.m5.xlarge"],
"no_spot": ["ml.m6i.xlarge"], "launch_seconds": 60, "workforce_says": {"review/": "glass"}}.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "sagemaker.json"


@dataclass(frozen=True)
class Account:
    quotas: dict[str, int] = field(default_factory=dict)  # by their names in Service Quotas
    no_machines: tuple[str, ...] = ()  # types that AWS has none of at the moment
    no_spot: tuple[str, ...] = ()  # and those of which it has none on spot capacity
    launch_seconds: float = 0
    # What people say when they are asked to label: by how the keys of pictures begin.
    workforce_says: dict[str, str] = field(default_factory=dict)

    def says(self, key: str) -> str:
        """The label that people give this picture; empty while nobody has looked at it."""
        fitting = [begin for begin in self.workforce_says if key.startswith(begin)]
        return self.workforce_says[max(fitting, key=len)] if fitting else ""

    def refusal(self, request: dict[str, Any], running: Iterable[dict[str, Any]]) -> str:
        """In AWS' own words; empty when the job may be made."""
        jobs = [*running]
        for quota in (_quota, _warm_quota):
            name = quota(request)
            used = sum(quota(job) == name for job in jobs)
            if name and used >= self.quotas.get(name, used + 1):
                return self._refused(name, used)
        return ""

    def _refused(self, name: str, used: int) -> str:
        limit = self.quotas[name]
        return (
            f"The account-level service limit '{name}' is {limit} Instances, with current"
            f" utilization of {used} Instances and a request delta of 1 Instances. Please use AWS"
            " Service Quotas to request an increase for this quota. If AWS Service Quotas is not"
            " available, contact AWS support to request an increase for this quota."
        )

    def lacks(self, request: dict[str, Any]) -> bool:
        lacking = self.no_spot if request.get("EnableManagedSpotTraining") else ()
        return _type(request) in (*self.no_machines, *lacking)


def account(state: Path) -> Account:
    try:
        told = json.loads((state / FILE).read_text())
    except FileNotFoundError:
        return Account()
    return Account(
        told.get("quotas", {}),
        tuple(told.get("no_machines", ())),
        tuple(told.get("no_spot", ())),
        float(told.get("launch_seconds", 0)),
        told.get("workforce_says", {}),
    )


def _quota(request: dict[str, Any]) -> str:
    kind = "spot training" if request.get("EnableManagedSpotTraining") else "training"
    return f"{_type(request)} for {kind} job usage"


def _warm_quota(request: dict[str, Any]) -> str:
    """Nothing for a job whose machine is not kept."""
    kept = request["ResourceConfig"].get("KeepAlivePeriodInSeconds")
    return f"{_type(request)} for training warm pool usage" if kept else ""


def _type(request: dict[str, Any]) -> str:
    return str(request["ResourceConfig"].get("InstanceType", ""))
