"""How is it stated, for cameras to follow, to which release they go although it is not newer?"""

import time

from lambdas.aws import signing
from lambdas.aws.rollback_item import Rollback
from lambdas.aws.state import StateTable
from lensloop.wire.errors import LensloopError
from lensloop.wire.order import Signed
from lensloop.wire.statement import Statement, text

TRIES = 5  # of a serial that somebody else was faster with


class NotStated(LensloopError):
    """Others kept stating and moving releases; trying again helps."""


def state(table: StateTable, to: int, away: int, project: str) -> Rollback:
    """A retry finds the statement that it made before."""
    for _ in range(TRIES):
        before = table.rollback()
        if before and before.epoch == to and before.away >= away:
            return before
        new = following(table, to, away, project)
        if table.state(new, int(time.time())):
            return new
    raise NotStated("Others state releases all the time; try again.")


def following(table: StateTable, to: int, away: int, project: str) -> Rollback:
    """Signed, and not stated yet."""
    before = table.rollback()
    serial = before.serial + 1 if before else 1
    said = text(Statement(project, serial, to, table.manifest_of(to)))
    return Rollback(serial, to, away, Signed(said, signing.sign(said.encode())))
