"""How does a rollout stand? For whoever steers one, and for who shows what could be done."""

from lambdas.aws.state import StateTable
from lensloop.steering import Stand
from lensloop.wire import names


def stand(table: StateTable, prefix: str, *, running: bool) -> Stand:
    """`running`: whether any rollout runs."""
    candidate, live = table.candidate(), table.live_on_cameras()
    epoch = candidate.release.epoch if candidate else 0
    return Stand(
        epoch,
        candidate.state if candidate else "",
        live.epoch if live else 0,
        running,
        table.paused() is not None,
        live is not None and live.stopped,
        live is not None and live.by_shares,
        any(names.release_of(prefix, job) == epoch for job in table.rollout_jobs()),
    )
