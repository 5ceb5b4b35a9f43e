"""The breaker: an issuer whose certificates were left unrecorded twice within a day issues no more.

Once is a crash, and is made up for. Twice is what every further batch would end in, too: something
ends the process while it signs. Status goes on. It closes by a person's word, or after a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pki_reconciler.decide import diff
from pki_reconciler.decide.status import CERTIFYING
from pki_schema.issued import IssuedAuthority, Touched
from pki_schema.planned import Action, Held

MOST: Final = 1
"""Batches of an issuer that may be left unrecorded within a day."""


def unbroken(actions: Sequence[Action], touched: Touched) -> tuple[list[Action], tuple[Held, ...]]:
    """Set apart what would be certified by an issuer whose breaker is open."""
    going: list[Action] = []
    kept: dict[str, list[Action]] = {}
    for action in actions:
        issuer = _issuer(action, touched)
        if issuer and touched.interrupted.get(issuer.spki, 0) > MOST:
            kept.setdefault(issuer.spki, []).append(action)
        else:
            going.append(action)
    return going, tuple(_held(issuer, touched, kept[issuer]) for issuer in sorted(kept))


def _issuer(action: Action, touched: Touched) -> IssuedAuthority | None:
    certifies = action.verb in CERTIFYING and action.meaning is not None
    return diff.issuer_of(action.meaning, touched) if certifies and action.meaning else None


def _held(issuer: str, touched: Touched, actions: Sequence[Action]) -> Held:
    authority = touched.authorities[issuer]
    return Held(
        code="PKI6032",
        message=(
            f"{touched.interrupted[issuer]} times within 24 h certificates of {authority.name} "
            f"generation {authority.generation} were intended and not recorded; "
            f"{len(actions)} more wait"
        ),
        remedy=(
            "find out what ends the process while it signs (its log, memory, disk), then "
            "`vcc-pki doctor --confirm crashes`; without it they go on after a day"
        ),
        origin=None,
        actions=tuple(actions),
    )
