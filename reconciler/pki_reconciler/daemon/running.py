"""The daemon's loop: reconcile, tell, wait; until it is stopped or somebody else writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from pki_reconciler.act.ground import Bearings
from pki_reconciler.daemon import patience as resources
from pki_reconciler.daemon.cadence import next_wake, poll_after
from pki_reconciler.daemon.patience import Patience
from pki_reconciler.daemon.pulse import Pulse, Tally
from pki_reconciler.daemon.wake import Reason, Wake
from pki_reconciler.decide.footing import May
from pki_reconciler.loop import Host, Outcome, reconcile
from pki_reconciler.observe.advance import Observed
from pki_reconciler.standing import standing
from pki_schema.errors import Fenced, WorldFailed
from pki_schema.instants import Instant
from pki_schema.planned import Held
from pki_schema.reported import Failure, Report

SETTLED = timedelta(hours=1)
"""How old a report may get while nothing changes; what is due in between makes a new one anyway."""


@dataclass(frozen=True, kw_only=True)
class Ears:
    """Who is told: of every cycle before it begins and after it ended."""

    began: Callable[[frozenset[Reason]], object]
    ended: Callable[[Pulse, Outcome | None], object]


def run(host: Host, wake: Wake, *, poll: timedelta, ears: Ears) -> None:
    """Reconcile whenever something wakes the loop, until ``wake`` is stopped.

    A cycle that has begun is finished. Raises ``Fenced`` when another writer has taken over;
    every other failure is told in the ``Pulse`` and tried again.
    """
    loop = Daemon(host, ears)
    reasons = frozenset({Reason.START})
    while not wake.stopped:
        pulse = loop.cycle(reasons)
        now = host.clock.now()
        poll_at = now + poll_after(poll, host.entropy.token(4))
        due = [pulse.next_due, *(f.retry_at for f in pulse.failures)]
        coming = min((at for at in due if at and at > now), default=None)
        until = next_wake(now, poll_at=poll_at, next_due=coming)
        reasons = wake.wait((until - now).total_seconds())


class Daemon:
    """The state between two cycles: patience, bearings, the last pulse, nothing else."""

    def __init__(self, host: Host, ears: Ears) -> None:
        self.patience = Patience(host.clock, _remembered(host))
        self._ears = ears
        self._pulse: Pulse | None = None
        self._bearings = Bearings()
        self._host = replace(
            host,
            keys=self.patience.keys(host.keys),
            targets=self.patience.targets(host.targets),
            observe=self._observe(host.observe),
            failures=lambda: self.patience.failures,
        )

    def cycle(self, reasons: frozenset[Reason]) -> Pulse:
        """One reconcile; whatever fails is in the pulse. Raises ``Fenced``."""
        host, before = self._host, self._pulse
        self._ears.began(reasons)
        now = host.clock.now()
        self.patience.begin(now)
        start = host.seconds()
        outcome: Outcome | None = None
        trusted = False
        report = before.report if before else Report(now=now)
        next_due = before.next_due if before else None
        try:
            outcome = reconcile(host, self._bearings)
            self.patience.succeeded(resources.LEDGER)
            self._unnamed(outcome)
            trusted = outcome.footing.may is not May.NOTHING
            if trusted:  # else nothing is written that a wrong clock might date
                host.ledger.postpone(self.patience.failures)
            report = self._report(outcome, before)
            next_due = host.ledger.reader.next_due(after=now)
        except Fenced:
            raise
        except WorldFailed as failure:
            self.patience.failed(resources.LEDGER, failure)
        except OSError as error:  # a full or failing disk below the cache or the clone
            self.patience.failed(resources.RECONCILE, world_failed(error))
        result = self._result(outcome)
        fetched = outcome is not None and trusted and not outcome.observed.failed
        seconds = host.seconds() - start
        failures = self.patience.failures
        tally = (before.tally if before else Tally()).after(
            outcome, result=result, seconds=seconds, failures=failures
        )
        codes = [one.code for one in report.held]
        waiting = [one.name for one in report.publications if one.unwritten]
        self._pulse = Pulse(
            at=now,
            result=result,
            seconds=seconds,
            report=report,
            tally=tally,
            failures=failures,
            refused=tuple(r.commit for r in outcome.observed.refused) if outcome else (),
            rewound=_rewound(outcome),
            fetched_at=now if fetched else before.fetched_at if before else None,
            succeeded_at=now if result != "failed" else before.succeeded_at if before else None,
            next_due=next_due,
            held_since=_since(before.held_since if before else {}, codes, now),
            unwritten_since=_since(before.unwritten_since if before else {}, waiting, now),
        )
        self._ears.ended(self._pulse, outcome)
        return self._pulse

    def _unnamed(self, outcome: Outcome) -> None:
        """What the cycle went on without, and no resource in front of a port has failed with."""
        named = {one.message for one in self.patience.failures}
        rest = [m for m in outcome.done.failed if not any(m.endswith(one) for one in named)]
        if rest:
            self.patience.failed(resources.RECONCILE, WorldFailed("; ".join(rest)))
        else:
            self.patience.succeeded(resources.RECONCILE)

    def _result(self, outcome: Outcome | None) -> str:
        if outcome is None or self.patience.failures:
            return "failed"
        return "held" if outcome.held or outcome.observed.faults else "success"

    def _report(self, outcome: Outcome, before: Pulse | None) -> Report:
        """A new report if anything may stand otherwise; else the last one, as of now."""
        reader, now = self._host.ledger.reader, outcome.now
        held: tuple[Held, ...] = outcome.kept_back
        if (
            before
            and not outcome.done.written
            and not outcome.done.published
            and not any(p.subjects for p in outcome.plans)
            and not held
            and not before.report.held
            and before.report.doubts == outcome.footing.doubts
            and before.failures == self.patience.failures
            and now - before.report.now < SETTLED
        ):
            return before.report
        made = outcome.report
        if (
            made
            and made.failures == self.patience.failures
            and not any(one.unwritten for one in made.publications)
        ):
            return made
        return standing(
            reader,
            targets=self._host.targets,
            held=held,
            now=now,
            doubts=outcome.footing.doubts,
        )

    def _observe(self, observe: Callable[[Instant], Observed]) -> Callable[[Instant], Observed]:
        def looked(now: Instant) -> Observed:
            try:
                return observe(now)
            except OSError as error:
                raise world_failed(error) from None

        return lambda now: self.patience.attempt(resources.REPOSITORY, lambda: looked(now))


def world_failed(error: OSError) -> WorldFailed:
    """The same as the third family, without more of a path than its name."""
    where = f"{error.filename}: " if error.filename else ""
    return WorldFailed(f"{where}{error.strerror or error}", "check the disk of the state")


def _since(
    before: Mapping[str, Instant], names: Iterable[str], now: Instant
) -> Mapping[str, Instant]:
    """Since when each of these is so."""
    return {name: before.get(name, now) for name in names}


def _remembered(host: Host) -> tuple[Failure, ...]:
    try:
        return host.ledger.reader.failures()
    except WorldFailed:
        return ()


def _rewound(outcome: Outcome | None) -> str:
    return outcome.observed.rewound.head if outcome and outcome.observed.rewound else ""
