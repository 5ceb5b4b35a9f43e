"""Instants: aware UTC datetimes with whole seconds, the only notion of time in this project.

Certificates, CRLs and OCSP answers carry whole seconds (RFC 5280 section 4.1.2.5), so a finer clock
would only make equal things unequal. Nobody here asks for the time: it is passed in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

Instant = datetime

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def whole(moment: datetime) -> Instant:
    """Cut a moment to whole seconds in UTC; naive datetimes are refused with ``ValueError``."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def from_epoch(seconds: int) -> Instant:
    """Seconds since 1970-01-01T00:00:00Z to an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def to_epoch(instant: Instant) -> int:
    """An instant to seconds since 1970-01-01T00:00:00Z."""
    return int(instant.timestamp())


@lru_cache(maxsize=4096)  # what is certified together begins and ends together
def render(instant: Instant) -> str:
    """``2026-11-23T17:47:53Z``, the one written form (RFC 3339, UTC)."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def parse(text: str) -> Instant:
    """Read RFC 3339; raises ``ValueError`` unless it names a zone."""
    return whole(datetime.fromisoformat(text))
