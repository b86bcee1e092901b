"""Where does the emulator's EventBridge behave unlike AWS's?"""

import contextvars
import logging
import os
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, lambda_svc, sqs

logger = logging.getLogger("lensloop")

_rule_arn = contextvars.ContextVar("rule_arn", default="")


def a_minute_of_a_schedule_lasts_as_long_as_asked() -> None:
    """Upstream looks at schedules every 10 s (eventbridge.py:3841), with real minutes.

    AWS's finest schedule is a minute as well;
    a demo must not wait for it, so a minute lasts LENSLOOP_MINUTE_SECONDS.
    """
    minute = float(os.environ.get("LENSLOOP_MINUTE_SECONDS", "60"))
    parse = eventbridge._parse_rate_seconds

    def parse_scaled(expression: str) -> float | None:
        seconds = parse(expression)
        return None if seconds is None else seconds * minute / 60

    eventbridge._parse_rate_seconds = parse_scaled
    eventbridge._SCHEDULER_TICK_INTERVAL = min(10.0, minute / 10)


def targets_must_permit_eventbridge() -> None:
    """Upstream delivers to queues and functions that never allowed it (eventbridge.py:2425, 2444).

    AWS asks the queue's policy and the function's permissions
    whether events.amazonaws.com may, for this rule.
    """
    invoke = eventbridge._invoke_target
    to_queue, to_function = eventbridge._dispatch_to_sqs, eventbridge._dispatch_to_lambda

    def invoke_noting_rule(target: Any, event: Any, rule: dict[str, Any], view: Any = None) -> Any:
        token = _rule_arn.set(rule.get("Arn", ""))
        try:
            return invoke(target, event, rule, view)
        finally:
            _rule_arn.reset(token)

    def to_permitting_queue(spec: Any, payload: str, parameters: Any = None) -> None:
        if sqs.queue_policy_allows(
            str(spec), "events.amazonaws.com", _rule_arn.get(), get_account_id()
        ):
            to_queue(spec, payload, parameters)
        else:
            logger.error(
                "EventBridge may not send to %s: its policy does not allow %s",
                spec,
                _rule_arn.get(),
            )

    def to_permitting_function(arn: str, payload: str) -> None:
        if _function_permits(arn):
            to_function(arn, payload)
        else:
            logger.error(
                "EventBridge may not invoke %s: it has no permission for %s", arn, _rule_arn.get()
            )

    eventbridge._invoke_target = invoke_noting_rule
    eventbridge._dispatch_to_sqs = to_permitting_queue
    eventbridge._dispatch_to_lambda = to_permitting_function


def _function_permits(arn: str) -> bool:
    policy = lambda_svc.function_policy_for_arn(arn)
    if policy is None or not app.AUTH:
        return True  # an unknown function: the delivery itself says so
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=get_region(),
        service_context={"aws:sourcearn": _rule_arn.get(), "aws:sourceaccount": get_account_id()},
    )
    verdict = iam_evaluator.evaluate_resource_policy(
        policy[0], context, service="events.amazonaws.com"
    )
    return bool(verdict.decision == "Allow")
