"""What a system call that waits is about to do to which file: read from ``/proc`` of its process.

The process stands still meanwhile, so nothing can be changed under the reader.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from tests.e2e.seccomp import Asked

Kind = Literal[
    "write", "cut", "create", "empty", "folder", "move", "link", "remove", "sync", "sync all"
]

_HERE = -100  # AT_FDCWD
_LONGEST_PATH = 4096


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """``path`` is absolute; a move goes to ``target``, a link makes it a second name. ``data`` is
    written at ``at``; a file is cut to ``at`` octets. To ``create`` leaves a file alone that is
    there, to ``empty`` cuts it to none. What ``failed`` did nothing.
    """

    call: str
    kind: Kind
    path: str
    target: str = ""
    at: int = 0
    data: bytes = b""
    failed: bool = False


class Process:
    """Asks ``/proc`` about one process."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._folder = Path(f"/proc/{number}")

    def has(self, thread: int) -> bool:
        return thread == self.number or (self._folder / "task" / str(thread)).exists()

    def effect(self, asked: Asked, *, data: bool) -> Effect:
        """With ``data`` also what is written."""
        return _EFFECTS[asked.name](self, asked, data)

    def file(self, descriptor: int) -> str:
        return os.fspath((self._folder / "fd" / str(_signed(descriptor))).readlink())

    def named(self, folder: int, name: int) -> str:
        """A path from a folder's descriptor and the address of a name."""
        here = _signed(folder) == _HERE
        at = (self._folder / "cwd").readlink() if here else Path(self.file(folder))
        text = self.memory(name, _LONGEST_PATH).partition(b"\0")[0]
        return os.path.normpath(at / os.fsdecode(text))

    def position(self, descriptor: int) -> int:
        with (self._folder / "fdinfo" / str(descriptor)).open() as stream:
            return int(stream.readline().split()[1])

    def memory(self, address: int, length: int) -> bytes:
        with (self._folder / "mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(length)


def _signed(descriptor: int) -> int:
    """Of the register's octets only the lower four count."""
    return int.from_bytes((descriptor & 0xFFFFFFFF).to_bytes(4, "little"), "little", signed=True)


def _write(process: Process, asked: Asked, data: bool) -> Effect:
    descriptor, address, length, offset, *_ = asked.arguments
    found = process.file(descriptor)
    if not data:
        return Effect(call=asked.name, kind="write", path=found)
    at = offset if asked.name == "pwrite64" else process.position(descriptor)
    body = process.memory(address, length)
    return Effect(call=asked.name, kind="write", path=found, at=at, data=body)


def _cut(process: Process, asked: Asked, _: bool) -> Effect:
    descriptor, length, *_ = asked.arguments
    return Effect(call=asked.name, kind="cut", path=process.file(descriptor), at=length)


def _sync(process: Process, asked: Asked, _: bool) -> Effect:
    kind: Kind = "sync all" if asked.name == "syncfs" else "sync"
    return Effect(call=asked.name, kind=kind, path=process.file(asked.arguments[0]))


def _opening(process: Process, asked: Asked, _: bool) -> Effect:
    folder, name, flags, *_rest = asked.arguments
    if asked.name == "open":
        folder, name, flags = _HERE, folder, name
    kind: Kind = "empty" if flags & os.O_TRUNC else "create"
    return Effect(call=asked.name, kind=kind, path=process.named(folder, name))


def _at(kind: Kind) -> Callable[[Process, Asked, bool], Effect]:
    def effect(process: Process, asked: Asked, _: bool) -> Effect:
        path = process.named(asked.arguments[0], asked.arguments[1])
        return Effect(call=asked.name, kind=kind, path=path)

    return effect


def _plain(kind: Kind) -> Callable[[Process, Asked, bool], Effect]:
    def effect(process: Process, asked: Asked, _: bool) -> Effect:
        return Effect(call=asked.name, kind=kind, path=process.named(_HERE, asked.arguments[0]))

    return effect


def _move(process: Process, asked: Asked, _: bool) -> Effect:
    here = asked.name == "rename"
    one, two, three, four, *_ = (
        (_HERE, asked.arguments[0], _HERE, asked.arguments[1]) if here else asked.arguments
    )
    path, target = process.named(one, two), process.named(three, four)
    return Effect(call=asked.name, kind="move", path=path, target=target)


def _link(process: Process, asked: Asked, _: bool) -> Effect:
    one, two, three, four, *_rest = asked.arguments
    path, target = process.named(one, two), process.named(three, four)
    return Effect(call=asked.name, kind="link", path=path, target=target)


_EFFECTS: dict[str, Callable[[Process, Asked, bool], Effect]] = {
    **dict.fromkeys(("write", "pwrite64"), _write),
    "ftruncate": _cut,
    **dict.fromkeys(("fsync", "fdatasync", "syncfs"), _sync),
    **dict.fromkeys(("rename", "renameat", "renameat2"), _move),
    "linkat": _link,
    **dict.fromkeys(("openat", "open"), _opening),
    **{"mkdirat": _at("folder"), "unlinkat": _at("remove"), "mkdir": _plain("folder")},
    **{"unlink": _plain("remove"), "rmdir": _plain("remove")},
}
