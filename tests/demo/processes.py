"""Which processes run below another one, how much memory do they hold, and where do they listen?
From /proc.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

LOOPBACK = frozenset({"127.0.0.1", "::1"})


def below(root: int, leave_out: Callable[[str], bool] = lambda _command: False) -> list[int]:
    """`root` and everything below it; a process whose command is left out takes what is below it
    along.
    """
    if leave_out(_command(root)):
        return []
    return [root] + [pid for child in _children(root) for pid in below(child, leave_out)]


def _children(parent: int) -> list[int]:
    return [pid for pid in _all() if _parent(pid) == parent]


def find(root: int, words: str) -> int | None:
    return next((pid for pid in below(root) if words in _command(pid)), None)


def memory_mb(pids: list[int]) -> float:
    """What they hold of their own, and their share of what they share (Pss)."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """Addresses at which these processes take TCP connections or UDP messages."""
    own = {inode for pid in pids for inode in _sockets(pid)}
    return {address for address, inode in _listeners() if inode in own}


def _all() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _parent(pid: int) -> int:
    return (
        int(match.group(1))
        if (match := re.search(r"^PPid:\s+(\d+)", _read(pid, "status"), re.MULTILINE))
        else 0
    )


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace("\0", " ")


def _pss_kb(pid: int) -> int:
    return (
        int(match.group(1))
        if (match := re.search(r"^Pss:\s+(\d+)", _read(pid, "smaps_rollup"), re.M))
        else 0
    )


def _read(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""


def _sockets(pid: int) -> Iterator[str]:
    try:
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            if match := re.fullmatch(r"socket:\[(\d+)\]", str(handle.readlink())):
                yield match.group(1)
    except OSError:
        return


def _listeners() -> Iterator[tuple[tuple[str, int], str]]:
    for protocol, wanted in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
            fields = line.split()
            address, port = fields[1].split(":")
            if fields[3] == wanted:
                yield (_dotted(address), int(port, 16)), fields[9]


def _dotted(address: str) -> str:
    """/proc writes each group of four bytes the wrong way round."""
    if len(address) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
    return "::1" if address == "00000000000000000000000001000000" else address
