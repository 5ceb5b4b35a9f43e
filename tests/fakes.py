"""Fakes: our small interfaces in memory. They can fail before or after storing, and never sleep."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pki_publishers.release import PublicObject
from pki_publishers.targets import marks
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import LARGEST, parts
from pki_schema.errors import Fenced, WorldFailed
from pki_schema.instants import Instant
from pki_schema.x509.algorithms import ALGORITHMS, PrivateKey, spki_der

EPOCH = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
"""When the tests' world begins: a Monday noon."""


@dataclass
class FixedClock:
    """Stands still until it is told to move."""

    instant: Instant = EPOCH

    def now(self) -> Instant:
        return self.instant

    def advance(self, **parts: float) -> Instant:
        """Move on by ``days=…``, ``hours=…``, ``seconds=…``; negative moves back."""
        self.instant += timedelta(**parts)
        return self.instant


@dataclass
class SeededEntropy:
    """The same bytes in every run: SHA-256 in counter mode over a seed."""

    seed: str = "seed"
    drawn: int = 0

    def token(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += hashlib.sha256(f"{self.seed}/{self.drawn}".encode()).digest()
            self.drawn += 1
        return found[:size]


def succeeding(left: Mark, mark: Mark) -> Mark:
    """What a writer leaves where another was before; ``Fenced`` if that one came later."""
    if left.fence > mark.fence:
        raise Fenced("another writer has taken over")
    return marks.succeeding(left, mark)


@dataclass
class InMemoryKeyStore:
    """Keys in a dictionary. ``before`` and ``after`` run around storing a new key and may raise."""

    keys: dict[str, PrivateKey] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    left: Mark = field(default_factory=Mark)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    @contextmanager
    def held(self, mark: Mark) -> Iterator[None]:
        self.left = succeeding(self.left, mark)
        yield

    def mark(self) -> Mark:
        return self.left

    def create(self, algorithm: str, *, offline: bool) -> bytes:
        self.before()
        key = ALGORITHMS[algorithm].generate()
        der = spki_der(key.public_key())
        spki = hashlib.sha256(der).hexdigest()
        self.keys[spki] = key
        if offline:
            self.offline.add(spki)
        self.after()
        return der

    def open(self, spki: str) -> PrivateKey:
        self.opened.append(spki)
        if spki not in self.keys:
            raise WorldFailed(f"no key {spki}")
        return self.keys[spki]

    def has(self, spki: str) -> bool:
        return spki in self.keys

    def unused(self, known: Collection[str]) -> list[str]:
        return sorted(self.keys.keys() - set(known))


@dataclass
class InMemoryTarget:
    """A publication in a dictionary. Every write is remembered, path by path, in order.

    ``before`` and ``after`` are called with each phase, around storing it, and may raise.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    left: Mark = field(default_factory=Mark)
    before: Callable[[Sequence[PublicObject]], None] = lambda _: None
    after: Callable[[Sequence[PublicObject]], None] = lambda _: None

    @contextmanager
    def held(self, mark: Mark) -> Iterator[None]:
        self.left = succeeding(self.left, mark)
        yield

    def mark(self) -> Mark:
        return self.left

    def write(self, phases: Sequence[Sequence[PublicObject]]) -> None:
        for phase in phases:
            self.before(phase)
            for item in phase:
                parts(item.path)
                self.put(item)
            self.after(phase)

    def put(self, item: PublicObject) -> None:
        """One object is in its place."""
        self.files[item.path] = item.body
        self.writes.append(item.path)

    def read(self, path: str, *, most: int = LARGEST) -> bytes | None:
        found = self.files.get(path)
        return found[:most] if found is not None else None

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.files.pop(path, None)
