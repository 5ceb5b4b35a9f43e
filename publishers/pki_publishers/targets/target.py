"""What publishing asks of a storage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pki_publishers.release import PublicObject
from pki_publishers.targets.marks import Mark

WELL_KNOWN = ".well-known"
"""The one hidden folder that is public, at the root alone (RFC 8615 section 3)."""

LARGEST = 256 * 1024 * 1024
"""Octets of the largest object there may be: a CRL of some five million entries."""


_PLAIN = re.compile(r"[^./\0][^/\0]*(?:/[^./\0][^/\0]*)*")
"""Nothing hidden, nothing empty: nearly every path."""


def parts(path: str) -> tuple[tuple[str, ...], str]:
    """The folders and the name in a relative path; ``ValueError`` for hidden or climbing ones."""
    *folders, name = path.split("/")
    if _PLAIN.fullmatch(path):
        return tuple(folders), name
    visible = folders[1:] if folders[:1] == [WELL_KNOWN] else folders
    if any(part == "" or part.startswith(".") or "\0" in part for part in (*visible, name)):
        raise ValueError(f"{path[:80]!r} is no path of a published file")
    return tuple(folders), name


class Target(Protocol):
    """Holds public objects by path. One writer at a time; readers at any time.

    ``parts`` says which paths there are: each method raises ``ValueError`` for any other.

    Every method raises ``WorldFailed`` when the storage does not do what was asked; doing it again
    is always allowed and ends in the same state.
    """

    def held(self, mark: Mark) -> AbstractContextManager[None]:
        """Inside it this writer alone writes. Entering raises ``Fenced`` when one with a higher
        number was here.
        """

    def mark(self) -> Mark:
        """What the last writer left behind; zeros where nobody has written yet."""

    def write(self, phases: Sequence[Sequence[PublicObject]]) -> None:
        """Put the objects in place, phase by phase, replacing what is there.

        A phase survives a power loss before the next one begins, and all do when it returns. Until
        then readers see, per path, the whole former or the whole new object, those of a phase in
        their order; only a folder that is new may come at once, with what later phases have for it.
        When it raises, some phases may be in place, and any subset of one.
        """

    def read(self, path: str, *, most: int = LARGEST) -> bytes | None:
        """The bytes at a path, or ``None`` when there is nothing; of a file that is larger the
        first ``most`` octets.
        """

    def delete(self, paths: Iterable[str]) -> None:
        """Take objects away in this order, durably; a path that holds nothing is no error."""
