"""Being asked before a system call takes effect: seccomp user notification (seccomp_unotify(2)).

A process that ``guard``s itself stops at every watched call until whoever holds the listener says
go on, fail with an error, or kills it. Unlike with ptrace all other calls run at full speed, and
those of a C library (SQLite's) stop like anybody's. Linux 5.5 or later, x86-64 or 64-bit ARM.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fcntl import ioctl

_X86 = {
    "write": 1,
    "open": 2,
    "pwrite64": 18,
    "fsync": 74,
    "fdatasync": 75,
    "ftruncate": 77,
    "rename": 82,
    "mkdir": 83,
    "rmdir": 84,
    "unlink": 87,
    "openat": 257,
    "mkdirat": 258,
    "unlinkat": 263,
    "renameat": 264,
    "linkat": 265,
    "syncfs": 306,
    "renameat2": 316,
}
_ARM = {
    "mkdirat": 34,
    "unlinkat": 35,
    "linkat": 37,
    "renameat": 38,
    "ftruncate": 46,
    "openat": 56,
    "write": 64,
    "pwrite64": 68,
    "fsync": 82,
    "fdatasync": 83,
    "syncfs": 267,
    "renameat2": 276,
}
# AUDIT_ARCH of linux/audit.h, the number of seccomp(2) itself, and the calls that exist there.
_ARCHITECTURE, _SECCOMP, NUMBERS = {
    "x86_64": (0xC000003E, 317, _X86),
    "aarch64": (0xC00000B7, 277, _ARM),
}[platform.machine()]
_NAMES = {number: name for name, number in NUMBERS.items()}

DURABLE = ("fsync", "fdatasync", "syncfs", "rename", "renameat", "renameat2")
"""What makes durable, and what puts in place."""
CHANGING = tuple(_X86)
"""Everything that changes files or makes them durable."""

_FILTER_WITH_LISTENER = (1, 1 << 3)  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER
_NO_NEW_PRIVILEGES = 38
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_GO_ON = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Asked:
    """A call that waits; ``thread`` is the kernel's id of the one that makes it."""

    id: int
    thread: int
    name: str
    arguments: tuple[int, ...]


def guard(names: Iterable[str]) -> int:
    """From now on this process and its children wait at these calls; returns the listener.

    Of ``open`` and ``openat`` only those that may create a file.
    """
    program = _program(sorted(NUMBERS[name] for name in names if name in NUMBERS))
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    )
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = _LIBC.syscall(_SECCOMP, *_FILTER_WITH_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "the kernel offers no seccomp user notification")
    return int(listener)


def receive(listener: int) -> Asked | None:
    """The next call that waits; ``None`` if its process is gone."""
    buffer = bytearray(80)
    try:
        ioctl(listener, _RECEIVE, buffer)
    except OSError:
        return None
    identifier, thread, _, number, _, _, *arguments = struct.unpack("QIIiIQ6Q", buffer)
    return Asked(identifier, thread, _NAMES[number], tuple(arguments))


def answer(listener: int, asked: Asked, error: int = 0) -> None:
    """Let the call happen, or make it fail with this error number instead."""
    reply = struct.pack("QqiI", asked.id, 0, -error, 0 if error else _GO_ON)
    try:
        ioctl(listener, _SEND, bytearray(reply))
    except OSError:
        return  # killed meanwhile


def _program(numbers: list[int]) -> bytes:
    """The filter in classic BPF; every instruction is code, two jump offsets and a constant."""
    load, equal, has, give = 0x20, 0x15, 0x45, 0x06
    opening = {NUMBERS[n]: 16 + 8 * at for n, at in (("openat", 2), ("open", 1)) if n in NUMBERS}
    lines = [(load, 0, 0, 4), (equal, 1, 0, _ARCHITECTURE), (give, 0, 0, _ALLOW), (load, 0, 0, 0)]
    for number in numbers:
        if number in opening:
            asks = [(load, 0, 0, opening[number]), (has, 0, 1, os.O_CREAT), (give, 0, 0, _ASK)]
            body = [*asks, (give, 0, 0, _ALLOW)]
        else:
            body = [(give, 0, 0, _ASK)]
        lines += [(equal, 0, len(body), number), *body]
    lines.append((give, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
