"""What a channel is to its sender."""

from __future__ import annotations

from typing import Final, Protocol

from pki_reconciler.daemon.notices import Notice
from pki_schema.errors import Severity, WorldFailed

PATIENCE: Final = 20.0
"""Seconds for all of one attempt, from the connection to the answer."""


class Undelivered(WorldFailed):
    """A notice did not arrive. ``lasting``: the receiver did not want it, and hardly will.

    The message names no address, nothing that the receiver said and nothing secret.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class Channel(Protocol):
    """Tells one receiver; ``only`` are the severities that it is told."""

    @property
    def name(self) -> str: ...

    @property
    def only(self) -> frozenset[Severity]: ...

    def send(self, notice: Notice) -> str:
        """Returns a remark for the log, mostly empty. Raises ``Undelivered``."""
        ...
