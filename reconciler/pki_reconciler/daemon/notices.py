"""Transitions as a message for people and programs: grouped, counted, the first of each named."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec

from pki_reconciler.daemon.transitions import Transition
from pki_schema import instants
from pki_schema.errors import Severity
from pki_schema.instants import Instant

MOST_NAMED: Final = 10
RANK: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Things of one kind that changed alike: ``before`` and ``after`` are words, empty for a quiet
    day. ``named`` are the first of ``count``; ``details`` a line for each that has one.
    """

    kind: str
    before: str
    after: str
    severity: Severity
    count: int
    named: tuple[str, ...]
    details: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel tells of one cycle. ``source`` is the host that tells it.

    ``identifier`` is the same when it is sent again, which a crash may cause.
    """

    identifier: str
    at: Instant
    source: str
    severity: Severity
    changes: tuple[Change, ...]

    @property
    def title(self) -> str:
        """One line, the worst first."""
        first, *rest = self.changes
        more = f" (and {len(rest)} more)" if rest else ""
        return f"{self.severity}: {_sentence(first)}{more}"

    @property
    def text(self) -> str:
        """Everything, for people."""
        lines = [f"PKI of {self.source} at {instants.render(self.at)}", ""]
        for one in self.changes:
            names = ", ".join(one.named)
            more = one.count - len(one.named)
            lines.append(f"{one.severity if one.after else 'over'}: {_sentence(one)}: {names}")
            if more:
                lines[-1] += f" and {more} more"
            lines += [f"  {detail}" for detail in one.details]
        return "".join(f"{line}\n" for line in lines)

    def document(self) -> bytes:
        """The same as JSON; chat systems read its ``text``."""
        body: dict[str, Any] = {
            "id": self.identifier,
            "at": instants.render(self.at),
            "source": self.source,
            "severity": self.severity,
            "title": self.title,
            "text": f"{self.title}\n\n{self.text}",
            "changes": self.changes,
        }
        return msgspec.json.encode(body)


def compose(
    changed: Iterable[Transition], *, only: Collection[Severity], at: Instant, source: str
) -> Notice | None:
    """One notice of what a channel that is told ``only`` these severities is to know, if any.

    Who was told that something began is told that it is over.
    """
    groups: dict[tuple[str, str, str, Severity], list[Transition]] = {}
    for one in changed:
        if one.severities & set(only):
            severity = min((s for s in one.severities), key=RANK.__getitem__)
            words = (one.before.word if one.before else "", one.after.word if one.after else "")
            groups.setdefault((str(one.either.kind), *words, severity), []).append(one)
    if not groups:
        return None
    order = sorted(groups, key=lambda k: (not k[2], RANK[k[3]], k))
    changes = tuple(_change(key, groups[key]) for key in order)
    begun = [c.severity for c in changes if c.after]
    draft = Notice(
        identifier="",
        at=at,
        source=source,
        severity=min(begun, key=RANK.__getitem__, default=Severity.NOTICE),
        changes=changes,
    )
    digest = hashlib.sha256(draft.document()).hexdigest()[:32]
    return msgspec.structs.replace(draft, identifier=digest)


def _change(key: tuple[str, str, str, Severity], alike: list[Transition]) -> Change:
    kind, before, after, severity = key
    first = [one.either for one in alike[:MOST_NAMED]]
    details = [
        f"{one.name}: {'; '.join(filter(None, (one.detail, one.remedy)))}"
        for one in first
        if after and (one.detail or one.remedy)
    ]
    return Change(
        kind=kind,
        before=before,
        after=after,
        severity=severity,
        count=len(alike),
        named=tuple(one.name for one in first),
        details=tuple(details),
    )


def _sentence(change: Change) -> str:
    """Such as "2 certificates are Expired, were Expiring"."""
    one = change.count == 1
    plural = change.kind + ("es" if change.kind.endswith(("s", "ch")) else "s")
    noun = change.kind if one else plural
    verb = "is" if one else "are"
    if not change.after:
        return f"{change.count} {noun} {verb} no longer {change.before}"
    was = f", {'was' if one else 'were'} {change.before}" if change.before else ""
    return f"{change.count} {noun} {verb} {change.after}{was}"
