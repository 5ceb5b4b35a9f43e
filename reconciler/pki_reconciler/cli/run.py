"""``vcc-pki run``: the daemon, put together: host, wakes, HTTP face, supervisor and log."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from pki_reconciler.cli.compose import host, settings
from pki_reconciler.config import Config
from pki_reconciler.config.private_files import read_secret
from pki_reconciler.daemon import log, supervisor
from pki_reconciler.daemon.channels.opening import configured
from pki_reconciler.daemon.listening import create_app, listening
from pki_reconciler.daemon.metrics import NONE
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.remembering import FILE_NAME
from pki_reconciler.daemon.running import Ears
from pki_reconciler.daemon.running import run as reconcile_until_stopped
from pki_reconciler.daemon.telling import Teller
from pki_reconciler.daemon.wake import Wake
from pki_reconciler.daemon.watching import refs_of, watching
from pki_reconciler.ledger.locks import Locked
from pki_reconciler.loop import Host, Outcome
from pki_schema.errors import WorldFailed

STANDBY = 5.0
"""Seconds between two looks at whether the other daemon still runs."""
SHORTEST_SECRET = 16


def run(option: Path | None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. Raises ``WorldFailed`` if it can't begin.

    While another process works on this state it stands by and says so.
    """
    path, config = settings(option)
    wake, told = Wake(), log.Log(sys.stderr)
    secret = _secret(config)
    newest: list[Pulse] = []
    teller: list[Teller] = []
    app = create_app(
        lambda: newest[-1] if newest else None,
        wake,
        secret=secret,
        version=version("vcc-pki"),
        notices=lambda: teller[-1].counts() if teller else NONE,
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
            teller[-1].tell(pulse)
            supervisor.notify(os.environ, supervisor.ALIVE)

        with _host(path, config, wake, told) as together:
            if together is not None:
                ears = Ears(began=told.began, ended=ended)
                with _telling(config, told) as teller[:]:
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
def _telling(config: Config, told: log.Log) -> Iterator[tuple[Teller]]:
    """Who tells people what changed, while this process is the one that works.

    A channel that cannot work is told at once; that is no reason to let CRLs expire.
    """
    channels = configured(config, os.environ)
    for one in channels:
        if fault := one.fault():
            told.notified(one.name, "failed", fault)
    teller = Teller(
        channels,
        config.state.ledger.with_name(FILE_NAME),
        source=socket.gethostname(),
        told=told.notified,
    )
    try:
        yield (teller,)
    finally:
        teller.close()


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
    secret = read_secret(file, os.environ)
    if len(secret) < SHORTEST_SECRET:
        raise WorldFailed(
            f"the webhook secret in {file} is shorter than {SHORTEST_SECRET} octets",
            "write one with `openssl rand -hex 32`",
        )
    return secret
