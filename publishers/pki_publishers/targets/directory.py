"""A local folder as a target: what nginx, rsync or our own server hand out."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Self

from pki_publishers.release import PublicObject
from pki_publishers.targets import marks
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import LARGEST, parts
from pki_schema.errors import WorldFailed

STAGING = ".staging"
"""Where files grow before they are renamed into place; on the same filesystem, hidden."""

SYNC_EACH_BELOW = 16
"""From this many on, one sync of the filesystem costs less than one per file (measured: 6 times
less for 10,000 files). It also waits for other programs' data, so small phases do without it."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LIBC = ctypes.CDLL(None, use_errno=True)


class DirectoryTarget:
    """A ``Target`` in the folder ``root``, which may itself be a link; nothing below it may be.

    Files are 0644 and folders 0755, whatever the umask. The staging folder is emptied before the
    first write and after a failed one, so that what was left behind does not pile up.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._clean = False

    @contextmanager
    def held(self, mark: Mark) -> Iterator[None]:
        """See ``Target``."""
        with ExitStack() as stack:
            with _explained("write", "the published folder"):
                stack.enter_context(marks.held(stack.enter_context(self._open(make=True)), mark))
            yield

    def mark(self) -> Mark:
        """See ``Target``."""
        with _explained("read", marks.FILE):
            try:
                with self._open() as root:
                    return marks.read(root)
            except FileNotFoundError:
                return Mark()

    def write(self, phase: Sequence[PublicObject]) -> None:
        """See ``Target``: all temps, sync, all renames, sync.

        The first sync keeps a rename from becoming durable before its bytes; the second makes
        renames and new folders durable. Below ``SYNC_EACH_BELOW`` objects every file and folder is
        synced by itself, from there on the filesystem as a whole.
        """
        if not phase:
            return
        moves = sorted((*parts(one.path), str(number)) for number, one in enumerate(phase))
        with (
            _explained("write", "the published folder"),
            self._open(make=True) as root,
            _opened(root, (STAGING,), make=True) as staging,
        ):
            if not self._clean:
                _empty(staging)
            self._clean = False
            at_once = len(phase) >= SYNC_EACH_BELOW and hasattr(_LIBC, "syncfs")
            if at_once:
                _stage_all(staging, phase)
                _sync_filesystem(staging)
            else:
                for number, one in enumerate(phase):
                    with _explained("write", one.path):
                        _stage(staging, str(number), one.body, sync=True)
            with _Descent(root) as descent:
                for folders, group in groupby(moves, key=lambda move: move[0]):
                    with _explained("write", "/".join(folders)):
                        folder = descent.reach(folders)
                        for _, name, temp in group:
                            os.rename(temp, name, src_dir_fd=staging, dst_dir_fd=folder)
            if at_once:
                _sync_filesystem(root)
            else:
                _sync_folders(root, {folders for folders, _, _ in moves})
            self._clean = True

    def read(self, path: str, *, most: int = LARGEST) -> bytes | None:
        """See ``Target``."""
        folders, name = parts(path)
        with _explained("read", path):
            try:
                with self._open() as root, _opened(root, folders) as folder:
                    return _content(folder, name, most)
            except FileNotFoundError:
                return None

    def delete(self, paths: Iterable[str]) -> None:
        """See ``Target``; a folder left empty goes with its last file."""
        for path in sorted(set(paths)):
            folders, name = parts(path)
            with _explained("delete", path), suppress(FileNotFoundError), self._open() as root:
                _delete(root, folders, name)

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[int]:
        if make and not self._root.exists():
            _make_durably(self._root)
        root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield root
        finally:
            os.close(root)


class _Descent:
    """Folders below ``root``, made where they are missing; what two in a row have in common is
    opened once. No link is followed.
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


def _make_durably(root: Path) -> None:
    """Make the published folder and those above it; what is synced inside is lost without them."""
    absent = [folder for folder in (root, *root.parents) if not os.path.lexists(folder)]
    for folder in reversed(absent):
        folder.mkdir(mode=0o755, exist_ok=True)
        above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(above)
        finally:
            os.close(above)


@contextmanager
def _opened(root: int, folders: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder below ``root``, reached without following any link."""
    current = os.dup(root)
    try:
        for name in folders:
            below, _ = _below(current, name, make=make)
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


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


def _stage_all(staging: int, phase: Sequence[PublicObject]) -> None:
    """Write temporary files, equal ones once: the others are links to it, as good as copies, since
    files are never written to but replaced. A link costs a fifth of a file, and half of what new
    services need stands there already: their CA's chain, and each staple under two names.
    """
    written: dict[str, str] = {}
    for number, one in enumerate(phase):
        name = str(number)
        with _explained("write", one.path):
            if not _is_linked(staging, written.setdefault(one.digest, name), name):
                _stage(staging, name, one.body, sync=False)


def _is_linked(staging: int, same: str, name: str) -> bool:
    """Whether ``name`` now is the file ``same``; not where that has too many names already, or the
    filesystem knows no links.
    """
    if same == name:
        return False
    try:
        os.link(same, name, src_dir_fd=staging, dst_dir_fd=staging, follow_symlinks=False)
    except OSError:
        return False
    return True


def _stage(staging: int, name: str, body: bytes, *, sync: bool) -> None:
    """Write a temporary file."""
    file = os.open(name, _NEW_FILE, 0o644, dir_fd=staging)
    try:
        os.fchmod(file, 0o644)
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
        if sync:
            os.fsync(file)
    finally:
        os.close(file)


def _content(folder: int, name: str, most: int) -> bytes | None:
    file = os.open(name, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return None
    with os.fdopen(file, "rb") as stream:
        return stream.read(most)


def _delete(root: int, folders: Sequence[str], name: str) -> None:
    with _opened(root, folders) as folder:
        os.unlink(name, dir_fd=folder)
        os.fsync(folder)
        empty = not _names(folder)
    if empty and folders:
        with _opened(root, folders[:-1]) as above:
            os.rmdir(folders[-1], dir_fd=above)
            os.fsync(above)


def _empty(staging: int) -> None:
    with _explained("empty", STAGING):
        for name in _names(staging):
            os.unlink(name, dir_fd=staging)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _sync_folders(root: int, touched: Iterable[Sequence[str]]) -> None:
    """Sync folders and everything above them, any of which may be new."""
    whole = {tuple(folders[:depth]) for folders in touched for depth in range(len(folders) + 1)}
    for folders in sorted(whole, reverse=True):
        with (
            _explained("sync", "/".join(folders) or "the published folder"),
            _opened(root, folders) as folder,
        ):
            os.fsync(folder)


def _sync_filesystem(descriptor: int) -> None:
    """``syncfs`` (Linux): everything written to the filesystem of an open file is durable.

    It reports write errors since Linux 5.8.
    """
    with _explained("sync", "the published folder"):
        if _LIBC.syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


class _explained:  # noqa: N801 - read as the function it could be, at a third of the cost
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
