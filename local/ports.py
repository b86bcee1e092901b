"""Which loopback port can be listened on?"""

import socket
from contextlib import ExitStack

from local.errors import LocalCloudError

LOOPBACK = "127.0.0.1"


def choose(*wanted: tuple[int, str]) -> list[int]:
    """The ports as wanted, free ones for 0.
    `wanted` holds pairs of (port, the variable that moves it).
    """
    with ExitStack() as held:  # all held until all are chosen, so that no two are the same
        return [
            _bound(held.enter_context(socket.socket()), port, variable) for port, variable in wanted
        ]


def _bound(listener: socket.socket, port: int, variable: str) -> int:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        raise LocalCloudError(
            f"Port {port} is taken by another program. Choose a free one with {variable}, for"
            f" example {variable}={port + 1}."
        ) from None
    except OverflowError:
        raise LocalCloudError(f"{variable} is {port}; it must lie between 1 and 65535.") from None
    chosen: int = listener.getsockname()[1]
    return chosen
