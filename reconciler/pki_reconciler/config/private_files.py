"""Files nobody else may read: opened and written so that a wrong mode, owner or link is refused.

A folder is opened once and everything in it by its descriptor, so that nothing can be swapped for
a symbolic link between a check and its use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pki_schema.errors import WorldFailed

OTHERS: Final = 0o077
"""Every permission of group and world."""
LARGEST_SECRET: Final = 4_096
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"


def create_private_folder(path: Path) -> None:
    """Make a folder (0700) and its parents (0755), durably; an existing one must be private."""
    absent = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    try:
        for folder in reversed(absent):
            folder.mkdir(mode=0o700 if folder == path else 0o755)
            above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(above)
            finally:
                os.close(above)
    except OSError as error:
        raise WorldFailed(f"{path} cannot be made: {error.strerror}") from None
    with private_folder(path):
        return


@contextlib.contextmanager
def private_folder(path: Path) -> Iterator[int]:
    """A descriptor of a folder of ours that nobody else may enter (0700, no symbolic link)."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        remedy = "create it with vcc-pki init, or attach it; it must not be a symbolic link"
        raise WorldFailed(f"{path} cannot be opened: {error.strerror}", remedy) from None
    try:
        _check(os.fstat(folder), path, frozenset({os.geteuid()}), OTHERS)
        yield folder
    finally:
        os.close(folder)


def read_private(
    path: Path,
    *,
    cap: int,
    folder: int | None = None,
    owners: frozenset[int] | None = None,
    forbidden: int = OTHERS,
) -> bytes:
    """The content of a regular file of ours; ``path`` is relative to ``folder`` if one is given.

    ``owners`` are user ids besides our own that are trusted with it, ``forbidden`` the permission
    bits that must be off. Raises ``WorldFailed`` for anything else and above ``cap`` octets.
    """
    # O_NONBLOCK: opening a FIFO must not wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, dir_fd=folder)
    except OSError as error:
        remedy = "it must exist, be readable, and be no symbolic link"
        raise WorldFailed(f"{path} cannot be opened: {error.strerror}", remedy) from None
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise WorldFailed(f"{path} is not a regular file")
        _check(status, path, (owners or frozenset()) | {os.geteuid()}, forbidden)
        if status.st_size > cap:
            raise WorldFailed(f"{path} is larger than {cap} octets")
        return stream.read(cap)


def read_secret(path: Path, environ: Mapping[str, str], *, cap: int = LARGEST_SECRET) -> bytes:
    """What a secret file says, without white space around it; never empty.

    It is a file of ours that nobody else may read, or one of systemd's credentials, which belong
    to root and are readable by an ACL whose mask shows as group bits. Raises ``WorldFailed``.
    """
    folder = environ.get(CREDENTIALS)
    if folder and path.parent == Path(folder):
        found = read_private(path, cap=cap, owners=frozenset({0}), forbidden=0o037)
    else:
        found = read_private(path, cap=cap)
    if not found.strip():
        raise WorldFailed(f"{path} is empty")
    return found.strip()


def write_private(name: str, data: bytes, *, folder: int) -> None:
    """Create a file (0600) in a folder, whole and durable or not at all.

    Raises ``FileExistsError`` if it is there already and other ``OSError`` as the system does.
    """
    if name in os.listdir(folder):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
    fresh = f".{name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=folder)  # what a crash left
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, 0o600)  # whatever the umask took away
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        # Not a hard link, which would never replace: offline keys may lie on FAT.
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(fresh, dir_fd=folder)
        raise
    os.fsync(folder)


def _check(status: os.stat_result, path: Path, owners: frozenset[int], forbidden: int) -> None:
    if status.st_uid not in owners:
        remedy = f"make uid {os.geteuid()} its owner"
        raise WorldFailed(f"{path} belongs to uid {status.st_uid}", remedy)
    mode = stat.S_IMODE(status.st_mode)
    if mode & forbidden:
        fit = "0700" if stat.S_ISDIR(status.st_mode) else "0600"
        raise WorldFailed(f"{path} has mode {mode:04o}, others may use it", f"chmod {fit} {path}")
