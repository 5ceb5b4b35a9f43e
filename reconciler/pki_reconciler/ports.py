"""What the reconciler asks of the world besides Git, disk and keys: the time and entropy."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Protocol

from pki_schema.instants import Instant, whole


class Clock(Protocol):
    """Tells the time; asked once per cycle."""

    def now(self) -> Instant: ...


class Entropy(Protocol):
    """Cryptographically secure random bytes (serial numbers, salts)."""

    def token(self, size: int) -> bytes: ...


class SystemClock:
    """The machine's clock, in whole seconds of UTC."""

    def now(self) -> Instant:
        return whole(datetime.now(UTC))


class SystemEntropy:
    """The operating system's random source."""

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)


def steady() -> float:
    """Seconds of a clock that nobody sets; it goes on while the machine sleeps, where the system
    has such a one.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
