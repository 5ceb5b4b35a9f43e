"""Reconcile a world on disk once, as a process of its own that may be killed.

``python -m tests.e2e.reconcile_once FOLDER SECONDS`` takes a folder laid out by ``World`` and the
time in epoch seconds. It tells what it did as JSON and exits as ``vcc-pki apply`` does. With two
more arguments, ``KEY COUNT``, it kills itself where that key has signed so often and shall again.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec

from pki_publishers.targets.marks import Mark
from pki_reconciler.cli import apply, output
from pki_reconciler.keys import (
    FileKeyStore,
    KeyStore,
    create_passphrase_file,
    create_private_folder,
    find_passphrase,
)
from pki_reconciler.ports import SystemEntropy
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant, from_epoch
from pki_schema.x509.algorithms import PrivateKey
from tests.fakes import FixedClock
from tests.worlds import World


def stored(root: Path, now: Instant) -> World:
    """The world in a folder at an instant: keys and publications on disk, and true chance."""
    secret, online, offline = (root / name for name in ("state/passphrase", "keys", "offline"))
    if not secret.exists():
        create_passphrase_file(secret, secrets.token_bytes(32))
        create_private_folder(online)
        create_private_folder(offline)
    world = World(root=root, clock=FixedClock(now)).on_disk()
    world.entropy = SystemEntropy()  # type: ignore[assignment]
    world.keys = FileKeyStore(online, offline, find_passphrase({}, secret))
    return world


@dataclass
class Fatal:
    """An elliptic curve key that signs some times, and then kills the process that asks it to."""

    key: ec.EllipticCurvePrivateKey
    spared: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.key, name)

    def sign(self, data: bytes, algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        if not self.spared:
            os.kill(os.getpid(), signal.SIGKILL)
        self.spared -= 1
        return self.key.sign(data, algorithm)


ec.EllipticCurvePrivateKey.register(Fatal)


@dataclass
class FatalKeyStore:
    """A key store in which one key is fatal."""

    store: KeyStore
    fatal: str
    spared: int
    _opened: Fatal | None = None

    def held(self, mark: Mark) -> AbstractContextManager[None]:
        return self.store.held(mark)

    def mark(self) -> Mark:
        return self.store.mark()

    def create(self, algorithm: str, *, offline: bool) -> bytes:
        return self.store.create(algorithm, offline=offline)

    def open(self, spki: str) -> PrivateKey:
        key = self.store.open(spki)
        if spki != self.fatal:
            return key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._opened = self._opened or Fatal(key, self.spared)
        return cast("PrivateKey", self._opened)

    def has(self, spki: str) -> bool:
        return self.store.has(spki)

    def unused(self, known: Collection[str]) -> list[str]:
        return self.store.unused(known)


def main(folder: str, seconds: str, fatal: str = "", spared: str = "0") -> int:
    world = stored(Path(folder), from_epoch(int(seconds)))
    world.keys = FatalKeyStore(world.keys, fatal, int(spared))
    try:
        outcome = world.reconcile()
    except WorldFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    output.json(apply.document(outcome))
    return apply.exit_code(outcome)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
