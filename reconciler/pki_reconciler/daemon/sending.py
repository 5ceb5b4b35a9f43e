"""A thread and a bounded queue for each channel: whatever it does, the loop goes on."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from threading import Condition, Thread
from typing import Final

from pki_reconciler.daemon.channels.channel import Channel, Undelivered
from pki_reconciler.daemon.notices import Notice

LONGEST_QUEUE: Final = 100
"""Notices that wait at one channel; then the oldest is dropped."""
FIRST: Final = 5.0
LONGEST: Final = 300.0
"""Seconds to the next attempt: first, and at most."""
MOST_ATTEMPTS: Final = 300
"""About a day; then a notice is given up."""
MOST_REFUSALS: Final = 10
"""Attempts, of about twenty minutes, when the receiver says that it does not want it."""


def pause_after(attempts: int) -> float:
    """Seconds to wait after so many failures in a row (1 or more)."""
    doubled: float = FIRST * 2 ** min(attempts - 1, 10)
    return min(doubled, LONGEST)


class Sender:
    """Sends one channel's notices in their order, each until it arrived or was given up.

    ``told`` hears of each result: ``sent``, ``failed``, ``dropped`` or ``given_up``, with a reason;
    ``moved`` is called when the queue got shorter. Both are called from the thread.
    """

    def __init__(
        self,
        channel: Channel,
        waiting: Iterable[Notice],
        *,
        told: Callable[[str, str, str], object],
        moved: Callable[[], object],
        pause: Callable[[int], float] = pause_after,
    ) -> None:
        self._channel = channel
        self._queue = deque(waiting, maxlen=LONGEST_QUEUE)
        self._told = told
        self._moved = moved
        self._pause = pause
        self._condition = Condition()
        self._stopped = False
        self.results: Counter[str] = Counter()
        self._thread = Thread(target=self._work, name=f"notify {channel.name}", daemon=True)

    def begin(self) -> None:
        """With what was left waiting, if anything."""
        self._thread.start()

    def waiting(self) -> tuple[Notice, ...]:
        with self._condition:
            return tuple(self._queue)

    def put(self, notice: Notice) -> None:
        """Never waits; drops the oldest if too many do."""
        with self._condition:
            full = len(self._queue) == LONGEST_QUEUE
            self._queue.append(notice)
            self._condition.notify()
        if full:
            self._tell("dropped", f"{LONGEST_QUEUE} others wait")

    def stop(self) -> None:
        """No attempt begins that follows a failure; what is on its way may arrive."""
        with self._condition:
            self._stopped = True
            self._condition.notify()

    def join(self, seconds: float) -> None:
        self._thread.join(max(0.0, seconds))

    def _work(self) -> None:
        attempts = 0
        while (notice := self._next(attempts)) is not None:
            failure = self._attempt(notice)
            attempts += 1
            if failure is None:
                self._done(notice)
                attempts = 0
            elif attempts >= (MOST_REFUSALS if failure.lasting else MOST_ATTEMPTS):
                self._done(notice)
                self._tell("given_up", failure.message)
                attempts = 0

    def _next(self, attempts: int) -> Notice | None:
        """The oldest notice, when its time has come; ``None`` to end."""
        with self._condition:
            if attempts and not self._stopped:
                self._condition.wait_for(lambda: self._stopped, self._pause(attempts))
            self._condition.wait_for(lambda: self._stopped or self._queue)
            # Once stopped, what was never tried still is; whoever failed is known to fail.
            return None if not self._queue or (self._stopped and attempts) else self._queue[0]

    def _attempt(self, notice: Notice) -> Undelivered | None:
        try:
            remark = self._channel.send(notice)
        except Undelivered as failure:
            found = failure
        except Exception as error:  # noqa: BLE001 - a fault of a plugin must not end the thread
            found = Undelivered(type(error).__name__)  # its text may show an address's secrets
        else:
            self._tell("sent", remark)
            return None
        self._tell("failed", found.message)
        return found

    def _done(self, notice: Notice) -> None:
        with self._condition:
            if self._queue and self._queue[0] is notice:  # or it was dropped meanwhile
                self._queue.popleft()
        self._moved()

    def _tell(self, result: str, reason: str) -> None:
        with self._condition:
            self.results[result] += 1
        self._told(self._channel.name, result, reason)
