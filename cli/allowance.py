"""May the account train on the machines that cdk.json names? Prints a sentence after `make deploy`,
and never fails it.
"""

import sys
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli import deployed
from lensloop import quota
from lensloop.machines.ladder import all_types
from lensloop.settings import Settings
from lensloop.wire.errors import LensloopError

Granted = tuple[float, str]  # how many, and the quota's code


def main() -> int:
    print(_sentence())
    return 0


def _sentence() -> str:
    try:
        settings = deployed.settings()
        client = deployed.client("service-quotas", settings.region)
    except LensloopError as mistake:  # nobody could deploy with it either
        return str(mistake)
    try:
        granted = _granted(client, settings)
    except (BotoCoreError, ClientError) as error:
        return quota.unknown(all_types(settings)[0], _why(error))
    return _told(granted, settings, client.meta.region_name)


def _told(granted: Mapping[str, Granted], settings: Settings, region: str) -> str:
    wanted = all_types(settings)
    values = {name: value for name, (value, _) in granted.items()}
    told = quota.on_deploy(wanted, spot=settings.training_spot, granted=values)
    value, code = granted.get(quota.name(wanted[0]), (1.0, ""))
    if value >= 1:
        return told
    return f"{told} Or ask with:\n  {quota.request_command(code, region)}"


def _granted(client: Any, settings: Settings) -> dict[str, Granted]:
    """The quotas that matter, by name. Of those that nobody ever changed, AWS lists the default
    only.
    """
    kinds = (True, False)
    wanted = {quota.name(one, spot=spot) for one in all_types(settings) for spot in kinds}
    found = _listed(client, "list_service_quotas", wanted)
    if missing := wanted - found.keys():
        found |= _listed(client, "list_aws_default_service_quotas", missing)
    return found


def _listed(client: Any, listing: str, wanted: set[str]) -> dict[str, Granted]:
    """SageMaker has some two thousand quotas, and the service finds none by its name."""
    found: dict[str, Granted] = {}
    pages = client.get_paginator(listing).paginate(ServiceCode="sagemaker", MaxResults=100)
    for page in pages:
        for entry in page["Quotas"]:
            if entry.get("QuotaName") in wanted:
                found[entry["QuotaName"]] = (entry["Value"], entry["QuotaCode"])
        if found.keys() == wanted:
            break
    return found


def _why(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code") or error)
    return type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
