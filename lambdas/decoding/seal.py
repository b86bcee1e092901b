"""What can a decoder still reach that a picture has taken over? Neither the network, nor another
process, nor its parent's keys.

By hand through ctypes, as Lambda has no library for it. Where the kernel does not allow it (macOS,
another processor, a sandbox that forbids it), `seal` says what stays open, and the rest is done.
"""

import ctypes
import platform
import struct
import sys
from typing import NamedTuple

_SET_DUMPABLE, _GET_DUMPABLE, _SET_SECCOMP, _NO_NEW_PRIVILEGES = 4, 3, 22, 38
_FILTER_MODE = 2
_CAPABILITY_VERSION = 0x20080522

# Of one call as the kernel shows it to a filter: its number, the processor, its arguments.
_NUMBER, _PROCESSOR, _ARGUMENTS = 0, 4, 16
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000  # the second with an errno in its low half
_EPERM, _ENOSYS = 1, 38
_X32 = 0x40000000  # x86 has a second set of numbers for the same calls

_THREAD = 0x10000  # CLONE_THREAD: codecs may use threads, which stay within the same limits
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC


class Processor(NamedTuple):
    """How Linux numbers what is refused there, apart from what `_SAME` numbers everywhere."""

    audit: int
    clone: int
    # (number, which argument holds the flags)
    opens: tuple[tuple[int, int], ...]
    refused: frozenset[int]


# socket to sendmmsg; fork, exec, kill; ptrace, process_vm_*; mount, namespaces, modules, keys,
# perf, bpf, userfaultfd; whatever changes names, modes and lengths of files.
_PROCESSORS = {
    "x86_64": Processor(
        0xC000003E,
        56,
        ((2, 1), (257, 2)),
        frozenset(
            {
                *(41, 42, 43, 44, 45, 46, 47, 49, 50, 53, 288, 299, 307),
                *(57, 58, 59, 322, 62, 129, 200, 234, 297),
                *(101, 310, 311),
                *(155, 161, 165, 166, 175, 246, 248, 249, 250, 272, 298, 303, 304, 308, 313),
                *(320, 321, 323),
                *(76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133),
                *(258, 259, 260, 263, 264, 265, 266, 268, 316),
            }
        ),
    ),
    "aarch64": Processor(
        0xC00000B7,
        220,
        ((56, 2),),
        frozenset(
            {
                *(198, 199, 200, 201, 202, 203, 206, 207, 211, 212, 242, 243, 269),
                *(221, 281, 129, 130, 131, 138, 240),
                *(117, 270, 271),
                *(39, 40, 41, 51, 97, 104, 105, 217, 218, 219, 241, 264, 265, 268, 273),
                *(280, 282, 294),
                *(33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 276),
            }
        ),
    ),
}
# pidfd_send_signal, io_uring_*, open_tree to fspick, pidfd_open, pidfd_getfd: since 5.1 one number.
_SAME = frozenset({*range(424, 435), 438, 442, 452})
# What libraries try first and do without: clone3 and openat2 hide their flags from a filter.
_HIDING = (435, 437)


def seal() -> tuple[str, ...]:
    """Closes this process for good. What the kernel did not let it close, in words for a log."""
    if sys.platform != "linux":
        return ("sockets and other processes, as this is not Linux",)
    libc = ctypes.CDLL(None, use_errno=True)
    still_open = []
    if not _without_capabilities(libc):
        still_open.append("what root may do")
    if not _filtered(libc):
        still_open.append("sockets and other programs")
    return tuple(still_open)


def hide(hidden: bool) -> bool:
    """Whether others of the same user may read this process's environment and memory from now on;
    answers how it was before.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    was_hidden = libc.prctl(_GET_DUMPABLE, 0, 0, 0, 0) == 0
    libc.prctl(_SET_DUMPABLE, 0 if hidden else 1, 0, 0, 0)
    return bool(was_hidden)


def _without_capabilities(libc: ctypes.CDLL) -> bool:
    """Else root's child reads root's environment whatever it is set to."""
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION, 0), 8)
    nothing = ctypes.create_string_buffer(24)
    return bool(libc.capset(header, nothing) == 0)


def _filtered(libc: ctypes.CDLL) -> bool:
    processor = _PROCESSORS.get(platform.machine())
    # A 32-bit Python has other numbers.
    if processor is None or sys.maxsize < 2**32:
        return False
    program = filter_program(processor)
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(described, len(described))
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER_MODE, pointer, 0, 0) == 0)


def filter_program(processor: Processor) -> bytes:
    """Classic BPF: eight bytes for each instruction, jumps counted in instructions."""
    no, absent, yes = _REFUSED | _EPERM, _REFUSED | _ENOSYS, _ALLOWED
    program = [
        (_LOAD, 0, 0, _PROCESSOR),
        *((_JUMP_EQUAL, 1, 0, processor.audit), (_RETURN, 0, 0, no)),
        (_LOAD, 0, 0, _NUMBER),
        *((_JUMP_ABOVE, 0, 1, _X32), (_RETURN, 0, 0, no)),
    ]
    for number in _HIDING:
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, absent)]
    for number in sorted(processor.refused | _SAME):
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, no)]
    program += _by_flags(processor.clone, 0, _THREAD, if_any=yes, if_none=no)
    for number, argument in processor.opens:
        program += _by_flags(number, argument, _WRITING, if_any=no, if_none=yes)
    program.append((_RETURN, 0, 0, yes))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _by_flags(
    number: int, argument: int, flags: int, if_any: int, if_none: int
) -> list[tuple[int, int, int, int]]:
    return [
        (_JUMP_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        (_JUMP_ANY_BIT, 0, 1, flags),
        (_RETURN, 0, 0, if_any),
        (_RETURN, 0, 0, if_none),
    ]
