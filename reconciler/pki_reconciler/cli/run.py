"""``vcc-pki run``: the daemon, put together: host, wakes, HTTP face, supervisor and log."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from pki_reconciler.cli.compose import host, settings
from pki_reconciler.config import Config
from pki_reconciler.config.private_files import read_private
from pki_reconciler.daemon import log, supervisor
from pki_reconciler.daemon.listening import create_app, listening
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.running import Ears
from pki_reconciler.daemon.running import run as reconcile_until_stopped
from pki_reconciler.daemon.wake import Wake
from pki_reconciler.daemon.watching import refs_of, watching
from pki_reconciler.ledger.locks import Locked
from pki_reconciler.loop import Host, Outcome
from pki_schema.errors import WorldFailed

STANDBY = 5.0
"""Seconds between two looks at whether the other daemon still runs."""
LARGEST_SECRET = 4_096
SHORTEST_SECRET = 16


def run(option: Path | None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. Raises ``WorldFailed`` if it can't begin.

    While another process works on this state it stands by and says so.
    """
    path, config = settings(option)
    wake, told = Wake(), log.Log(sys.stderr)
    secret = _secret(config)
    newest: list[Pulse] = []
    app = create_app(
        lambda: newest[-1] if newest else None, wake, secret=secret, version=version("vcc-pki")
    )
    with (
        _signals(wake),
        listening(app, config.daemon.listen) as port,
        watching(refs_of(config.repository.url), wake),
    ):
        told.started(listen=config.daemon.listen, port=port)
        supervisor.notify(os.environ, supervisor.READY)

        def ended(pulse: Pulse, outcome: Outcome | None) -> None:
            newest[:] = [pulse]
            told.ended(pulse, outcome)
            supervisor.notify(os.environ, supervisor.ALIVE)

        with _host(path, config, wake, told) as together:
            if together is not None:
                ears = Ears(began=told.began, ended=ended)
                reconcile_until_stopped(together, wake, poll=_poll(config), ears=ears)
        supervisor.notify(os.environ, supervisor.STOPPING)
    told.stopped()
    return 0


def _poll(config: Config) -> timedelta:
    """Often enough for the watchdog, too: every cycle is a sign of life."""
    patience = supervisor.patience(os.environ)
    half = timedelta(seconds=max(1, patience / 2)) if patience else config.daemon.poll
    return min(config.daemon.poll, half)


@contextmanager
def _host(path: Path, config: Config, wake: Wake, told: log.Log) -> Iterator[Host | None]:
    """The host once nobody else works on its state; ``None`` when stopped before that."""
    while not wake.stopped:
        try:
            opening = host(path, config)
            together = opening.__enter__()
        except Locked as failure:
            told.standby(failure)
            supervisor.notify(os.environ, supervisor.ALIVE)
            wake.wait(STANDBY)
            continue
        try:
            yield together
        finally:
            opening.__exit__(None, None, None)
        return
    yield None


@contextmanager
def _signals(wake: Wake) -> Iterator[None]:
    """SIGTERM and SIGINT end the loop after its cycle."""

    def stop(_: int, __: FrameType | None) -> None:
        wake.stop()

    ending = (signal.SIGTERM, signal.SIGINT)
    former = [signal.signal(one, stop) for one in ending]
    try:
        yield
    finally:
        for one, handler in zip(ending, former, strict=True):
            signal.signal(one, handler)


def _secret(config: Config) -> bytes | None:
    """What the forge signs its calls with; one line of at least 16 octets."""
    file = config.daemon.webhook_secret_file
    if file is None:
        return None
    secret = read_private(file, cap=LARGEST_SECRET).strip()
    if len(secret) < SHORTEST_SECRET:
        raise WorldFailed(
            f"the webhook secret in {file} is shorter than {SHORTEST_SECRET} octets",
            "write one with `openssl rand -hex 32`",
        )
    return secret
