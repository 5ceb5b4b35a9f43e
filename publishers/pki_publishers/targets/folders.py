"""Folders below one that is open, by descriptor: no link is followed on the way."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pki_schema.errors import WorldFailed

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class explained:  # noqa: N801 - read as the function it could be, at a third of the cost
    """Disk errors become ``WorldFailed``, with the path below the root only."""

    def __init__(self, verb: str, path: str) -> None:
        self._what = verb, path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, failure: object, trace: object) -> None:
        if isinstance(failure, OSError):
            reason = failure.strerror or type(failure).__name__
            verb, path = self._what
            raise WorldFailed(
                f"cannot {verb} {path}: {reason}",
                "check free space, permissions and links in the published folder; "
                "it is tried again",
            ) from failure


class Descent:
    """Folders below ``root``, made where they are missing; what two in a row have in common is
    opened once.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._names: list[str] = []
        self._open: list[int] = []

    def reach(self, folders: Sequence[str]) -> int:
        """A descriptor of a folder, good until the next call."""
        common = 0
        for here, there in zip(self._names, folders, strict=False):
            if here != there:
                break
            common += 1
        self._leave(common)
        made = False
        for name in folders[common:]:
            below, made = _below(self._at(), name, make=True, missing=made)
            self._open.append(below)
            self._names.append(name)
        return self._at()

    def _at(self) -> int:
        return self._open[-1] if self._open else self._root

    def _leave(self, depth: int) -> None:
        while len(self._open) > depth:
            os.close(self._open.pop())
            self._names.pop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave(0)


@contextmanager
def opened(root: int, folders: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder below ``root``."""
    current = os.dup(root)
    try:
        for name in folders:
            below, _ = _below(current, name, make=make)
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


def is_missing(root: int, folders: Sequence[str]) -> bool:
    """Whether nothing has this name. A link on the way is followed; only descending refuses it."""
    try:
        os.stat("/".join(folders), dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False


def make_durably(root: Path) -> None:
    """Make a folder and those above it; what is synced inside is lost without them."""
    absent = [folder for folder in (root, *root.parents) if not os.path.lexists(folder)]
    for folder in reversed(absent):
        folder.mkdir(mode=0o755, exist_ok=True)
        above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(above)
        finally:
            os.close(above)


def empty(folder: int) -> None:
    """Take away everything in a folder, and nothing that a link in it leads to."""
    for name in names(folder):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            shutil.rmtree(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)


def sync_below(root: int, touched: Iterable[Sequence[str]]) -> None:
    """Sync folders and all above them but ``root``: any of them may be new."""
    whole = {tuple(folders[:depth]) for folders in touched for depth in range(1, len(folders) + 1)}
    for folders in sorted(whole, reverse=True):
        with explained("sync", "/".join(folders)), opened(root, folders) as folder:
            os.fsync(folder)


def names(folder: int) -> list[str]:
    """What is in a folder."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _below(parent: int, name: str, *, make: bool, missing: bool = False) -> tuple[int, bool]:
    """A folder's descriptor, and whether it was made now; ``missing``: it is known not to be
    there.
    """
    if not missing:
        try:
            return os.open(name, _FOLDER, dir_fd=parent), False
        except FileNotFoundError:
            if not make:
                raise
    os.mkdir(name, 0o755, dir_fd=parent)
    below = os.open(name, _FOLDER, dir_fd=parent)
    os.fchmod(below, 0o755)  # mkdir applies the umask
    return below, True
