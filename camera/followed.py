"""What have signed statements told this camera? Kept in state.json, for ever."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from lensloop.wire.reading import Reader
from lensloop.wire.statement import Statement, text


class Followed(NamedTuple):
    serial: int = 0  # of the last statement that it followed
    given_up: int = 0  # the highest epoch that one has led back from
    statement: str = ""  # the text of the last

    def same(self, statement: str) -> bool:
        """It is the last that this camera has followed, and comes again: an answer was lost."""
        return statement != "" and statement == self.statement

    def after(self, said: Statement, highest: int) -> Followed:
        """`highest` is the highest epoch that this camera has committed."""
        left = highest if highest > said.epoch else 0
        return Followed(said.serial, max(self.given_up, left), text(said))


def shown(followed: Followed) -> Optional[Any]:
    """None for a camera that has followed no statement yet."""
    return dict(followed._asdict()) if followed.serial else None


def read(part: Optional[Reader]) -> Followed:
    if part is None:
        return Followed()
    return Followed(part.whole("serial", low=1), part.whole("given_up"), part.text("statement"))
