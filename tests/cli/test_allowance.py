"""Does somebody who deploys to a new account hear that it may not train yet, and is nothing ever
stopped by that?
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cli import allowance, deployed
from lensloop import quota
from lensloop.settings import Settings
from lensloop.wire.errors import SettingsError

USUAL, SPOT = quota.name("ml.m5.xlarge"), quota.name("ml.m5.xlarge", spot=True)
APPLIED, DEFAULT = "list_service_quotas", "list_aws_default_service_quotas"


class Quotas:
    """Service Quotas, with pages of two."""

    def __init__(self, **listings: dict[str, float] | Exception) -> None:
        self._listings = listings
        self.pages: list[str] = []
        self.meta = type("Meta", (), {"region_name": "eu-west-1"})

    def get_paginator(self, listing: str) -> Any:
        def paginate(*, ServiceCode: str, MaxResults: int) -> Any:
            assert (ServiceCode, MaxResults) == ("sagemaker", 100)
            quotas = self._listings.get(listing, {})
            if isinstance(quotas, Exception):
                raise quotas
            named = [
                {"QuotaName": name, "QuotaCode": f"L-{len(name)}", "Value": value}
                for name, value in quotas.items()
            ]
            for start in range(0, len(named), 2):
                self.pages.append(listing)
                yield {"Quotas": named[start : start + 2]}

        return type("Paginator", (), {"paginate": staticmethod(paginate)})


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Quotas], str]:
    def tell(quotas: Quotas) -> str:
        one = Settings(training_instance_type="ml.m5.xlarge")
        monkeypatch.setattr(deployed, "settings", lambda: one)
        monkeypatch.setattr(deployed, "client", lambda service, region: quotas)
        assert allowance.main() == 0
        return capsys.readouterr().out

    return tell


def test_a_new_account_hears_which_quota_to_ask_for_and_how(
    told: Callable[[Quotas], str],
) -> None:
    new = Quotas(list_service_quotas={"ml.g5.xlarge for training job usage": 1, USUAL: 0, SPOT: 0})
    assert told(new) == (
        "This account may not train on ml.m5.xlarge yet, so the first run will wait."
        f" {quota.how_to_raise(USUAL)} Or ask with:\n"
        f"  {quota.request_command('L-35', 'eu-west-1')}\n"
    )


def test_an_account_that_may_train_hears_just_that(told: Callable[[Quotas], str]) -> None:
    quotas = Quotas(list_service_quotas={USUAL: 2, SPOT: 2, "a": 0, "b": 0, "c": 0})
    assert told(quotas) == "This account may train on ml.m5.xlarge.\n"
    assert quotas.pages == [APPLIED]  # no more is asked than is needed


def test_where_nobody_changed_a_quota_its_default_holds(told: Callable[[Quotas], str]) -> None:
    quotas = Quotas(
        list_service_quotas={SPOT: 1}, list_aws_default_service_quotas={USUAL: 4, SPOT: 0}
    )
    assert told(quotas) == "This account may train on ml.m5.xlarge.\n"
    assert quotas.pages == [APPLIED, DEFAULT]


def test_the_quotas_of_all_types_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quotas = Quotas(list_service_quotas={USUAL: 0, quota.name("ml.m6i.xlarge"): 1})
    monkeypatch.setattr(deployed, "settings", Settings)
    monkeypatch.setattr(deployed, "client", lambda service, region: quotas)
    assert allowance.main() == 0
    assert "runs train on ml.m6i.xlarge instead." in capsys.readouterr().out


def test_a_quota_that_is_nowhere_is_said(told: Callable[[Quotas], str]) -> None:
    assert f"Service Quotas has no “{USUAL}” here." in told(Quotas())


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "x"), "AccessDeniedException"),
        (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError"),
    ],
)
def test_whoever_may_not_ask_hears_where_to_look(
    error: Exception, why: str, told: Callable[[Quotas], str]
) -> None:
    quotas = Quotas(list_service_quotas=error)
    assert told(quotas) == quota.unknown("ml.m5.xlarge", why) + "\n"


def test_a_mistake_in_cdk_json_is_a_sentence_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Settings:
        raise SettingsError("cdk.json cannot be read.")

    monkeypatch.setattr(deployed, "settings", broken)
    assert allowance.main() == 0
    assert capsys.readouterr().out == "cdk.json cannot be read.\n"
