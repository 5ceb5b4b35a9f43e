"""Who may write into a folder: one at a time, and nobody whom another has overtaken.

A lock file cannot do that alone: it may be deleted, or the state may run on two hosts. So whatever
is written to carries the number of its last writer, and refuses a lower one.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pki_schema.errors import Fenced, WorldFailed

FILE: Final = ".fence"
_FORM: Final = re.compile(rb"([0-9]{20}) ([0-9]{20})\n")
_SIZE: Final = 42
_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, order=True)
class Mark:
    """What a writer leaves behind: ``fence`` is its number, higher than any earlier writer's;
    ``entries`` how many entries its ledger had, at least.

    A ledger with fewer entries than a mark says has forgotten something.
    """

    fence: int = 0
    entries: int = 0

    def encoded(self) -> bytes:
        return b"%020d %020d\n" % (self.fence, self.entries)


def read(folder: int) -> Mark:
    """The mark in a folder (a descriptor); zeros where there is none. Raises ``OSError``."""
    try:
        file = os.open(FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return Mark()
    try:
        return _decoded(os.pread(file, _SIZE + 1, 0))
    finally:
        os.close(file)


def succeeding(there: Mark, mark: Mark) -> Mark:
    """What stays of both: the same writer's count never falls; a later writer has looked at the
    mark before, and doubts its ledger where that had fewer entries.
    """
    same = there.fence == mark.fence
    return Mark(mark.fence, max(mark.entries, there.entries) if same else mark.entries)


@contextmanager
def held(folder: int, mark: Mark) -> Iterator[None]:
    """Write inside this: nobody else does, and nobody with a higher number has before.

    Raises ``Fenced`` when somebody has, ``WorldFailed`` while somebody does, and ``OSError``.
    """
    file = os.open(FILE, _OPEN, 0o600, dir_fd=folder)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "see which of the two shall run, and end the other"
            raise WorldFailed("another vcc-pki is writing here", remedy) from None
        there = _decoded(os.pread(file, _SIZE + 1, 0))
        if there.fence > mark.fence:
            raise Fenced(
                "another vcc-pki has taken over what this one wrote to",
                "see which of the two shall run; this one has ended",
            )
        left = succeeding(there, mark)
        if left != there:
            os.pwrite(file, left.encoded(), 0)
            os.fsync(file)
            os.fsync(folder)
        yield
    finally:
        os.close(file)


def _decoded(text: bytes) -> Mark:
    if not text:  # made, and lost before it was written
        return Mark()
    match = _FORM.fullmatch(text)
    if match is None:
        raise WorldFailed(f"{FILE} is damaged", "delete it, once no other vcc-pki writes here")
    return Mark(int(match[1]), int(match[2]))
