"""What are people told? Every sentence of every message, from a run's record or by the tick."""

from lensloop.news.decisions import TAKEN_BACK_BY_ITSELF, key_changed, of_approval, of_rollback
from lensloop.news.fleet import fell_silent, gave_back
from lensloop.news.message import (
    LOCAL_ACCOUNT,
    MAX_SUBJECT,
    Message,
    Sender,
    as_text,
    console_link,
    from_text,
    short_name,
)
from lensloop.news.retraining import (
    BLOCKED,
    NO_GOLDEN_SET,
    NOTHING_NEW,
    of_retraining,
    pictures_deleted,
)
from lensloop.news.rollout import of_rollout
from lensloop.news.tick import blocked_after, daily_cap, failed, no_machine, stopped

__all__ = [
    "BLOCKED",
    "LOCAL_ACCOUNT",
    "MAX_SUBJECT",
    "NOTHING_NEW",
    "NO_GOLDEN_SET",
    "TAKEN_BACK_BY_ITSELF",
    "Message",
    "Sender",
    "as_text",
    "blocked_after",
    "console_link",
    "daily_cap",
    "failed",
    "fell_silent",
    "from_text",
    "gave_back",
    "key_changed",
    "no_machine",
    "of_approval",
    "of_retraining",
    "of_rollback",
    "of_rollout",
    "pictures_deleted",
    "short_name",
    "stopped",
]
