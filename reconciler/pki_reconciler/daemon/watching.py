"""Notices when a ref of a repository on this host moves, and wakes the loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.parse import unquote

from pki_reconciler.daemon.wake import Reason, Wake


def refs_of(url: str) -> list[Path]:
    """The folders in which refs of a local repository move; none for a remote one."""
    if not url.startswith("file://"):
        return []
    folder = Path(unquote(url.removeprefix("file://")))
    inside = folder / ".git" if (folder / ".git").is_dir() else folder
    return [path for path in (inside / "refs", inside / "reftable") if path.is_dir()]


@contextmanager
def watching(paths: list[Path], wake: Wake) -> Iterator[None]:
    """Wake the loop on every change below these folders, for as long as the block lasts.

    A folder that cannot be watched (too many watches, a network share) is polled like any other.
    """
    if not paths:
        yield
        return
    from watchfiles import watch  # noqa: PLC0415 - only a local repository needs it

    stop = Event()

    def look() -> None:
        try:
            # Without its own filter, which passes over whatever is called .git.
            for _ in watch(
                *paths, watch_filter=None, stop_event=stop, rust_timeout=500, raise_interrupt=False
            ):
                wake.call(Reason.REFS)
        except (OSError, RuntimeError):
            return

    thread = Thread(target=look, name="refs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
