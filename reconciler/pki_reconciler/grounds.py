"""What the ledger alone says about its own footing: for the loop, and for whoever only looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pki_publishers.targets.marks import Mark
from pki_reconciler.decide import footing
from pki_reconciler.decide.footing import Clocks, Footing, Memory, Witness
from pki_reconciler.ledger.read import Reader
from pki_schema.instants import Instant
from pki_schema.reported import Doubt


def clocks_of(
    reader: Reader, *, now: Instant, leap: timedelta | None, drift: timedelta | None = None
) -> Clocks:
    """What bears witness to the time. What fell due after the newest entry would have made another
    entry, had anybody been there.
    """
    latest = reader.latest()
    return Clocks(
        now=now,
        latest=latest,
        next_due=reader.next_due(after=latest, retries=False),
        leap=leap,
        drift=drift,
    )


def open_doubts(reader: Reader) -> tuple[Doubt, ...]:
    """What keeps this ledger from issuing, as people are told it."""
    return tuple(footing.ledger_doubt(row.evidence) for row in reader.doubts() if not row.confirmed)


def unknown_crashes(reader: Reader) -> tuple[int, ...]:
    """The entries, in order, that tell of writers that ended in the middle, unknown to a person."""
    return tuple(row.seq for row in reader.orphans() if not row.confirmed)


def seen(reader: Reader, *, now: Instant, leap: timedelta | None) -> Footing:
    """What a cycle would be allowed at ``now``, as far as the ledger tells."""
    return footing.footing(clocks_of(reader, now=now, leap=leap), open_doubts(reader))


def forgotten(reader: Reader, marks: Mapping[str, Mark]) -> tuple[str, ...]:
    """What marks, by their places, tell of entries that this ledger does not have, in words."""
    before = next((row for row in reader.doubts() if row.what == footing.LEDGER), None)
    memory = Memory(
        size=reader.size(),
        entries=before.entries if before else 0,
        fence=before.fence if before else 0,
    )
    witnesses = {p: Witness(fence=m.fence, entries=m.entries) for p, m in marks.items()}
    return footing.forgotten(memory, witnesses)


def foreseen(
    reader: Reader, marks: Mapping[str, Mark], *, now: Instant, leap: timedelta | None
) -> Footing:
    """The same with what these marks would make the next cycle doubt."""
    doubts = open_doubts(reader)
    evidence = forgotten(reader, marks) if not doubts else ()
    found = (footing.ledger_doubt("; ".join(evidence)),) if evidence else doubts
    return footing.footing(clocks_of(reader, now=now, leap=leap), found)
