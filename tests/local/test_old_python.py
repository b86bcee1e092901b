"""What Debian 12's Python does wrong, and what is mended:
shown on a transport of that Python's making.
"""

from local.old_python import paused_connections_stay_paused


class Transport:
    """As in Python 3.11.2: reading begins whether or not it was paused meanwhile."""

    def __init__(self, paused: bool) -> None:
        self.paused, self.started = paused, False

    def is_reading(self) -> bool:
        return not self.paused

    def _add_reader(self, _socket: int) -> None:
        self.started = True


def test_a_connection_that_was_paused_at_once_is_not_read() -> None:
    class Mended(Transport):
        pass

    paused_connections_stay_paused(Mended)
    paused, open_ = Mended(paused=True), Mended(paused=False)
    paused._add_reader(1)
    open_._add_reader(1)
    assert (paused.started, open_.started) == (False, True)
