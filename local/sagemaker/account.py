"""What may this account have of SageMaker, and how soon? By default everything, at once: as in no
new account of AWS.

`sagemaker.json` in the cloud's folder says otherwise, and is read again for each job:
{"quotas": {"ml.m5.xlarge for training job usage": 0}, "no_machines": ["ml.m5.xlarge"],
"launch_seconds": 60}.
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
    launch_seconds: float = 0

    def refusal(self, request: dict[str, Any], running: Iterable[dict[str, Any]]) -> str:
        """In AWS' own words; empty when the job may be made."""
        name = _quota(request)
        limit = self.quotas.get(name)
        used = sum(_quota(job) == name for job in running)
        if limit is None or used < limit:
            return ""
        return (
            f"The account-level service limit '{name}' is {limit} Instances, with current"
            f" utilization of {used} Instances and a request delta of 1 Instances. Please use AWS"
            " Service Quotas to request an increase for this quota. If AWS Service Quotas is not"
            " available, contact AWS support to request an increase for this quota."
        )

    def lacks(self, request: dict[str, Any]) -> bool:
        return _type(request) in self.no_machines


def account(state: Path) -> Account:
    try:
        told = json.loads((state / FILE).read_text())
    except FileNotFoundError:
        return Account()
    return Account(
        told.get("quotas", {}),
        tuple(told.get("no_machines", ())),
        float(told.get("launch_seconds", 0)),
    )


def _quota(request: dict[str, Any]) -> str:
    kind = "spot training" if request.get("EnableManagedSpotTraining") else "training"
    return f"{_type(request)} for {kind} job usage"


def _type(request: dict[str, Any]) -> str:
    return str(request["ResourceConfig"].get("InstanceType", ""))
