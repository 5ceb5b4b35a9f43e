"""From the last accepted commit to the newest acceptable one, judging every commit in between.

Each first-parent commit is judged by its own tree, once, in order, so how often somebody polls
decides nothing. A commit with an error is not accepted: what was accepted last stands, and the
next commit is compared with that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Accepted
from pki_reconciler.observe.git import Repository, Rewound
from pki_reconciler.observe.judge import Judge, Verdict
from pki_reconciler.observe.manifests import ManifestCache
from pki_schema.errors import Problem, has_errors


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A commit that was not accepted, and every problem in it."""

    commit: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What looking at Git brought.

    ``accepted`` are the commits accepted now, ``remarks`` the warnings and notices of the last of
    them, ``parsed`` the manifests that were decoded rather than taken from the cache. ``failed``
    says why Git could not be asked, if it could not.
    """

    head: str
    accepted: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    rewound: Rewound | None = None
    remarks: tuple[Problem, ...] = ()
    parsed: int = 0
    failed: str = ""


def advance(
    repository: Repository,
    cache: ManifestCache,
    *,
    path: str,
    head: str,
    reader: Reader,
    record: Callable[[Accepted], None],
) -> Observed:
    """Walk from the last accepted commit to ``head``; ``record`` is called for each acceptance.

    ``reader`` must see what ``record`` stored: the next commit is judged against it. A head that
    does not descend from the last accepted commit changes nothing and is reported as ``rewound``.
    """
    since = reader.accepted()
    revisions = repository.revisions(since, head)
    if isinstance(revisions, Rewound):
        return Observed(head=head, rewound=revisions)
    judge = Judge(repository, cache, path=path, reader=reader)
    accepted: list[str] = []
    refused: list[Refusal] = []
    remarks: tuple[Problem, ...] = ()
    parsed = 0
    for revision in revisions:
        verdict: Verdict = judge.judge(revision.commit)
        parsed += verdict.parsed
        if has_errors(verdict.problems):
            refused.append(Refusal(commit=revision.commit, problems=verdict.problems))
            continue
        record(verdict.accepted)
        accepted.append(revision.commit)
        remarks = verdict.problems
        refused.clear()  # a later good tree has healed what an earlier one broke
    return Observed(
        head=head,
        accepted=tuple(accepted),
        refused=tuple(refused),
        remarks=remarks,
        parsed=parsed,
    )
