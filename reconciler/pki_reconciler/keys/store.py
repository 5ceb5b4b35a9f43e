"""What the rest of the reconciler asks of a key store."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from pki_publishers.targets.marks import Mark
from pki_schema.x509.algorithms import PrivateKey


class KeyStore(Protocol):
    """Makes and opens private keys. One process, one thread; not shared.

    A key is named by the SHA-256 of its DER SubjectPublicKeyInfo in lower-case hex (``spki``).
    Every method raises ``WorldFailed`` when the store cannot be read or written.
    """

    def held(self, mark: Mark) -> AbstractContextManager[None]:
        """Inside it this writer alone signs. Entering raises ``Fenced`` when one with a higher
        number was here.
        """
        ...

    def mark(self) -> Mark:
        """What the last writer left behind; zeros where nobody has signed yet."""
        ...

    def create(self, algorithm: str, *, offline: bool) -> bytes:
        """Make a key of the closed list; returns its SPKI in DER once the key is durable."""
        ...

    def open(self, spki: str) -> PrivateKey:
        """The key, from the online store or else the offline one; ``WorldFailed`` without it."""
        ...

    def has(self, spki: str) -> bool:
        """Whether ``open`` would find it in what is attached now."""
        ...

    def unused(self, known: Collection[str]) -> list[str]:
        """The stored keys that are not among ``known``, sorted: left by a crash, or by hand."""
        ...
