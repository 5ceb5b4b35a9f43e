"""The host: who works here, private folders, the passphrase, programs and space."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pki_reconciler.cli.doctor.findings import Finding, fine, told_in, waits, wrong
from pki_reconciler.config import Config
from pki_reconciler.config.private_files import private_folder
from pki_reconciler.keys import find_passphrase

LEAST_SPACE: Final = 256 * 1024 * 1024
"""Octets below which a disk is told to be full soon."""

PROGRAMS: Final = ("git",)


def on_host(path: Path, config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield _configuration(path)
    yield from _folders(config)
    yield from _passphrase(config, environ)
    yield from _programs()
    yield from _space(config)
    yield _lock(config.state.ledger)


def _configuration(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o022:
        means = "whoever may write it decides what is signed"
        return wrong("configuration", f"{path} has mode {mode:04o}", means, f"chmod 0644 {path}")
    return fine("configuration", f"{path} can be read")


def _folders(config: Config) -> Iterator[Finding]:
    state = config.state
    found: list[Finding] = []
    seen = 0
    for folder in dict.fromkeys((state.ledger.parent, state.keys, state.offline_keys, state.cache)):
        if folder == state.offline_keys and not os.path.lexists(folder):
            continue  # locked away, as it should be
        with told_in(found, "folders"), private_folder(folder):
            seen += 1
    yield from found
    if not found:
        yield fine("folders", f"{seen} folders of the state are ours alone")


def _passphrase(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    found: list[Finding] = []
    with told_in(found, "passphrase", "no key can be opened"):
        found.append(
            fine(
                "passphrase",
                f"from {find_passphrase(environ, config.state.passphrase_file).origin}",
            )
        )
    yield from found


def _programs() -> Iterator[Finding]:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        means = "without it no commit is seen; what is due goes on"
        yield wrong("programs", f"{', '.join(missing)} is not on the path", means, "install it")
    else:
        yield fine("programs", f"{', '.join(PROGRAMS)} is there")


def _space(config: Config) -> Iterator[Finding]:
    places = [config.state.ledger.parent, *(target.directory for target in config.targets)]
    found: list[Finding] = []
    for place in places:
        if not place.is_dir():
            continue
        with told_in(found, "space"):
            free = shutil.disk_usage(place).free
            if free < LEAST_SPACE:
                means = "a full disk stops everything; nothing is half written"
                found.append(
                    wrong("space", f"{free >> 20} MiB free in {place}", means, "make room")
                )
    yield from found or [fine("space", f"at least {LEAST_SPACE >> 20} MiB free everywhere")]


def _lock(ledger: Path) -> Finding:
    """Who holds the lock, asked of the kernel: taking it would be in a daemon's way."""
    file = ledger.with_name(f"{ledger.name}.lock")
    holder = _holder(file)
    if holder is None:
        return fine("lock", "no other vcc-pki works on this state")
    who = f"process {holder}" if holder > 0 else "a process that cannot be seen from here"
    if holder > 0 and not Path(f"/proc/{holder}").exists():
        return waits("lock", f"{who} has it and is gone", "", "try again")
    return fine("lock", f"{who} works on this state")


def _holder(file: Path) -> int | None:
    """The process that holds a file's lock (proc_locks(5)): 0 for one elsewhere."""
    try:
        status = file.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in lines:
        words = line.split()
        if device in words and "FLOCK" in words and "->" not in words:
            return max(0, int(words[words.index(device) - 1]))
    return None
