"""Where do functions of the emulator behave unlike AWS Lambda?"""

import threading
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sqs

LARGEST_SQS_BATCH = 10_000


def failures_carry_the_exception_class() -> None:
    """Upstream says "Runtime.HandlerError" whatever Python raised
    (lambda_svc.py:5433, lambda_runtime.py:332).

    AWS says the exception's class, and Step Functions retries and catches by it.
    """
    lambda_runtime._PYTHON_WORKER_SCRIPT = _replace_once(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        '{"status": "error", "error": str(e), "trace": traceback.format_exc()}',
        '{"status": "error", "error": str(e), "trace": traceback.format_exc(), '
        '"class": type(e).__name__, "stack": traceback.format_tb(e.__traceback__)}',
    )
    last = threading.local()
    invoke, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def invoke_and_note(self: Any, *args: Any, **options: Any) -> Any:
        last.answer = answer = invoke(self, *args, **options)
        return answer

    def execute_and_name(func: Any, event: Any, request_id: str) -> Any:
        last.answer = {}
        result = execute(func, event, request_id)
        if result.get("error") and last.answer.get("class"):
            result["body"] |= {
                "errorType": last.answer["class"],
                "requestId": request_id,
                "stackTrace": last.answer["stack"],
            }
        return result

    lambda_runtime.Worker.invoke = invoke_and_note
    lambda_svc._execute_function_warm = execute_and_name


def queues_are_read_in_windows_and_large_batches() -> None:
    """Upstream hands over messages at once and at most 10 (sqs.py:2003),
    whatever the event source mapping says.

    AWS gathers them for MaximumBatchingWindowInSeconds, and up to BatchSize (at most 10,000 where
    there is a window).
    """
    first_seen: dict[str, float] = {}

    def receive(queue_url: str, wanted: int) -> list[dict[str, Any]]:
        window, now, wanted = _window_of(queue_url), time.time(), int(wanted or 1)
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            ready = sum(message.get("visible_at", 0) <= now for message in queue["messages"])
            if not ready:
                first_seen.pop(queue_url, None)
                return []
            if ready < wanted and now - first_seen.setdefault(queue_url, now) < window:
                return []
            first_seen.pop(queue_url, None)
            largest = LARGEST_SQS_BATCH if window else 10
            hidden_for = int(queue["attributes"].get("VisibilityTimeout", "30"))
            messages: list[dict[str, Any]] = sqs._collect_msgs(
                queue, min(wanted, largest), hidden_for
            )
            return messages

    sqs._receive_messages_for_esm = receive


def _window_of(queue_url: str) -> float:
    arn = ((sqs._queues.get(queue_url) or {}).get("attributes") or {}).get("QueueArn")
    window = 0.0
    for _, _, mapping in lambda_svc._iter_all_esms():
        if mapping.get("EventSourceArn") == arn:
            window = max(window, float(mapping.get("MaximumBatchingWindowInSeconds") or 0))
    return window


def idle_workers_are_all_given_back() -> None:
    """Upstream keeps one process of about 40 MB per function for ever (lambda_runtime.py:1659); AWS
    gives them back.
    """

    def reap(ttl: float | None = None) -> int:
        patience, now = lambda_runtime._LOCAL_WORKER_TTL if ttl is None else ttl, time.time()
        with lambda_runtime._lock:
            idle = []
            for key, workers in list(lambda_runtime._workers.items()):
                done = [w for w in workers if not w.in_use and now - w.last_used >= patience]
                idle += done
                lambda_runtime._workers[key] = [w for w in workers if w not in done]
                if not lambda_runtime._workers[key]:
                    del lambda_runtime._workers[key]
        lambda_runtime.kill_workers(idle)
        return len(idle)

    lambda_svc.reap_idle_workers = lambda_runtime.reap_idle_workers = reap


def _replace_once(text: str, old: str, new: str) -> str:
    """For a patch of upstream's own text: ends the start where upstream no longer has it."""
    if text.count(old) != 1:
        raise RuntimeError(f"ministack changed where a patch of ours expects: {old!r}")
    return text.replace(old, new)
