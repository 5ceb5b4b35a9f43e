"""When to look again: the poll, the next due instant, and patience with what fails. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pki_schema.instants import Instant

FIRST: Final = timedelta(seconds=15)
LONGEST: Final = timedelta(minutes=5)
"""How long something that fails is left alone: first, and at most. A token locks itself after a few
wrong PINs, and an outage of a night must not end with another wait."""

SPREAD: Final = 0.1
"""The part of the poll by which it comes earlier or later, so that daemons do not march in step."""


def back_off(attempts: int) -> timedelta:
    """How long to leave something alone after so many failures in a row (1 or more)."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(FIRST * doubled, LONGEST)


def poll_after(poll: timedelta, chance: bytes) -> timedelta:
    """The time to the next poll; ``chance`` are random octets, whole seconds come out."""
    share = int.from_bytes(chance, "big") / (256 ** len(chance) - 1) * 2 - 1
    return timedelta(seconds=max(1, round(poll.total_seconds() * (1 + SPREAD * share))))


def next_wake(now: Instant, *, poll_at: Instant, next_due: Instant | None) -> Instant:
    """The earlier of both, in the future: what is due and was not done waits for its own retry."""
    coming = [poll_at, *([next_due] if next_due and next_due > now else [])]
    return max(min(coming), now + timedelta(seconds=1))
