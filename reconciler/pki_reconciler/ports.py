"""What the reconciler asks of the world besides Git, disk and keys: the time and entropy."""

from __future__ import annotations

from typing import Protocol

from pki_schema.instants import Instant


class Clock(Protocol):
    """Tells the time; asked once per cycle."""

    def now(self) -> Instant: ...


class Entropy(Protocol):
    """Cryptographically secure random bytes (serial numbers, salts)."""

    def token(self, size: int) -> bytes: ...
