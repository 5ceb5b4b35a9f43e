"""Guards: a plan that would do more harm than declared does none of it, and says what to commit.

They look at the final list of Git-caused actions. Renewals and status refreshes are not theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from pki_schema.errors import Position
from pki_schema.issued import Allowance, Touched
from pki_schema.planned import Action, Held, Verb

REPOSITORY = ""
"""The scope of the repository-wide limit, which the host sets in ``vcc-pki.toml``."""


def guard(actions: Sequence[Action], touched: Touched) -> tuple[Held, ...]:
    """Every reason to hold back all of these Git-caused actions; empty when they may go on."""
    return (*_empty_tree(actions, touched), *_too_many_revocations(actions, touched))


def limited(touched: Touched, limit: int | None, origin: Position) -> Touched:
    """``touched`` with the host's limit for the whole repository; ``None`` is none."""
    allowances = dict(touched.allowances)
    known = allowances.pop(REPOSITORY, None)
    if limit is not None:
        allowances[REPOSITORY] = Allowance(
            scope=REPOSITORY,
            revocations=limit,
            spent=known.spent if known else 0,
            before=limit,
            origin=origin,
        )
    return msgspec.structs.replace(touched, allowances=allowances)


def _empty_tree(actions: Sequence[Action], touched: Touched) -> tuple[Held, ...]:
    if not touched.commit or touched.declared_objects:
        return ()
    return (
        Held(
            code="PKI6002",
            message=f"commit {touched.commit[:12]} declares nothing at all",
            remedy="restore the tree; if this PKI is to end, retire its CAs first",
            origin=None,
            actions=tuple(actions),
        ),
    )


def _too_many_revocations(actions: Sequence[Action], touched: Touched) -> tuple[Held, ...]:
    planned: Counter[str] = Counter()
    commits: dict[str, set[str]] = {}
    for action in actions:
        if action.verb not in (Verb.HOLD, Verb.REVOKE):
            continue
        for certificate in action.changed:  # a hold was counted when it began
            for scope in {certificate.subject.tenant, REPOSITORY}:
                planned[scope] += 1
                commits.setdefault(scope, set()).add(action.commit)
    return tuple(
        _held(allowance, planned[scope], limit, actions)
        for scope, allowance in sorted(touched.allowances.items())
        if planned[scope]
        and planned[scope] + allowance.spent > (limit := _limit(allowance, commits[scope]))
    )


def _limit(allowance: Allowance, commits: set[str]) -> int:
    """Tightening counts at once; loosening not for the commit that loosens."""
    if allowance.raised_by and allowance.raised_by in commits:
        return min(allowance.before, allowance.revocations)
    return allowance.revocations


def _held(allowance: Allowance, planned: int, limit: int, actions: Sequence[Action]) -> Held:
    total = planned + allowance.spent
    place = allowance.origin
    if allowance.scope == REPOSITORY:
        scope, remedy = "the repository", f"[limits] revocations = {total} in {place.path}"
    else:
        scope = f"tenant {allowance.scope}"
        remedy = f"set spec.limits.revocations: {total} at {place}, in a commit of its own"
    return Held(
        code="PKI6001",
        message=(
            f"{planned} revocations in {scope} ({allowance.spent} more in the last 24 h), "
            f"limit {limit}"
        ),
        remedy=remedy,
        origin=place,
        actions=tuple(actions),
    )
