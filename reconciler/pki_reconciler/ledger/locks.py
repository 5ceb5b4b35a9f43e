"""One writer: a lock file beside the ledger, and the ledger's own file made for its owner only."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from pki_schema.errors import WorldFailed


@dataclass(frozen=True)
class Lock:
    """The right to write, until released or until the process ends."""

    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


def acquire(path: Path) -> Lock:
    """Take the lock of the ledger at ``path`` or raise ``WorldFailed`` at once."""
    if not path.parent.is_dir():
        raise WorldFailed(f"there is no folder {path.parent}", "create it, with mode 0700")
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise WorldFailed(
            f"the lock of {path} cannot be taken: {error.strerror}",
            "check the owner and mode of its folder",
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise WorldFailed(
            "another vcc-pki works on this state", "wait for it to finish, or stop its service"
        ) from None
    return Lock(descriptor)


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
