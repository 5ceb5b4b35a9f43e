"""The loop: observe, decide, act, publish; and once more, until there is nothing left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby

import msgspec

from pki_publishers.targets.target import Target
from pki_reconciler.act import pages
from pki_reconciler.act import publish as publication
from pki_reconciler.act.certify import certify
from pki_reconciler.act.cycle import Cycle, Done
from pki_reconciler.act.ground import Bearings, Places, stand
from pki_reconciler.act.readback.reading import read_back
from pki_reconciler.act.recover import recover
from pki_reconciler.act.revoke import revoke, settle
from pki_reconciler.act.statuses import refresh
from pki_reconciler.decide import footing
from pki_reconciler.decide.footing import Footing, May
from pki_reconciler.decide.guard import limited
from pki_reconciler.decide.plan import plan as decide
from pki_reconciler.decide.status import CERTIFYING
from pki_reconciler.grounds import seen
from pki_reconciler.keys.store import KeyStore
from pki_reconciler.ledger.write import Ledger
from pki_reconciler.observe.advance import Observed
from pki_reconciler.ports import Clock, Entropy
from pki_schema.errors import Fenced, LedgerFailed, Position, WorldFailed
from pki_schema.instants import Instant
from pki_schema.issued import Touched
from pki_schema.planned import Held, Plan, Verb, Wave
from pki_schema.reported import Failure, Report

ROUNDS = 4
"""What one round leaves (a revocation's replacement, a new CA's first CRL) the next one does."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What this host brings: its clock, entropy, keys, ledger, targets and limits.

    ``observe`` brings the ledger up to the newest acceptable commit; ``revocations_limit`` is the
    host's own for the whole repository, set at ``limit_origin``. ``seconds`` is a monotonic
    clock for reporting how long things took; nothing is decided by it. ``weak_keys`` are the
    digests (``keygate.digest``) of keys that are never certified. ``failures`` says what fails now,
    by name, where somebody is patient with it. ``steady`` is a clock that nobody sets (``None``:
    there is none), ``leap`` how far the other one is believed (``None``: always).
    """

    clock: Clock
    entropy: Entropy
    ledger: Ledger
    keys: KeyStore
    targets: Mapping[str, Target]
    observe: Callable[[Instant], Observed]
    revocations_limit: int | None
    limit_origin: Position
    seconds: Callable[[], float]
    weak_keys: frozenset[bytes] = frozenset()
    failures: Callable[[], tuple[Failure, ...]] | None = None
    steady: Callable[[], float | None] = lambda: None
    leap: timedelta | None = None


@dataclass
class Outcome:
    """What a reconcile saw and did. ``stages`` are seconds by name, in order of first use.

    ``report`` is how everything stands, where the status page had to be made anew; ``footing`` what
    it was allowed to do.
    """

    now: Instant
    observed: Observed
    footing: Footing = field(default_factory=Footing)
    plans: list[Plan] = field(default_factory=list)
    done: Done = field(default_factory=Done)
    stages: dict[str, float] = field(default_factory=dict)
    report: Report | None = None

    @property
    def kept_back(self) -> tuple[Held, ...]:
        """What a guard, a rule or the linter kept back, as it stands at the end."""
        last = self.plans[-1].held if self.plans else ()
        return tuple(dict.fromkeys((*last, *self.done.rejected)))

    @property
    def held(self) -> bool:
        """Whether anything was kept back."""
        return bool(self.kept_back)


def reconcile(host: Host, bearings: Bearings | None = None) -> Outcome:
    """One reconcile, until a plan is empty or does no more than hold. ``bearings`` are what this
    process keeps in mind between two of them.

    What Git, a key or a target does not do is reported in ``done.failed`` and ``observed.failed``,
    and the rest goes on. Raises ``WorldFailed`` when the ledger does; what was durable by then
    stays, and the next reconcile goes on from there. Raises ``Fenced`` as soon as it is met.
    """
    now = host.clock.now()
    stages: dict[str, float] = {}
    began = host.ledger.counts
    bearings = bearings or Bearings()
    places = Places(keys=host.keys, targets=host.targets)
    with _timed(host, stages, "observe"):
        ground = stand(host.ledger, places, bearings, now=now, steady=host.steady(), leap=host.leap)
        trusted = ground.may is not May.NOTHING
        observed = _observed(host, now) if trusted else Observed(head="")
    outcome = Outcome(
        now=now, observed=observed, footing=ground, done=Done(began=began), stages=stages
    )
    if trusted:
        _proceed(host, outcome, bearings, places)
    else:
        commit = host.ledger.reader.accepted() or ""
        outcome.plans.append(Plan(commit=commit, held=footing.held(ground)))
    outcome.done.written = host.ledger.counts - outcome.done.began
    return outcome


def _proceed(host: Host, outcome: Outcome, bearings: Bearings, places: Places) -> None:
    now, stages = outcome.now, outcome.stages
    with _timed(host, stages, "recover"):
        cycle = _cycle(host, outcome, places, Plan(commit=host.ledger.reader.accepted() or ""))
        read_back(cycle, places, bearings, anew=outcome.observed.accepted != ())
        outcome.footing = seen(host.ledger.reader, now=now, leap=None)
        with cycle.going_on():
            recover(replace(cycle, may=outcome.footing.may))
    for _ in range(ROUNDS):
        with _timed(host, stages, "plan"):
            touched = limited(_open(host, now), host.revocations_limit, host.limit_origin)
            plan = footing.restricted(decide(touched, now), outcome.footing)
        outcome.plans.append(plan)
        if not plan.actions:
            break
        before, failures = host.ledger.counts, len(outcome.done.failed)
        _execute(host, outcome, places, plan)
        if host.ledger.counts == before or len(outcome.done.failed) > failures:
            break  # refused or failed; asking again right away would give the same answer
    with _timed(host, stages, "publish"):
        publication.publish(_cycle(host, outcome, places, outcome.plans[-1]), host.targets)
    with _timed(host, stages, "page"):
        cycle = _cycle(host, outcome, places, outcome.plans[-1])
        outcome.report = pages.refresh(cycle, host.targets, _seen(host, outcome))
    if publication.BEHIND & {held.code for held in outcome.done.rejected}:
        bearings.looked.clear()  # readers have what this ledger lacks: the next cycle looks for it


def _open(host: Host, now: Instant) -> Touched:
    """What is to be looked at, without subjects whose last intent recovery could not close yet."""
    touched = host.ledger.reader.touched(now)
    intended = {i.record.meaning.subject for i in host.ledger.reader.open_intents()}
    subjects = tuple(s for s in touched.subjects if s.identity not in intended)
    return msgspec.structs.replace(touched, subjects=subjects) if intended else touched


def _observed(host: Host, now: Instant) -> Observed:
    """What Git says; without Git, nothing new: due renewals and status refreshes go on."""
    try:
        return host.observe(now)
    except (Fenced, LedgerFailed):
        raise
    except WorldFailed as failure:
        return Observed(head="", failed=failure.message)


def _seen(host: Host, outcome: Outcome) -> pages.Seen:
    """What the status page has to tell of this cycle beside what is in the ledger."""
    observed = outcome.observed
    failures = host.failures() if host.failures else tuple(_unnamed(outcome))
    if observed.rewound:
        rewritten = f"{observed.rewound.head} does not descend from what was accepted last"
        failures = (*failures, Failure(resource="history", message=rewritten))
    return pages.Seen(
        held=outcome.kept_back,
        failures=failures,
        doubts=outcome.footing.doubts,
        private=host.limit_origin.path,
    )


def _unnamed(outcome: Outcome) -> Iterator[Failure]:
    """What failed, where nobody is patient with it and knows its name."""
    if outcome.observed.failed:
        yield Failure(resource="repository", message=outcome.observed.failed)
    if outcome.done.failed:
        yield Failure(resource="reconcile", message="; ".join(outcome.done.failed))


def _execute(host: Host, outcome: Outcome, places: Places, plan: Plan) -> None:
    cycle = _cycle(host, outcome, places, plan)
    by_wave = {wave: list(actions) for wave, actions in groupby(plan.actions, lambda a: a.wave)}
    with _timed(host, outcome.stages, "revoke"):
        revoke(cycle, by_wave.get(Wave.REVOCATION, []))
        settle(cycle, [a for a in plan.actions if a.verb in (Verb.ADOPT, Verb.RETIRE, Verb.EXPIRE)])
    names = {Wave.AUTHORITY: "CAs", Wave.RESPONDER: "responders", Wave.LEAF: "sign"}
    certifying = [a for a in plan.actions if a.verb in CERTIFYING]
    sample = cycle.sample(len(certifying))
    for wave, name in names.items():
        chosen = [a for a in by_wave.get(wave, []) if a.verb in CERTIFYING]
        with _timed(host, outcome.stages, name):
            for _, level in groupby(chosen, lambda a: a.depth):
                with cycle.going_on():
                    certify(cycle, list(level), sample)
    with _timed(host, outcome.stages, "status"):
        refresh(cycle)


def _cycle(host: Host, outcome: Outcome, places: Places, plan: Plan) -> Cycle:
    return Cycle(
        now=outcome.now,
        commit=plan.commit,
        plan=plan.digest(),
        ledger=host.ledger,
        keys=host.keys,
        entropy=host.entropy,
        targets=tuple(sorted(host.targets)),
        done=outcome.done,
        weak_keys=host.weak_keys,
        may=outcome.footing.may,
        blind=places.blind,
    )


@contextmanager
def _timed(host: Host, stages: dict[str, float], name: str) -> Iterator[None]:
    start = host.seconds()
    try:
        yield
    finally:
        stages[name] = stages.get(name, 0.0) + host.seconds() - start
