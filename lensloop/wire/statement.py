"""What may a person say to cameras that no release says? A signed statement: go to this release,
although it is older.

The text is what is signed, to the byte; a camera follows each serial once, so that no old statement
can be played back.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from lensloop.wire.errors import LensloopError
from lensloop.wire.reading import of_json

FORMAT = 1
KIND = "lensloop-statement"  # so that nothing else that the key signed can be taken for one


class StatementError(LensloopError):
    """The statement says nothing that a camera can follow."""


class Statement(NamedTuple):
    project: str
    serial: int  # higher in each statement than in the one before
    epoch: int  # of the release that cameras are to run
    manifest_sha256: str  # of that release


def text(statement: Statement) -> str:
    """What is signed: the same bytes for the same statement."""
    content = {"format": FORMAT, "kind": KIND, **statement._asdict()}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def parse(said: str) -> Statement:
    """Raises StatementError naming every mistake."""
    top = of_json(said, StatementError, "the job's statement")
    top.expect_format(FORMAT)
    top.value("kind", lambda kind: kind == KIND, repr(KIND))
    found = Statement(
        project=top.text("project"),
        serial=top.whole("serial", low=1),
        epoch=top.whole("epoch", low=1),
        manifest_sha256=top.sha256("manifest_sha256"),
    )
    top.check(StatementError, "the job's statement is wrong")
    return found


def refusal(statement: Statement, project: str, serial: int) -> str:
    """Why a camera of `project` that has followed statement `serial` does not follow this one;
    empty: it does.
    """
    if statement.project != project:
        return (
            f"the job's statement is for project {statement.project!r} and this camera belongs to"
            f" {project!r}"
        )
    if statement.serial <= serial:
        return (
            f"the job's statement has serial {statement.serial}, and this camera has followed"
            f" serial {serial} already"
        )
    return ""
