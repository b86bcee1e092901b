"""How is a message put together? It is a mail: its subject says what happened, its body why, what
follows by itself, what a person can do, and where to look.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lensloop.reasons import shortened
from lensloop.record import Record
from lensloop.wire import names

MAX_SUBJECT = 100  # SNS takes no more, and only printable ASCII
# The console of each partition; a region's page needs the region in it.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
LOCAL_ACCOUNT = "000000000000"  # the local cloud's, which has no console


class Message(NamedTuple):
    subject: str
    body: str


@dataclass(frozen=True)
class Sender:
    """Whose messages these are: the project's prefix, and its bucket."""

    prefix: str
    bucket: str


def short_name(arn: str) -> str:
    """Of whoever decided: the end of an ARN, which is what people know each other by."""
    return arn.rpartition(":")[2]


def as_text(message: Message) -> str:
    """As the trigger's item keeps it."""
    return f"{message.subject}\n\n{message.body}"


def from_text(text: str, sender: Sender) -> Message:
    subject, _, body = text.partition("\n\n")
    return compose(sender, subject, [body])


def compose(sender: Sender, what: str, parts: Iterable[str]) -> Message:
    body = "\n\n".join(part for part in parts if part)
    return Message(_subject(f"{sender.prefix}: {what}"), f"{body}\n")


def _subject(text: str) -> str:
    """SNS refuses a subject with a line break, a letter beyond ASCII, or more than 100 of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", plain).strip()[:MAX_SUBJECT]


def bulleted(heading: str, reasons: Sequence[str]) -> str:
    if not reasons:
        return ""
    lines = [f"– {reason}" for reason in shortened(reasons)]
    return "\n".join([heading, *lines] if heading else lines)


def where(record: Record, sender: Sender, execution: str = "") -> list[str]:
    epoch = record["epoch"]
    lines = [
        f"The run's page: lensloop report {epoch}",
        f"  s3://{sender.bucket}/{names.run(epoch, 'report.html')}",
    ]
    if link := console_link(execution or record["execution"]):
        lines += [f"Every step: {link}"]
    return ["\n".join(lines), *record["problems"]]


def console_link(execution: str) -> str:
    """The execution's page in the console of its partition; nothing where there is none."""
    parts = execution.split(":")
    if len(parts) < 8 or parts[1] not in _CONSOLES or parts[4] == LOCAL_ACCOUNT:
        return ""
    region = parts[3]
    return (
        f"https://{region}.{_CONSOLES[parts[1]]}/states/home?region={region}"
        f"#/v2/executions/details/{execution}"
    )
