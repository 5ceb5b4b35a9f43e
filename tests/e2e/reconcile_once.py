"""Reconcile a world on disk once, as a process of its own that may be killed.

``python -m tests.e2e.reconcile_once FOLDER SECONDS`` takes a folder laid out by ``World`` and the
time in epoch seconds. It tells what it did as JSON and exits as ``vcc-pki apply`` does.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from pki_reconciler.cli import apply, output
from pki_reconciler.keys import (
    FileKeyStore,
    create_passphrase_file,
    create_private_folder,
    find_passphrase,
)
from pki_reconciler.ports import SystemEntropy
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant, from_epoch

from tests.fakes import FixedClock
from tests.worlds import World


def stored(root: Path, now: Instant) -> World:
    """The world in a folder at an instant, with its keys and publications on disk, and true chance."""
    secret, online, offline = (root / name for name in ("state/passphrase", "keys", "offline"))
    if not secret.exists():
        create_passphrase_file(secret, secrets.token_bytes(32))
        create_private_folder(online)
        create_private_folder(offline)
    world = World(root=root, clock=FixedClock(now)).on_disk()
    world.entropy = SystemEntropy()  # type: ignore[assignment]
    world.keys = FileKeyStore(online, offline, find_passphrase({}, secret))
    return world


def main(folder: str, seconds: str) -> int:
    world = stored(Path(folder), from_epoch(int(seconds)))
    try:
        outcome = world.reconcile()
    except WorldFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    output.json({"process": os.getpid(), **apply.document(outcome)})
    return apply.exit_code(outcome)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
