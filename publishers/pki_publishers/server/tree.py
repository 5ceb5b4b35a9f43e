"""The published folder as its readers may see it: public paths only, whole files, no links."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from pki_publishers import layout
from pki_publishers.layout import Place
from pki_publishers.release import Age, age

MEMORY = 64 * 2**20
"""How many bytes of files are kept in memory."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_ENTRY_COST = 1024


@dataclass(frozen=True)
class Found:
    """A published file: its bytes, a strong ETag, and what a CRL or answer says of its age."""

    place: Place
    body: bytes
    etag: str
    age: Age | None


Identity = tuple[int, int, int]
"""Inode, mtime in ns, size: files are replaced whole, so a new file has another one."""


class Tree:
    """Reads a folder that somebody else writes.

    A file is opened anew for every request, so that a replaced one is seen at once; its bytes and
    what was told from them are remembered as long as it is the same file. Not safe for threads.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: OrderedDict[str, tuple[Identity, Found]] = OrderedDict()
        self._held = 0

    def find(self, path: str) -> Found | None:
        """What stands at a public path; ``None`` for any other path, links and folders.

        Only forms of ``layout`` are looked for, so no path can climb or name a hidden file.
        Raises ``OSError`` when the disk fails.
        """
        place = layout.place(path)
        if place is None:
            return None
        file = self._open(path)
        if file is None:
            return None
        try:
            facts = os.fstat(file)
            if not stat.S_ISREG(facts.st_mode):
                return None
            identity = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            known = self._known.get(path)
            if known and known[0] == identity:
                self._known.move_to_end(path)
                return known[1]
            with os.fdopen(file, "rb", closefd=False) as stream:
                body = stream.read()
        finally:
            os.close(file)
        found = Found(place, body, etag(body), age(path, body) if place.cache.by_validity else None)
        self._remember(path, identity, found)
        return found

    def _open(self, path: str) -> int | None:
        *folders, name = path.split("/")
        try:
            current = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            for folder in folders:
                below = os.open(folder, _FOLDER, dir_fd=current)
                os.close(current)
                current = below
            return os.open(name, _FILE, dir_fd=current)
        except OSError as failure:
            # ELOOP and ENOTDIR are what O_NOFOLLOW says of a link.
            if failure.errno in _ABSENT:
                return None
            raise
        finally:
            os.close(current)

    def _remember(self, path: str, identity: Identity, found: Found) -> None:
        former = self._known.pop(path, None)
        self._held += _cost(found) - (_cost(former[1]) if former else 0)
        self._known[path] = (identity, found)
        while self._held > MEMORY:
            _, (_, oldest) = self._known.popitem(last=False)
            self._held -= _cost(oldest)


def etag(body: bytes) -> str:
    """A strong validator: half of the SHA-256, quoted (RFC 9110 section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _cost(found: Found) -> int:
    return len(found.body) + _ENTRY_COST
