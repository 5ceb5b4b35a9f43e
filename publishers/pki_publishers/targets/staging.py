"""Where files grow before one rename each, or one for all of a new folder, puts them in place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from pki_publishers.release import PublicObject
from pki_publishers.targets.folders import Descent, explained, is_missing, sync_below
from pki_publishers.targets.target import parts

FOLDER = ".staging"
"""Its name in the published folder: on the same filesystem, hidden."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Folders = tuple[str, ...]


class Move(NamedTuple):
    """``staged`` in the staging folder becomes ``name`` in ``folders``: a file, or a new folder
    with everything in it.
    """

    folders: Folders
    name: str
    staged: str


class _File(NamedTuple):
    """Where a file is to be in the staging folder."""

    folders: Folders
    name: str
    content: PublicObject


@dataclass
class Staging:
    """What to stage, and which moves, phase by phase, put it in place.

    A folder that is not there yet is staged as a whole, with what later phases have for it: a
    reader finds it complete or not at all. Of a new service that is eight files and three folders.
    """

    root: int
    files: list[_File] = field(default_factory=list)
    phases: list[list[Move]] = field(default_factory=list)
    _new: dict[Folders, str] = field(default_factory=dict)
    _known: set[Folders] = field(default_factory=set)
    _places: dict[Folders, Folders | None] = field(default_factory=dict)
    _count: int = 0

    @classmethod
    def of(cls, root: int, phases: Sequence[Sequence[PublicObject]]) -> Staging:
        """For the published folder ``root``. Raises ``WorldFailed``."""
        staging = cls(root)
        for phase in phases:
            staging.phases.append([])
            for one in phase:
                staging._add(one)
        return staging

    def _add(self, one: PublicObject) -> None:
        folders, name = parts(one.path)
        if folders not in self._places:
            with explained("write", "/".join(folders)):
                self._places[folders] = self._place(folders)
        place = self._places[folders]
        if place is None:
            staged = self._next()
            self.files.append(_File((), staged, one))
            self.phases[-1].append(Move(folders, name, staged))
        else:
            self.files.append(_File(place, name, one))

    def _place(self, folders: Folders) -> Folders | None:
        """Where in the staging folder a folder grows that is not there yet."""
        for depth in range(1, len(folders) + 1):
            top = folders[:depth]
            if top not in self._known:
                if top not in self._new:
                    if not is_missing(self.root, top):
                        self._known.add(top)
                        continue
                    self._new[top] = self._next()
                    self.phases[-1].append(Move(top[:-1], top[-1], self._new[top]))
                return (self._new[top], *folders[depth:])
        return None

    def _next(self) -> str:
        self._count += 1
        return str(self._count)


def stage(staging: int, files: Sequence[_File], *, sync: bool) -> None:
    """Write files, equal ones once: the others are links to it, as good as copies, since files are
    never written to but replaced. A link costs a fifth of a file, and half of what new services
    need stands there already: their CA's chain, and their answer under three names.

    ``sync``: each is durable then, and each folder below the staging folder.
    """
    written: dict[str, _File] = {}
    in_order = sorted(files, key=attrgetter("folders"))
    with Descent(staging) as descent, Descent(staging) as sources:
        for folders, group in groupby(in_order, key=attrgetter("folders")):
            with explained("write", "a new folder"):
                folder = descent.reach(folders)
            for one in group:
                with explained("write", one.content.path):
                    same = written.setdefault(one.content.digest, one)
                    if same is one or not _is_linked(
                        sources.reach(same.folders) if same.folders else staging,
                        same.name,
                        folder,
                        one.name,
                    ):
                        _write(folder, one.name, one.content.body, sync=sync)
    if sync:
        sync_below(staging, (one.folders for one in in_order))


def _is_linked(source: int, same: str, folder: int, name: str) -> bool:
    """Whether ``name`` now is the file ``same``; not where that has too many names already, or the
    filesystem knows no links.
    """
    try:
        os.link(same, name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _write(folder: int, name: str, body: bytes, *, sync: bool) -> None:
    file = os.open(name, _NEW_FILE, 0o644, dir_fd=folder)
    try:
        os.fchmod(file, 0o644)  # open applies the umask
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
        if sync:
            os.fsync(file)
    finally:
        os.close(file)
