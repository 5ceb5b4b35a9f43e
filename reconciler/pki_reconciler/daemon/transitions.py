"""What changed its state between two pulses, for people to be told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.troubles import FROM_CYCLE, FROM_GIT, Kind, Trouble, troubles
from pki_schema.errors import Severity
from pki_schema.instants import Instant

RIPE_AFTER: Final = timedelta(minutes=2)
"""A hiccup is nobody's business: what may pass by itself is told when it has lasted."""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What people know, by key; and since when what is not yet told is so."""

    troubles: dict[str, Trouble] = {}
    unripe: dict[str, Instant] = {}


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that stands otherwise than it was told last; ``None`` is a quiet day."""

    before: Trouble | None
    after: Trouble | None

    @property
    def either(self) -> Trouble:
        """How it stands, or stood if that is over."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - one of them is there, or nothing changed
        return found

    @property
    def severities(self) -> frozenset[Severity]:
        """Who is told of the beginning is told of the end."""
        return frozenset(one.severity for one in (self.before, self.after) if one)


def transitions(told: Told | None, pulse: Pulse) -> tuple[Told, tuple[Transition, ...]]:
    """What is to be told now, and what people know then.

    ``None`` is the first time: then only what is wrong is told, not what its author wanted. What
    this cycle could not look at stands as it was told.
    """
    before = told or Told()
    standing = {**_unseen(before.troubles, pulse), **dict(troubles(pulse))}
    unripe = {
        key: min(before.unripe.get(key, pulse.at), pulse.at)
        for key, one in standing.items()
        if one.passing and not _same(before.troubles.get(key), one)
    }
    hasty = {key for key, since in unripe.items() if pulse.at - since < RIPE_AFTER}
    known = {key: one for key, one in standing.items() if key not in hasty}
    # What stood otherwise and is now hasty stands as it was told, until that is settled.
    known |= {key: before.troubles[key] for key in hasty & before.troubles.keys()}
    changed = tuple(
        Transition(before=before.troubles.get(key), after=known.get(key))
        for key in sorted(before.troubles.keys() | known.keys())
        if not _same(before.troubles.get(key), known.get(key))
    )
    if told is None:
        changed = tuple(one for one in changed if one.either.severity is not Severity.NOTICE)
    return Told(troubles=known, unripe={key: unripe[key] for key in hasty}), changed


def _same(one: Trouble | None, other: Trouble | None) -> bool:
    return (one and one.word) == (other and other.word)


def _unseen(known: Mapping[str, Trouble], pulse: Pulse) -> dict[str, Trouble]:
    """What was told and could not be looked at in this cycle: the branch, or the ledger."""
    kinds: set[Kind] = set()
    if pulse.fetched_at != pulse.at:
        kinds.update(FROM_GIT)
    if not (pulse.report.commit or pulse.report.authorities or pulse.report.certificates):
        kinds.update(set(Kind) - set(FROM_CYCLE))
    return {key: one for key, one in known.items() if one.kind in kinds}
