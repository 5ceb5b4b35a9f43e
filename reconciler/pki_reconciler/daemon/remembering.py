"""What people were told last, and what they are still to be told: a small file that outlives the
daemon. It is no part of the ledger: without it the daemon tells anew what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from pki_reconciler.daemon.notices import Notice
from pki_reconciler.daemon.transitions import Told

LARGEST: Final = 64 * 2**20
FILE_NAME: Final = "notices.json"
"""Beside the ledger."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """``told`` is ``None`` before the first time; ``waiting`` are notices by channel."""

    told: Told | None = None
    waiting: Mapping[str, tuple[Notice, ...]] = {}


def recall(path: Path) -> Remembered:
    """What the file says; nothing if it is missing, unreadable or of another form."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        return msgspec.json.decode(data[:LARGEST], type=Remembered)
    except (OSError, msgspec.DecodeError):
        return Remembered()


def remember(path: Path, remembered: Remembered) -> None:
    """Write it whole and durably (0600); raises ``OSError``."""
    fresh = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(fresh, flags, 0o600), "wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(msgspec.json.encode(remembered))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
