"""From pulses to channels: what changed is told once, to those who want to hear it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from pki_reconciler.daemon.channels.channel import Channel
from pki_reconciler.daemon.notices import Notice, compose
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.remembering import FILE_NAME, Remembered, recall, remember
from pki_reconciler.daemon.sending import Sender, pause_after
from pki_reconciler.daemon.transitions import transitions

FAREWELL: Final = 3.0
"""Seconds for what is on its way when the daemon ends; the rest waits in the file."""
RESULTS: Final = ("sent", "failed", "dropped", "given_up")


class Teller:
    """Knows what was told (``path``), and has a sender for each channel.

    ``told`` hears of each result of a channel. Nothing here waits for a channel, and nothing that
    fails here ends a cycle.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        path: Path,
        *,
        source: str,
        told: Callable[[str, str, str], object],
        pause: Callable[[int], float] = pause_after,
    ) -> None:
        remembered = recall(path)
        self._path = path
        self._source = source
        self._told = remembered.told
        self._heard = told
        self._last: Pulse | None = None
        self._writing = Lock()
        self._channels = channels
        self._senders = {
            one.name: Sender(
                one,
                remembered.waiting.get(one.name, ()),
                told=told,
                moved=self._moved,
                pause=pause,
            )
            for one in channels
        }
        for sender in self._senders.values():  # all are there before one calls back
            sender.begin()

    def tell(self, pulse: Pulse) -> None:
        """Queue what has changed; called after every cycle, from the loop."""
        if not self._channels or self._still(pulse):
            return
        before, self._last = self._told, pulse
        known, changed = transitions(before, pulse)
        found = {
            one.name: compose(changed, only=one.only, at=pulse.at, source=self._source)
            for one in self._channels
        }
        fresh = {name: notice for name, notice in found.items() if notice}
        with self._writing:
            self._told = known
            if changed or before is None:
                self._write(fresh)  # before anything is sent
            for name, notice in fresh.items():
                self._senders[name].put(notice)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Results by channel since the daemon began."""
        return {
            (name, result): sender.results[result]
            for name, sender in self._senders.items()
            for result in RESULTS
        }

    def close(self, seconds: float = FAREWELL) -> None:
        """Let what is on its way arrive, within so many seconds."""
        for one in self._senders.values():
            one.stop()
        end = time.monotonic() + seconds
        for one in self._senders.values():
            one.join(end - time.monotonic())

    def _still(self, pulse: Pulse) -> bool:
        """Whether nothing can have changed: a quiet cycle costs nothing, however much there is."""
        last, told = self._last, self._told
        return (
            last is not None
            and told is not None
            and not told.unripe
            and pulse.report is last.report
            and (pulse.failures, pulse.refused, pulse.rewound)
            == (last.failures, last.refused, last.rewound)
        )

    def _moved(self) -> None:
        """Something has arrived or was given up; from the senders' threads."""
        with self._writing:
            self._write({})

    def _write(self, fresh: Mapping[str, Notice]) -> None:
        """What is known, and what waits or is about to, belong together."""
        waiting = {
            name: (*sender.waiting(), *([fresh[name]] if name in fresh else []))
            for name, sender in self._senders.items()
        }
        try:
            remember(self._path, Remembered(told=self._told, waiting=waiting))
        except OSError as error:  # then a restart tells again
            self._heard(FILE_NAME, "failed", error.strerror or "")
