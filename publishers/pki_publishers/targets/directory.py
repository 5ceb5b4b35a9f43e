"""A local folder as a target: what nginx, rsync or our own server hand out."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_publishers.targets import marks, staging
from pki_publishers.targets.folders import (
    Descent,
    empty,
    explained,
    is_missing,
    make_durably,
    names,
    opened,
    sync_below,
)
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.staging import Move, Staging, stage
from pki_publishers.targets.target import LARGEST, parts
from pki_schema.errors import WorldFailed

SYNC_EACH_BELOW = 16
"""From this many on, one sync of the filesystem costs less than one per file (measured: 6 times
less for 10,000 files). It also waits for other programs' data, so small phases do without it."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LIBC = ctypes.CDLL(None, use_errno=True)


class NotStaged(WorldFailed):
    """It could not even be written beside what is published, which is as it was."""


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
            with explained("write", "the published folder"):
                stack.enter_context(marks.held(stack.enter_context(self._open(make=True)), mark))
            yield

    def mark(self) -> Mark:
        """See ``Target``."""
        with explained("read", marks.FILE):
            try:
                with self._open() as root:
                    return marks.read(root)
            except FileNotFoundError:
                return Mark()

    def write(self, phases: Sequence[Sequence[PublicObject]]) -> None:
        """See ``Target``: everything is staged, sync; then phase by phase all renames, sync.

        The first sync keeps a rename from becoming durable before what it names; each other makes
        renames and new folders durable. Below ``SYNC_EACH_BELOW`` objects every file and folder is
        synced by itself, from there on the filesystem as a whole.

        Where there is no room for everything, there may be for a part: no CRL waits for the files
        of new services. Then what is there already of the CAs' status is written first, and after
        that each phase by itself.
        """
        if not any(phases):
            return
        with (
            explained("write", "the published folder"),
            self._open(make=True) as root,
            opened(root, (staging.FOLDER,), make=True) as aside,
        ):
            try:
                self._put(aside, root, phases)
            except NotStaged:
                for phase in _piecemeal(root, phases):
                    self._put(aside, root, [phase])

    def _put(self, aside: int, root: int, phases: Sequence[Sequence[PublicObject]]) -> None:
        if not self._clean:
            with explained("empty", staging.FOLDER):
                empty(aside)
        self._clean = False
        try:
            staged = Staging.of(root, phases)
            at_once = len(staged.files) >= SYNC_EACH_BELOW and hasattr(_LIBC, "syncfs")
            stage(aside, staged.files, sync=not at_once)
        except WorldFailed as failure:
            with suppress(OSError):
                empty(aside)  # somebody else may be waiting for the room
            raise NotStaged(failure.message, failure.remedy) from failure
        if at_once:
            _sync_filesystem(aside)
        for moves in filter(None, staged.phases):
            _move(aside, root, moves)
            if at_once:
                _sync_filesystem(root)
            else:
                sync_below(root, (move.folders for move in moves))
                os.fsync(root)
        self._clean = True

    def read(self, path: str, *, most: int = LARGEST) -> bytes | None:
        """See ``Target``."""
        folders, name = parts(path)
        with explained("read", path):
            try:
                with self._open() as root, opened(root, folders) as folder:
                    return _content(folder, name, most)
            except FileNotFoundError:
                return None

    def delete(self, paths: Iterable[str]) -> None:
        """See ``Target``; a folder left empty goes with its last file."""
        for path in paths:
            folders, name = parts(path)
            with explained("delete", path), suppress(FileNotFoundError), self._open() as root:
                _delete(root, folders, name)

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[int]:
        if make and not self._root.exists():
            make_durably(self._root)
        root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield root
        finally:
            os.close(root)


def _content(folder: int, name: str, most: int) -> bytes | None:
    file = os.open(name, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return None
    with os.fdopen(file, "rb") as stream:
        return stream.read(most)


def _delete(root: int, folders: Sequence[str], name: str) -> None:
    """What is gone already may be so only until the power fails: its folder is synced, too."""
    try:
        with opened(root, folders) as folder:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            os.fsync(folder)
            last = not names(folder)
    except FileNotFoundError:
        _sync_lowest(root, folders)
        return
    if last and folders:
        with opened(root, folders[:-1]) as above:
            os.rmdir(folders[-1], dir_fd=above)
            os.fsync(above)


def _sync_lowest(root: int, folders: Sequence[str]) -> None:
    """Sync what is left of these folders, its lowest one."""
    for depth in range(len(folders) - 1, -1, -1):
        with suppress(FileNotFoundError), opened(root, folders[:depth]) as folder:
            os.fsync(folder)
            return


def _piecemeal(
    root: int, phases: Sequence[Sequence[PublicObject]]
) -> Iterator[Sequence[PublicObject]]:
    """New CRLs and answers in place of older ones, which refer to nothing new; then the phases."""
    first = {
        one.path
        for phase in phases
        for one in phase
        if one.kind is Class.STATUS and not is_missing(root, one.path.split("/"))
    }
    yield [one for phase in phases for one in phase if one.path in first]
    for phase in phases:
        yield [one for one in phase if one.path not in first]


def _move(aside: int, root: int, moves: Iterable[Move]) -> None:
    with Descent(root) as descent:
        for folders, group in groupby(moves, key=attrgetter("folders")):
            with explained("write", "/".join(folders) or "the published folder"):
                folder = descent.reach(folders)
                for move in group:
                    os.rename(move.staged, move.name, src_dir_fd=aside, dst_dir_fd=folder)


def _sync_filesystem(descriptor: int) -> None:
    """``syncfs`` (Linux): everything written to the filesystem of an open file is durable.

    It reports write errors since Linux 5.8.
    """
    with explained("sync", "the published folder"):
        if _LIBC.syncfs(descriptor) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
