"""What this cycle stands on: the clock, the ledger's size against what marks tell, and the word of
a person that either is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import Target
from pki_reconciler.decide import footing
from pki_reconciler.decide.footing import Clocks, Footing, May
from pki_reconciler.grounds import clocks_of, forgotten, open_doubts, unknown_crashes
from pki_reconciler.keys.store import KeyStore
from pki_reconciler.ledger import confirmations
from pki_reconciler.ledger.records import Confirmed, Doubted
from pki_reconciler.ledger.write import Ledger
from pki_schema.errors import Fenced, WorldFailed
from pki_schema.instants import Instant

KEYS = "the key store"


@dataclass
class Bearings:
    """What a process keeps in mind from cycle to cycle.

    ``wall`` and ``steady`` are what both clocks said when the first was last believed, ``looked``
    when each target was last asked what it knows.
    """

    wall: Instant | None = None
    steady: float | None = None
    looked: dict[str, Instant] = field(default_factory=dict)

    def drift(self, now: Instant, steady: float | None) -> timedelta | None:
        """How far the clock has gone ahead of the steady one since then."""
        if self.wall is None or self.steady is None or steady is None:
            return None
        return (now - self.wall) - timedelta(seconds=steady - self.steady)

    def take(self, now: Instant, steady: float | None) -> None:
        """The clock is believed."""
        self.wall, self.steady = now, steady


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a writer leaves its mark. ``blind`` are those that do not tell it now (the key store is
    the empty name), and why: nothing is written there before they do.
    """

    keys: KeyStore
    targets: Mapping[str, Target]
    blind: dict[str, str] = field(default_factory=dict)
    seen: list[Mark] = field(default_factory=list)

    def marks(self) -> dict[str, Mark]:
        """What earlier writers left, by place."""
        found: dict[str, Mark] = {}
        asked: list[tuple[str, str, Callable[[], Mark]]] = [("", KEYS, self.keys.mark)]
        asked += [(n, f"publication {n}", target.mark) for n, target in self.targets.items()]
        for name, words, mark in asked:
            try:
                found[words] = mark()
            except Fenced:
                raise
            except WorldFailed as failure:
                self.blind[name] = failure.message
        self.seen.extend(found.values())
        return found


def stand(
    ledger: Ledger,
    places: Places,
    bearings: Bearings,
    *,
    now: Instant,
    steady: float | None,
    leap: timedelta | None,
) -> Footing:
    """What this cycle may do; new doubts and confirmations become entries.

    While the clock is in doubt nothing at all is written, not even that.
    """
    word = confirmations.waiting(ledger.path)
    clocks = clocks_of(ledger.reader, now=now, leap=leap, drift=bearings.drift(now, steady))
    if footing.clock_doubt(clocks) and word and word.is_about(now):
        _append(ledger, now, Confirmed(what=footing.CLOCK))
        clocks = Clocks(now=now, latest=now)
    found = footing.footing(clocks, open_doubts(ledger.reader))
    if found.may is May.NOTHING:
        return found
    bearings.take(now, steady)
    _remember(ledger, places, now)
    _hear(ledger, now, word)
    return footing.footing(clocks, open_doubts(ledger.reader))


def _remember(ledger: Ledger, places: Places, now: Instant) -> None:
    """Compare the ledger with what marks tell, before anything is added to it."""
    reader = ledger.reader
    marks = places.marks()
    if open_doubts(reader):
        return
    evidence = [*forgotten(reader, marks), *(_traces(places) if not reader.size() else ())]
    if evidence:
        _append(ledger, now, doubted(evidence, marks.values()))


def doubted(evidence: Iterable[str], marks: Iterable[Mark]) -> Doubted:
    """From here on this ledger is in doubt; what these marks say is accounted for by that."""
    found = list(marks)
    return Doubted(
        what=footing.LEDGER,
        evidence="; ".join(evidence),
        entries=max((mark.entries for mark in found), default=0),
        fence=max((mark.fence for mark in found), default=0),
    )


def _traces(places: Places) -> list[str]:
    """What there is beside an empty ledger and cannot be of its making."""
    try:
        count = len(places.keys.unused(()))
    except WorldFailed:
        return []
    return [f"the ledger is empty, but the key store has {count} keys"] if count else []


def _hear(ledger: Ledger, now: Instant, word: confirmations.Word | None) -> None:
    """Write down what a person has said; a word about nothing is forgotten."""
    if word is None:
        return
    reader = ledger.reader
    if (word.what == footing.CRASHES and word.number in unknown_crashes(reader)) or any(
        row.what == word.what and row.seq == word.number and not row.confirmed
        for row in reader.doubts()
    ):
        _append(ledger, now, Confirmed(what=word.what))
    confirmations.forget(ledger.path)


def _append(ledger: Ledger, now: Instant, record: Confirmed | Doubted) -> None:
    with ledger.transaction(now) as transaction:
        transaction.append([record])
