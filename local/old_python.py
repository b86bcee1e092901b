"""Where is an old Python in the way?
Debian 12's, 3.11.2, loses the first bytes sent to the MQTT broker.
"""

import asyncio
import sys
from asyncio import selector_events
from typing import Any


def mend() -> None:
    """Makes this interpreter's asyncio do what newer ones do."""
    if sys.version_info < (3, 12):
        paused_connections_stay_paused(selector_events._SelectorTransport)  # type: ignore[attr-defined]


def paused_connections_stay_paused(transport: Any) -> None:
    """Some 3.11 start to read a connection although `connection_made` has paused it.

    The broker pauses to start TLS, and would wait for ever
    for a ClientHello that was read and thrown away.
    """
    start_reading = transport._add_reader

    def start_unless_paused(self: asyncio.ReadTransport, *arguments: Any) -> None:
        if self.is_reading():
            start_reading(self, *arguments)

    transport._add_reader = start_unless_paused
