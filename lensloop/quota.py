"""May this account train on this machine? SageMaker's quotas by their names, and what to do about
one that is too small.
"""

import re
from collections.abc import Mapping, Sequence

_SERVICE = "sagemaker"
# Of a refusal: "The account-level service limit 'ml.m5.xlarge for training job usage' is 0 …".
_NAMED = re.compile(r"limit '([^']+)' is \d")
# When the refusal names none.
_SOME = "<instance type> for training job usage"


def name(instance_type: str, *, spot: bool = False) -> str:
    """As Service Quotas calls it."""
    return f"{instance_type} for {'spot ' if spot else ''}training job usage"


def named_in(refusal: str) -> str:
    """The name of the quota that AWS refused by; empty when it names none."""
    found = _NAMED.search(refusal)
    return found[1] if found else ""


def how_to_raise(quota_name: str) -> str:
    """`quota_name` is empty where AWS named none."""
    return (
        f"What you can do: ask for a higher quota “{quota_name or _SOME}” of Amazon SageMaker, in"
        " the AWS console under Service Quotas. 1 is enough; new accounts have 0. It is granted"
        " within minutes to two days, and the next try after that trains by itself."
    )


def on_deploy(types: Sequence[str], *, spot: bool, granted: Mapping[str, float]) -> str:
    """What somebody who deploys should know, whose runs try these types in turn. `granted`: the
    account's quotas by name.
    """
    usual = [one for one in types if granted.get(name(one), 0) >= 1]
    cheap = [one for one in types if spot and granted.get(name(one, spot=True), 0) >= 1]
    wanted = types[0]
    if usual and wanted in usual:
        return _fine(wanted, spot and wanted not in cheap)
    if usual or cheap:
        return _only(wanted, usual, cheap)
    if name(wanted) not in granted:
        return (
            f"Service Quotas has no “{name(wanted)}” here. Training on it may be refused; the"
            " run's page would say so."
        )
    return (
        f"This account may not train on {_either(types)} yet, so the first run will wait."
        f" {how_to_raise(name(wanted))}"
    )


def _fine(wanted: str, spot_missing: bool) -> str:
    if spot_missing:
        return (
            f"This account may train on {wanted}, but not on spot capacity, which is"
            f" cheaper. Ask for the quota “{name(wanted, spot=True)}” if you want it."
        )
    return f"This account may train on {wanted}."


def _only(wanted: str, usual: Sequence[str], cheap: Sequence[str]) -> str:
    """Not as one would like it, on the first type on demand."""
    if usual:
        return (
            f"This account may not train on {wanted} yet; runs train on {usual[0]} instead."
            f" {how_to_raise(name(wanted))}"
        )
    return (
        f"This account may train on {_either(cheap)} on spot capacity only. When AWS has none,"
        f" runs wait until it has. {how_to_raise(name(wanted))}"
    )


def _either(types: Sequence[str]) -> str:
    *others, last = types
    return f"{', '.join(others)} or {last}" if others else last


def unknown(instance_type: str, why: str) -> str:
    return (
        f"Whether this account may train on {instance_type} could not be asked ({why}). New"
        f" accounts may not: see “{name(instance_type)}” in the AWS console under Service Quotas."
    )


def request_command(code: str, region: str) -> str:
    """Asks for one machine, for those who like the command line better."""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {_SERVICE}"
        f" --quota-code {code} --desired-value 1 --region {region}"
    )
