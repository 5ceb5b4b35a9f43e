"""What others may see of the daemon: one immutable value, replaced after every cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pki_reconciler.loop import Outcome
from pki_schema.instants import Instant
from pki_schema.reported import Failure, Report

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper bounds in seconds by which the length of cycles is counted."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What the daemon counted since it began.

    ``cycles`` by result, ``actions`` by verb and cause, ``lengths`` of cycles by the smallest
    bucket that holds them (longer ones are in none), ``seconds`` in all.
    """

    cycles: Counter[str] = field(default_factory=Counter)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    lengths: Counter[float] = field(default_factory=Counter)
    seconds: float = 0.0
    signed: int = 0
    refused_signatures: int = 0

    def cumulative(self, bound: float) -> int:
        """How many cycles took at most this many seconds; one of ``BUCKETS``."""
        return sum(count for length, count in self.lengths.items() if length <= bound)

    def after(
        self, outcome: Outcome | None, *, result: str, seconds: float, failures: Iterable[Failure]
    ) -> Tally:
        """The tally with one more cycle; ``None`` is one that the ledger did not let through."""
        actions = Counter(
            (str(a.verb), str(a.cause))
            for p in (outcome.plans if outcome else ())
            for a in p.actions
        )
        done = outcome.done if outcome else None
        signed = done.signed + done.crls + done.answers if done else 0
        return Tally(
            cycles=self.cycles + Counter([result]),
            actions=self.actions + actions,
            lengths=self.lengths + Counter([b for b in BUCKETS if seconds <= b][:1]),
            seconds=self.seconds + seconds,
            signed=self.signed + signed,
            refused_signatures=self.refused_signatures
            + sum(one.resource.startswith("signer") for one in failures),
        )


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """How everything stands, and what the last cycle was like.

    ``result`` is ``success``, ``held`` or ``failed``; ``seconds`` how long it took. ``fetched_at``
    is when Git was asked last with success, ``refused`` are commits that were not accepted.
    ``next_due`` is when work falls due. ``failures`` are those of now, also where the ledger could
    not take them. ``held_since`` is by the code of the rule, ``unwritten_since`` by publication;
    both as far as this process knows.
    """

    at: Instant
    result: str
    seconds: float
    report: Report
    tally: Tally
    failures: tuple[Failure, ...] = ()
    refused: tuple[str, ...] = ()
    rewound: str = ""
    fetched_at: Instant | None = None
    succeeded_at: Instant | None = None
    next_due: Instant | None = None
    held_since: Mapping[str, Instant] = field(default_factory=dict)
    unwritten_since: Mapping[str, Instant] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether what is due gets done: not while the ledger fails, a cycle as such, or the ledger
        or the clock is in doubt.
        """
        failing = any(one.resource in ("ledger", "reconcile") for one in self.failures)
        return not (failing or self.report.doubts)
