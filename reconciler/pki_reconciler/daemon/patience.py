"""What fails is named and left alone for a while: each resource for itself, in front of the ports.

The rooms below know nothing of it: to them a resource that is left alone fails as it failed before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from pki_publishers.release import PublicObject
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import LARGEST, Target
from pki_reconciler.daemon.cadence import LONGEST, back_off
from pki_reconciler.keys.store import KeyStore
from pki_reconciler.ports import Clock
from pki_schema.errors import LedgerFailed, WorldFailed
from pki_schema.instants import Instant
from pki_schema.reported import Failure
from pki_schema.x509.algorithms import PrivateKey

Value = TypeVar("Value")

REPOSITORY = "repository"
LEDGER = "ledger"
RECONCILE = "reconcile"
"""What failed inside a cycle and is none of the others, such as the disk below the state."""
KEY_STORE = "signer"
"""The key store as such, where keys are made; a single key is ``signer/<SPKI digest>``."""


def publication(name: str) -> str:
    return f"publication/{name}"


def signer(spki: str) -> str:
    return f"{KEY_STORE}/{spki}"


class Patience:
    """Failures by resource. ``clock`` is asked once per attempt that fails."""

    def __init__(self, clock: Clock, failures: Iterable[Failure] = ()) -> None:
        self._clock = clock
        self._failures = {one.resource: one for one in failures}
        self._now = clock.now()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What fails now, by name."""
        return tuple(self._failures[name] for name in sorted(self._failures))

    def begin(self, now: Instant) -> None:
        """A new cycle: what may be tried again by ``now`` will be."""
        self._now = now

    def attempt(self, resource: str, call: Callable[[], Value], *, proves: bool = True) -> Value:
        """What ``call`` returns. Raises ``WorldFailed`` as it does, or without calling it.

        ``proves`` says whether success means that the resource is back: who can read a disk may
        still find it full.
        """
        before = self._failures.get(resource)
        # What seems further away was said by a clock that has been set back since.
        if before and before.retry_at and self._now < before.retry_at <= self._now + LONGEST:
            raise WorldFailed(before.message, before.remedy)
        try:
            value = call()
        except LedgerFailed:
            raise  # what was asked for may be well: looking at Git writes down what it saw
        except WorldFailed as failure:
            self.failed(resource, failure)
            raise
        if proves:
            self.succeeded(resource)
        return value

    def failed(self, resource: str, failure: WorldFailed) -> None:
        """Once more in vain."""
        before = self._failures.get(resource)
        attempts = before.attempts + 1 if before else 1
        self._failures[resource] = Failure(
            resource=resource,
            message=failure.message,
            remedy=failure.remedy,
            attempts=attempts,
            retry_at=self._now + back_off(attempts),
        )

    def succeeded(self, resource: str) -> None:
        """It is back."""
        self._failures.pop(resource, None)

    def keys(self, store: KeyStore) -> KeyStore:
        """The same store, patiently."""
        return _PatientKeyStore(self, store)

    def targets(self, targets: Mapping[str, Target]) -> Mapping[str, Target]:
        """The same targets, patiently."""
        return {name: _PatientTarget(self, name, one) for name, one in targets.items()}


class _PatientKeyStore:
    def __init__(self, patience: Patience, store: KeyStore) -> None:
        self._patience = patience
        self._store = store

    def held(self, mark: Mark) -> AbstractContextManager[None]:
        return self._store.held(mark)

    def mark(self) -> Mark:
        return self._store.mark()

    def create(self, algorithm: str, *, offline: bool) -> bytes:
        return self._patience.attempt(
            KEY_STORE, lambda: self._store.create(algorithm, offline=offline)
        )

    def open(self, spki: str) -> PrivateKey:
        return self._patience.attempt(signer(spki), lambda: self._store.open(spki))

    def has(self, spki: str) -> bool:
        return self._patience.attempt(KEY_STORE, lambda: self._store.has(spki), proves=False)

    def unused(self, known: Collection[str]) -> list[str]:
        return self._store.unused(known)


class _PatientTarget:
    def __init__(self, patience: Patience, name: str, target: Target) -> None:
        self._patience = patience
        self._resource = publication(name)
        self._target = target

    @contextmanager
    def held(self, mark: Mark) -> Iterator[None]:
        with ExitStack() as stack:
            self._patience.attempt(
                self._resource, lambda: stack.enter_context(self._target.held(mark)), proves=False
            )
            yield

    def mark(self) -> Mark:
        return self._patience.attempt(self._resource, self._target.mark, proves=False)

    def write(self, phases: Sequence[Sequence[PublicObject]]) -> None:
        self._patience.attempt(self._resource, lambda: self._target.write(phases))

    def read(self, path: str, *, most: int = LARGEST) -> bytes | None:
        return self._patience.attempt(
            self._resource, lambda: self._target.read(path, most=most), proves=False
        )

    def delete(self, paths: Iterable[str]) -> None:
        self._patience.attempt(self._resource, lambda: self._target.delete(paths))
