"""Which permissions are used? Each first (who, action, decision) goes to iam.jsonl of the cloud.

Neither correction nor guard: nothing is decided here. The tests compare the file with what the
stacks allow, so that no role keeps what it does not need (tests/stacks/permissions.py).
"""

import contextvars
import json
import os
import threading
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iot

# What a camera is by: its certificate, not a role.
CERTIFICATE = "certificate"

# While a bucket's or a queue's own policy is read: it says nothing about the caller's role.
_of_a_resource = contextvars.ContextVar("of_a_resource", default=False)


def decisions_are_recorded(file: Path) -> None:
    recorder = Recorder(file)
    evaluate, evaluate_resource = iam_evaluator.evaluate, iam_evaluator.evaluate_resource_policy

    def recorded(ctx: Any, *policies: Any) -> Any:
        result = evaluate(ctx, *policies)
        who = _who(ctx)
        if who and not _of_a_resource.get():
            recorder.saw(who, ctx.action, result.decision)
        return result

    def of_a_resource(*arguments: Any, **options: Any) -> Any:
        token = _of_a_resource.set(True)
        try:
            return evaluate_resource(*arguments, **options)
        finally:
            _of_a_resource.reset(token)

    # The broker has a name of its own for it.
    iam_evaluator.evaluate = iot.evaluate = recorded
    iam_evaluator.evaluate_resource_policy = of_a_resource


class Recorder:
    """Remembers what it wrote: a request that is like an earlier one costs a look into a set."""

    def __init__(self, file: Path) -> None:
        self._seen: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()
        file.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")

    def saw(self, who: str, action: str, decision: str) -> None:
        if (who, action, decision) in self._seen:
            return
        with self._lock:
            if (who, action, decision) not in self._seen:
                self._seen.add((who, action, decision))
                line = {"role": who, "action": action, "decision": decision}
                print(json.dumps(line), file=self._file, flush=True)


def _who(ctx: Any) -> str:
    if ctx.principal_type == "Certificate":
        return CERTIFICATE
    _, assumed, session = ctx.principal_arn.partition(":assumed-role/")
    return session.partition("/")[0] if assumed else ""
