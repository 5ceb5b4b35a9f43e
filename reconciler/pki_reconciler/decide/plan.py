"""The one planner: what is touched and the time in, a plan out.

CI, the daemon and the tests call this function. It is pure: the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pki_reconciler.decide import diff
from pki_reconciler.decide.breaker import unbroken
from pki_reconciler.decide.guard import guard
from pki_reconciler.decide.revocation import revocation_of
from pki_reconciler.decide.status import CERTIFYING, expiries, status_actions
from pki_schema.desired import Identity
from pki_schema.instants import Instant, render
from pki_schema.issued import Touched
from pki_schema.planned import Action, Cause, Held, Plan, Verb, Waiting


def plan(touched: Touched, now: Instant) -> Plan:
    """Decide about every touched subject.

    A guard that objects holds back every Git-caused action; what the clock asks for under the
    applied meanings goes on, and so does every refresh of status.
    """
    wishes = [diff.wish_of(subject, touched, now) for subject in touched.subjects]
    revocations = [revocation_of(one, touched.subjects) for one in touched.revocations]
    asked = [wish.git for wish in wishes if wish.git]
    wanted, taken = _one_key_one_subject(_unless_revoked(asked, revocations))
    git = [*(r for r in revocations if isinstance(r, Action)), *wanted]
    refused = guard(git, touched)
    accepted, short = _issuer_outlives([] if refused else git, touched, now)
    certified = {a.subject for a in accepted if a.verb in CERTIFYING or a.verb is Verb.RETIRE}
    ended = {s for a in accepted if a.verb in ENDING for s in _ended(a)}
    clock = [w.clock for w in wishes if w.clock and w.clock.subject not in certified | ended]
    due, late = _issuer_outlives(clock, touched, now)
    lasting, broken = unbroken([*accepted, *due], touched)
    actions = [*lasting, *expiries(touched), *status_actions(lasting, touched)]
    return Plan(
        commit=touched.commit,
        actions=tuple(sorted(actions, key=lambda a: a.order)),
        held=(*refused, *(w.held for w in wishes if w.held), *short, *late, *broken),
        waiting=tuple(
            sorted(
                (
                    *(wish.waiting for wish in wishes if wish.waiting),
                    *(r for r in revocations if isinstance(r, Waiting)),
                    *taken,
                )
            )
        ),
        subjects=len(touched.subjects),
    )


ENDING = frozenset({Verb.HOLD, Verb.REVOKE})


def _ended(action: Action) -> Iterator[Identity]:
    """Whom a revocation of this plan keeps from being renewed by it."""
    yield from action.suspends
    for certificate in action.certificates:
        yield certificate.subject


def _unless_revoked(
    actions: Sequence[Action], revocations: Sequence[Action | Waiting]
) -> list[Action]:
    """Without first certificates of those that a revocation of the same plan is about."""
    ending = [r for r in revocations if isinstance(r, Action)]
    suspended = {subject for r in ending for subject in r.suspends}
    blocked = {key for r in ending for key in r.blocks}
    return [a for a in actions if a.subject not in suspended and _key(a) not in blocked]


def _key(action: Action) -> str:
    """The key that an action certifies, where Git names it (SHA-256 of its SPKI, hex)."""
    spki = action.meaning.profile.spki if action.meaning and action.verb in CERTIFYING else None
    return diff.digest_of(spki) if spki else ""


def _one_key_one_subject(actions: Sequence[Action]) -> tuple[list[Action], list[Waiting]]:
    """Of several subjects that come with one key only the first is certified (by identity).

    The ledger knows the owners of keys certified before; here they all come in one plan.
    """
    owners: dict[bytes, Identity] = {}
    taken: list[Waiting] = []
    chosen: list[Action] = []
    for action in sorted(actions, key=lambda a: a.subject):
        key = action.meaning.profile.spki if action.meaning and action.verb in CERTIFYING else None
        if key is not None and owners.setdefault(key, action.subject) != action.subject:
            reason = f"its key belongs to {owners[key]}; commit a CSR with a key of its own"
            taken.append(Waiting(subject=action.subject, reason=reason))
        else:
            chosen.append(action)
    return chosen, taken


def _issuer_outlives(
    actions: Sequence[Action], touched: Touched, now: Instant
) -> tuple[list[Action], tuple[Held, ...]]:
    """Set apart what its issuer would not outlive: validity is never clamped to the issuer's."""
    lasting: list[Action] = []
    short: dict[str, list[Action]] = {}
    for action in actions:
        meaning = action.meaning
        issuer = diff.issuer_of(meaning, touched) if meaning and action.verb in CERTIFYING else None
        if (
            meaning
            and issuer
            and issuer.certificate.subject != action.subject
            and now + timedelta(seconds=meaning.profile.duration) > issuer.certificate.not_after
        ):
            short.setdefault(issuer.spki, []).append(action)
        else:
            lasting.append(action)
    return lasting, tuple(_too_short(s, touched, a) for s, a in sorted(short.items()))


def _too_short(issuer: str, touched: Touched, actions: Sequence[Action]) -> Held:
    authority = touched.authorities[issuer]
    return Held(
        code="PKI6005",
        message=(
            f"{len(actions)} certificates would outlive their issuer {authority.name} "
            f"generation {authority.generation}, which ends "
            f"{render(authority.certificate.not_after)}"
        ),
        remedy=f"raise spec.generation of CA {authority.name}, with a new subject",
        origin=authority.meaning.origin,
        actions=tuple(actions),
    )


def caused_by_git(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The part of a plan that a reviewer decides about."""
    return tuple(action for action in actions if action.cause is Cause.GIT)
