"""From the last accepted commit to the newest acceptable one, judging every commit in between.

Each first-parent commit is judged by its own tree, once, in order, so how often somebody polls
decides nothing. A commit with an error in its global slice is refused: what was accepted last
stands, and the next commit is compared with that. A tenant with an error stands still for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Accepted, Refused
from pki_reconciler.observe import slices
from pki_reconciler.observe.git import Repository, Rewound
from pki_reconciler.observe.judge import Judge, Verdict
from pki_reconciler.observe.manifests import ManifestCache
from pki_schema.errors import Problem, Severity
from pki_schema.reported import SliceStatus


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A commit of which nothing was accepted, and every problem in it."""

    commit: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What looking at Git brought.

    ``accepted`` are the commits accepted now, ``remarks`` the warnings and notices of the last of
    them, ``faults`` the tenants that stand still at the end, ``fresh`` those of them that did not
    when it began. ``parsed`` counts manifests that were decoded rather than taken from the cache.
    ``failed`` says why Git could not be asked, if it could not.
    """

    head: str
    accepted: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    rewound: Rewound | None = None
    remarks: tuple[Problem, ...] = ()
    faults: tuple[SliceStatus, ...] = ()
    fresh: frozenset[str] = frozenset()
    parsed: int = 0
    failed: str = ""


def advance(
    repository: Repository,
    cache: ManifestCache,
    *,
    path: str,
    head: str,
    reader: Reader,
    record: Callable[[Accepted | Refused], None],
) -> Observed:
    """Walk from the last accepted commit to ``head``; ``record`` is called for each acceptance, and
    for each refusal that is not yet written down.

    ``reader`` must see what ``record`` stored: the next commit is judged against it. A head that
    does not descend from the last accepted commit changes nothing and is reported as ``rewound``.
    """
    since = reader.accepted()
    before = _tenants(reader)
    revisions = repository.revisions(since, head)
    if isinstance(revisions, Rewound):
        return Observed(head=head, rewound=revisions, faults=before)
    if since == head and any(not fault.tenant for fault in reader.faults()):
        # What was refused has been taken out of the branch: nothing is amiss any more.
        record(_again(since, reader.faults()))
    judge = Judge(repository, cache, path=path, reader=reader)
    accepted: list[str] = []
    refused: list[Refusal] = []
    remarks: tuple[Problem, ...] = ()
    parsed = 0
    for revision in revisions:
        verdict: Verdict = judge.judge(revision.commit, parent=revision.parent)
        parsed += verdict.parsed
        if isinstance(verdict.record, Refused):
            refused.append(Refusal(commit=revision.commit, problems=verdict.problems))
            if not reader.refused([revision.commit]):
                record(verdict.record)
            continue
        record(verdict.record)
        accepted.append(revision.commit)
        remarks = tuple(p for p in verdict.problems if p.severity is not Severity.ERROR)
        refused.clear()  # a later good tree has healed what an earlier one broke
    faults = _tenants(reader)
    return Observed(
        head=head,
        accepted=tuple(accepted),
        refused=tuple(refused),
        remarks=remarks,
        faults=faults,
        fresh=frozenset(f.tenant for f in faults) - {f.tenant for f in before},
        parsed=parsed,
    )


def _tenants(reader: Reader) -> tuple[SliceStatus, ...]:
    return tuple(fault for fault in reader.faults() if fault.tenant)


def _again(commit: str, faults: Iterable[SliceStatus]) -> Accepted:
    """The same commit, once more: its tenants stand as they stood."""
    faulty = tuple(slices.again(fault) for fault in faults if fault.tenant)
    return Accepted(commit=commit, parent=commit, faulty=faulty)
