"""One flag for the loop: set from any thread, waited for by one."""

from __future__ import annotations

from enum import StrEnum
from threading import Condition


class Reason(StrEnum):
    """What woke the loop."""

    START = "start"
    CLOCK = "clock"
    PUSH = "push"
    REFS = "refs"
    STOP = "stop"


class Wake:
    """Reasons pile up until the loop takes them: a hundred pushes are one look at Git."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._reasons: set[Reason] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the loop is to end; there is no way back."""
        return self._stopped

    def call(self, reason: Reason) -> None:
        """Wake the loop; from any thread, but not from a signal handler (see ``stop``)."""
        with self._condition:
            self._reasons.add(reason)
            self._condition.notify()

    def stop(self) -> None:
        """End the loop after the cycle it is in. Takes no lock: signal handlers may call it."""
        self._stopped = True

    def wait(self, seconds: float) -> frozenset[Reason]:
        """Until something calls or this many seconds are over; returns who called.

        In slices of half a second, because a signal handler cannot notify.
        """
        left = seconds
        with self._condition:
            while not self._reasons and not self._stopped and left > 0:
                self._condition.wait(min(left, 0.5))
                left -= 0.5
            found = frozenset(self._reasons) | ({Reason.STOP} if self._stopped else set())
            self._reasons.clear()
        return found or frozenset({Reason.CLOCK})
