"""Which processes run below another one, how much memory do they hold, and where do they listen?"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import psutil

LOOPBACK = frozenset({"127.0.0.1", "::1"})


def below(root: int, leave_out: Callable[[str], bool] = lambda _command: False) -> list[int]:
    """`root` and everything below it;
    a process whose command is left out takes what is below it along.
    """
    children = defaultdict[int, list[int]](list)  # looked up once for all of them
    for process in psutil.process_iter(["ppid"]):
        children[process.info["ppid"]].append(process.pid)

    def found(pid: int) -> list[int]:
        if leave_out(_command(pid)):
            return []
        return [pid] + [below for child in children[pid] for below in found(child)]

    return found(root)


def find(root: int, words: str) -> int | None:
    return next((pid for pid in below(root) if words in _command(pid)), None)


def memory_mb(pids: list[int]) -> float:
    """What they hold of their own, and their share of what they share (Pss; only Linux knows)."""
    return sum(map(_pss, pids)) / 2**20


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """Addresses at which these processes take TCP connections or UDP messages."""
    found: set[tuple[str, int]] = set()
    for pid in pids:
        found |= _addresses(pid)
    return found


def listening_anywhere() -> set[tuple[str, int]]:
    return listening(psutil.pids())


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def _pss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.Error:
        return 0


def _addresses(pid: int) -> set[tuple[str, int]]:
    try:
        connections = psutil.Process(pid).net_connections("inet")
    except psutil.Error:
        return set()
    return {(c.laddr.ip, c.laddr.port) for c in connections if _takes(c)}


def _takes(connection: Any) -> bool:
    """Of UDP, which knows no listening, whatever is not tied to one other address."""
    listens = connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    return bool(connection.laddr) and listens and not connection.raddr
