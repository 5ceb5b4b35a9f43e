"""A person's word on its way to whoever writes: a file beside the ledger, since a daemon that runs
holds the lock.

A word is about one thing and no other: about the ledger it names the entry that doubted it, about
crashes the newest that tells of one, about the clock the instant at which it was given.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from pki_reconciler.config.private_files import private_folder, read_private, write_private
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant, from_epoch, to_epoch

FRESH: Final = timedelta(minutes=10)
"""How long a word about the clock counts: it is about the time at which it was given."""

LARGEST: Final = 64
_FORM: Final = re.compile(rb"(ledger|clock|crashes) ([0-9]{1,15})\n")


@dataclass(frozen=True)
class Word:
    """``what`` is confirmed: ``ledger`` and ``crashes`` with the number of an entry, ``clock`` in
    epoch seconds.
    """

    what: str
    number: int

    @classmethod
    def on_clock(cls, now: Instant) -> Self:
        return cls("clock", to_epoch(now))

    def is_about(self, now: Instant) -> bool:
        """Whether it says that this is the time."""
        given = from_epoch(self.number) if self.what == "clock" else None
        return given is not None and abs(now - given) <= FRESH


def file_of(ledger: Path) -> Path:
    """Where the word about this ledger is left."""
    return ledger.with_name(f"{ledger.name}.confirm")


def leave(ledger: Path, word: Word) -> None:
    """Leave a word, in place of an earlier one. Raises ``WorldFailed``."""
    file = file_of(ledger)
    try:
        with private_folder(file.parent) as folder:
            with suppress(FileNotFoundError):
                os.unlink(file.name, dir_fd=folder)
            write_private(file.name, b"%s %d\n" % (word.what.encode(), word.number), folder=folder)
    except OSError as error:
        raise WorldFailed(f"{file} cannot be written: {error.strerror}") from None


def waiting(ledger: Path) -> Word | None:
    """The word that was left, if there is one that can be read; any other is taken away."""
    file = file_of(ledger)
    if not os.path.lexists(file):
        return None
    match = None
    with suppress(WorldFailed):
        match = _FORM.fullmatch(read_private(file, cap=LARGEST))
    if match is None:
        forget(ledger)
        return None
    return Word(match[1].decode(), int(match[2]))


def forget(ledger: Path) -> None:
    """The word has been heard, or is about nothing any more."""
    with suppress(OSError):
        file_of(ledger).unlink(missing_ok=True)
