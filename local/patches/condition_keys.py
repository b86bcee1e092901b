"""Which conditions of policies does the emulator not know, so that who may do something only under
them may not do it at all, or always?
"""

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

_LEADING_KEYS = "dynamodb:LeadingKeys"
_PARTS = ("ConditionCheck", "Put", "Update", "Delete", "Get")  # of a transaction


class _PartOfTransaction(str):
    """The ARN of a part's table, which says as well whose item the part is about."""

    leading_keys: list[str]


def requests_to_tables_say_which_item() -> None:
    """Upstream knows no dynamodb:LeadingKeys (iam_actions.py:2098), so that a role that may write
    only its own items may write none; AWS fills in the partition key of each item, and asks for
    each part of a transaction as for a request of its own.
    """
    context_of, checks_of = (
        iam_actions.dynamodb_service_context,
        iam_actions.dynamodb_transaction_checks,
    )
    enforce = iam_evaluator.enforce

    def with_key(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        keys = _leading_keys(_parsed(body))
        return context | ({_LEADING_KEYS: keys} if keys else {})

    def with_keys(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        checks: list[tuple[str, str]] = checks_of(action, body, region, account)
        parts = []
        for item in _parsed(body).get("TransactItems") or []:
            parts += [item[member] for member in _PARTS if member in item]
        if len(parts) != len(checks):  # one that upstream passes over is no request at all
            return checks
        return [(one, _about(arn, part)) for (one, arn), part in zip(checks, parts, strict=True)]

    def enforce_for_its_item(*arguments: Any, **options: Any) -> Any:
        arn = options.get("resource_arn", "")
        if isinstance(arn, _PartOfTransaction):
            context = options.get("service_context") or {}
            options["service_context"] = {**context, _LEADING_KEYS: arn.leading_keys}
        return enforce(*arguments, **options)

    iam_actions.dynamodb_service_context = with_key
    iam_actions.dynamodb_transaction_checks = with_keys
    iam_evaluator.enforce = enforce_for_its_item


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _about(arn: str, part: Any) -> _PartOfTransaction:
    about = _PartOfTransaction(arn)
    about.leading_keys = _leading_keys(part)
    return about


def _leading_keys(request: dict[str, Any]) -> list[str]:
    table = dynamodb._tables.get(request.get("TableName", "")) or {}
    value = (request.get("Key") or request.get("Item") or {}).get(table.get("pk_name"))
    return [str(each) for each in value.values()] if isinstance(value, dict) else []


def writes_to_buckets_say_whether_they_replace() -> None:
    """Upstream knows no s3:if-none-match (iam_actions.py:2056), so that a bucket that takes only
    what is new takes nothing; AWS fills it in, and whether the request makes an object at all: of
    an upload in parts only the last does.
    """
    context_of = iam_actions.s3_service_context

    def with_conditions(
        action: str, query: dict[str, Any] | None, path: str = "", headers: Any = None
    ) -> dict[str, Any]:
        context: dict[str, Any] = context_of(action, query, path, headers)
        if action != "s3:PutObject":
            return context
        makes = not {"uploads", "partNumber"} & (query or {}).keys()
        context["s3:ObjectCreationOperation"] = str(makes).lower()
        for name in ("if-none-match", "if-match"):
            if value := (headers or {}).get(name):
                context[f"s3:{name}"] = value
        return context

    iam_actions.s3_service_context = with_conditions
