"""One writer: a lock file beside the ledger, and the ledger's own file made for its owner only."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pki_schema.errors import WorldFailed


class Locked(WorldFailed):
    """Another process writes; it may end."""


@dataclass(frozen=True)
class Lock:
    """The right to write, until released or until the process ends."""

    file: IO[bytes]

    def release(self) -> None:
        """Let the next one in; a second time does nothing."""
        self.file.close()


def acquire(path: Path) -> Lock:
    """Take the lock of the ledger at ``path`` or raise ``WorldFailed`` at once."""
    if not path.parent.is_dir():
        raise WorldFailed(f"there is no folder {path.parent}", "create it, with mode 0700")
    try:
        name = path.with_name(path.name + ".lock")
        file = os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), "rb")
    except OSError as error:
        raise WorldFailed(
            f"the lock of {path} cannot be taken: {error.strerror}",
            "check the owner and mode of its folder",
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Locked(
            "another vcc-pki works on this state", "wait for it to finish, or stop its service"
        ) from None
    return Lock(file)


def create_file(path: Path) -> None:
    """An empty file with mode 0600; raises ``WorldFailed`` when there is one."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise WorldFailed(
            f"there is a ledger at {path} already", "open it, or name another folder"
        ) from None
    except OSError as error:
        raise WorldFailed(
            f"the ledger {path} cannot be created: {error.strerror}",
            "check the owner and mode of its folder",
        ) from None
