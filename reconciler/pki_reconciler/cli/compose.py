"""Putting the host together for verbs that sign: real clock, ledger, keys, Git and targets."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pki_publishers.targets import DirectoryTarget
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import Target
from pki_reconciler.config import Config, find_config, load_config
from pki_reconciler.config.weak_keys import read_weak_keys
from pki_reconciler.decide.lint import canary
from pki_reconciler.keys import FileKeyStore, find_passphrase
from pki_reconciler.keys.store import KeyStore
from pki_reconciler.ledger.records import Accepted, Refused
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.loop import Host
from pki_reconciler.observe.advance import Observed, advance
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_reconciler.ports import Clock, SystemClock, SystemEntropy, steady
from pki_schema.errors import Position, WorldFailed
from pki_schema.instants import Instant

ALLOCATIONS = 20_000
"""How many more values than were given up there may be before circles are looked for."""


def settings(option: Path | None) -> tuple[Path, Config]:
    """The configuration file and what it says."""
    path = find_config(option, os.environ)
    return path, load_config(path)


@contextmanager
def host(path: Path, config: Config, *, clock: Clock | None = None) -> Iterator[Host]:
    """Open everything that a reconcile needs, and close it again.

    Raises ``WorldFailed`` when the ledger is missing although keys or publications exist (a PKI
    that forgot what it issued must not go on issuing), when the linter lets known faults pass, and
    when a list of weak keys is not there.
    """
    check_ledger(config)
    check_linter()
    weak_keys = read_weak_keys(config.weak_key_lists)
    entropy = SystemEntropy()
    keys = FileKeyStore(
        config.state.keys,
        config.state.offline_keys,
        find_passphrase(os.environ, config.state.passphrase_file),
    )
    targets = {str(t.publication): DirectoryTarget(t.directory) for t in config.targets}
    with (
        _little_garbage(),
        Ledger.open(config.state.ledger, entropy=entropy) as ledger,
        ExitStack() as stack,
    ):
        ledger.above(_marks([keys, *targets.values()]))
        opened: list[Repository] = []

        def repository() -> Repository:
            """Opened when it is first looked at: what is due needs no Git."""
            if not opened:
                at = config.repository
                found = Repository.open(at.url, at.branch, config.state.clone)
                opened.append(stack.enter_context(found))
            return opened[0]

        def observe(now: Instant) -> Observed:
            def record(judged: Accepted | Refused) -> None:
                with ledger.transaction(now) as transaction:
                    transaction.append([judged], commit=judged.commit)

            return advance(
                repository(),
                ManifestCache(config.state.cache),
                path=config.repository.path,
                head=repository().fetch(),
                reader=ledger.reader,
                record=record,
            )

        yield Host(
            clock=clock or SystemClock(),
            entropy=entropy,
            ledger=ledger,
            keys=keys,
            targets=targets,
            observe=observe,
            revocations_limit=config.revocations,
            limit_origin=Position(str(path)),
            seconds=time.perf_counter,
            weak_keys=weak_keys,
            steady=steady,
            leap=config.leap,
        )


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Spare the garbage collector what is loaded by now and stays, and most of its passes.

    A cycle makes many values and hardly any that refer to each other in a circle; looking for those
    took a twelfth of the time in which 2,000 services are issued.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _marks(places: Iterable[KeyStore | Target]) -> Iterator[Mark]:
    """What earlier writers left; what cannot be read now is met again when it is written to."""
    for place in places:
        with suppress(WorldFailed):
            yield place.mark()


def check_ledger(config: Config) -> None:
    """Refuse to go on without the ledger; say what else there is."""
    if config.state.ledger.exists():
        return
    left = leftovers(config)
    if left:
        raise WorldFailed(
            f"the ledger {config.state.ledger} is missing, but there is {', '.join(left)}",
            "restore the ledger from its backup; if there is none, `vcc-pki init --recover`",
        )
    raise WorldFailed(
        f"there is no ledger at {config.state.ledger}", "create it with `vcc-pki init`"
    )


def check_linter() -> None:
    """Refuse to sign anything behind a linter that no longer notices what it must refuse."""
    try:
        unnoticed = canary.unnoticed()
    except Exception as error:  # noqa: BLE001 - whatever ails it, it is not to be trusted
        unnoticed = (f"{type(error).__name__}: {error}",)
    if unnoticed:
        raise WorldFailed(
            f"the linter let a known fault pass: {unnoticed[0]}; nothing is signed",
            "install the versions of requirements.lock, which were tested together",
        )


def leftovers(config: Config) -> list[str]:
    """What shows that this PKI has been at work here before: keys and published files."""
    found = []
    for words, folder in (
        ("a key in", config.state.keys),
        ("an offline key in", config.state.offline_keys),
        *((f"publication {t.publication} in", t.directory) for t in config.targets),
    ):
        if folder.is_dir() and any(not p.name.startswith(".") for p in folder.iterdir()):
            found.append(f"{words} {folder}")
    return found
