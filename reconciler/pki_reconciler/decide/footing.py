"""What a cycle stands on: whether this ledger and this clock are to be trusted, and what may be
done where they are not. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

import msgspec

from pki_schema.instants import Instant, render
from pki_schema.planned import Action, Held, Plan, Verb
from pki_schema.reported import Doubt

SKEW: Final = timedelta(minutes=5)
"""A clock that is behind the newest entry by no more than this is waited for."""

DRIFT: Final = timedelta(seconds=1000)
"""How far the clock may move against one that nobody sets, between two cycles of a process: what
ntpd, too, takes for more than a correction."""

LEDGER: Final = "ledger"
CLOCK: Final = "clock"
CRASHES: Final = "crashes"
"""Not a doubt, but confirmed like one (``decide.breaker``)."""


class May(IntEnum):
    """What a cycle may do: nothing at all; status (CRLs, OCSP answers, revocations); everything."""

    NOTHING = 0
    STATUS = 1
    EVERYTHING = 2


@dataclass(frozen=True, kw_only=True)
class Footing:
    """``may``, and why no more. ``waits_until``: the clock is a little behind, until then."""

    may: May = May.EVERYTHING
    doubts: tuple[Doubt, ...] = ()
    waits_until: Instant | None = None


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """What bears witness to the time.

    ``latest`` is the newest entry's instant, ``next_due`` when work fell or falls due next after
    it, ``leap`` the declared bound (``None``: any time is believed). ``drift`` is how far the clock
    has moved ahead of (or fallen behind) a steady one since this process last trusted it.
    """

    now: Instant
    latest: Instant | None = None
    next_due: Instant | None = None
    leap: timedelta | None = None
    drift: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Witness:
    """The mark that the last writer left at a place: its number, its ledger's size at least."""

    fence: int
    entries: int


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the ledger knows: how many entries it has, and up to which ``entries`` and ``fence`` the
    marks that say more are accounted for by an earlier doubt.
    """

    size: int
    entries: int = 0
    fence: int = 0


def footing(clocks: Clocks, doubts: Sequence[Doubt] = ()) -> Footing:
    """What may be done at this instant; ``doubts`` are those that the ledger has open."""
    doubt = clock_doubt(clocks)
    if doubt:
        return Footing(may=May.NOTHING, doubts=(doubt, *doubts))
    if clocks.latest is not None and clocks.now < clocks.latest:
        return Footing(may=May.NOTHING, doubts=tuple(doubts), waits_until=clocks.latest)
    return Footing(may=May.STATUS if doubts else May.EVERYTHING, doubts=tuple(doubts))


def without_clock(found: Footing) -> Footing:
    """The same at an instant that somebody asked for, and is believed."""
    doubts = tuple(one for one in found.doubts if one.what != CLOCK)
    return Footing(may=May.STATUS if doubts else May.EVERYTHING, doubts=doubts)


def clock_doubt(clocks: Clocks) -> Doubt | None:
    """Whether the clock has leapt; ``None`` while it may be believed."""
    now, latest, drift = clocks.now, clocks.latest, clocks.drift
    if latest is not None and now < latest - SKEW:
        return _clock(f"it is {render(now)}, but the newest ledger entry is of {render(latest)}")
    if drift is not None and abs(drift) > DRIFT:
        way = "ahead" if drift > timedelta() else "back"
        seconds = int(abs(drift).total_seconds())
        return _clock(f"it is {render(now)}: the clock went {way} by {seconds} s at once")
    if latest is None or clocks.next_due is None or clocks.leap is None:
        return None
    if drift is None and now > max(latest, clocks.next_due) + clocks.leap:
        return _clock(
            f"it is {render(now)}, but the newest ledger entry is of {render(latest)} and nothing "
            f"was done that was due by {render(clocks.next_due)}"
        )
    return None


def _clock(evidence: str) -> Doubt:
    remedy = "set the clock; if it is right, say so: `vcc-pki doctor --confirm clock`"
    return Doubt(what=CLOCK, evidence=evidence, remedy=remedy)


def ledger_doubt(evidence: str) -> Doubt:
    """The doubt about a ledger that knows too little, for whoever shows it."""
    remedy = (
        "if there is a newer ledger, stop and restore it; if this one is the newest there is, "
        "say so: `vcc-pki doctor --confirm ledger`"
    )
    return Doubt(what=LEDGER, evidence=evidence, remedy=remedy)


def forgotten(memory: Memory, marks: Mapping[str, Witness]) -> tuple[str, ...]:
    """The marks, by their places, that a ledger of this size does not account for, in words."""
    return tuple(
        f"{place} has seen a ledger with {mark.entries} entries, this one has {memory.size}"
        for place, mark in sorted(marks.items())
        if mark.entries > memory.size
        and (mark.fence > memory.fence or mark.entries > memory.entries)
    )


def restricted(plan: Plan, footing: Footing) -> Plan:
    """The part of a plan that may be done; the rest is held, and says why.

    Revocations count with what is known by now, and are closed when all is known again.
    """
    if footing.may is May.EVERYTHING:
        return plan
    allowed: list[Action] = []
    kept: list[Action] = []
    for action in plan.actions:
        (allowed if footing.may is May.STATUS and _is_status(action) else kept).append(action)
    coming = {a.subject for a in kept}
    return msgspec.structs.replace(
        plan,
        actions=tuple(a for a in allowed if a.subject not in coming),
        held=(*plan.held, *held(footing, kept)),
    )


_ON_EXISTING: Final = frozenset({Verb.HOLD, Verb.REVOKE, Verb.SIGN_ANSWERS})


def _is_status(action: Action) -> bool:
    """Signing a CRL, and whatever is about certificates that exist, except their end."""
    return action.verb is Verb.SIGN_CRL or (
        action.verb in _ON_EXISTING and bool(action.certificates)
    )


_CODES: Final = {LEDGER: "PKI6030", CLOCK: "PKI6031"}


def held(footing: Footing, actions: Sequence[Action] = ()) -> tuple[Held, ...]:
    """What a footing keeps back, a reason each; the first one names the actions."""
    return tuple(
        Held(
            code=_CODES[doubt.what],
            message=f"the {doubt.what} is in doubt: {doubt.evidence}",
            remedy=doubt.remedy,
            origin=None,
            actions=() if number else tuple(actions),
        )
        for number, doubt in enumerate(footing.doubts)
    )
