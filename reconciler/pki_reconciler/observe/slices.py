"""Whose problem it is: problems by slice, and what is kept of a slice that stands still."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pki_reconciler.ledger.records import SliceFault
from pki_reconciler.observe.pushed import BESIDE_ONE, IN_A_MESSAGE, IN_THE_PAST
from pki_schema.desired import GLOBAL
from pki_schema.errors import Problem, Severity, in_reading_order
from pki_schema.load import tree
from pki_schema.load.private_keys import IN_A_FILE
from pki_schema.load.resolve import OVER_QUOTA, SHARED_KEY
from pki_schema.reported import SliceStatus

MOST_TOLD: Final = 10
LONGEST_TOLD: Final = 500
"""Characters kept of one problem."""
KEYS: Final = frozenset({IN_A_FILE, IN_THE_PAST, IN_A_MESSAGE, BESIDE_ONE})
"""A private key was pushed, or what may have come with it is still there."""
_BY_ITS_FILES: Final = frozenset({tree.TWIN, OVER_QUOTA})
"""Told at a tenant's declaration although the tenant's own files bring it about: a second spelling
of that file, and more certificates than the quota.
"""

Told = Mapping[str, tuple[Problem, ...]]
"""Problems by slice, each in reading order."""


def owner(problem: Problem) -> str:
    """The slice that a problem belongs to: that of the file it is told at."""
    path = problem.position.path
    if problem.code in _BY_ITS_FILES and path.endswith(f"/{tree.TENANT_FILE}"):
        return tree.slice_of(path.removesuffix(tree.TENANT_FILE))
    return tree.slice_of(path)


def by_slice(problems: Iterable[Problem]) -> Told:
    """Problems by the slice that they belong to."""
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[owner(problem)].append(problem)
    return {name: in_reading_order(of) for name, of in found.items()}


def together(*parts: Told) -> Told:
    """Everything told, from several sources."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: in_reading_order(p for part in parts for p in part.get(name, ())) for name in names
    }


def folder(tenant: str) -> str:
    """A tenant's folder, as problems name it."""
    return f"tenants/{tenant}"


def within(path: str, tenants: Collection[str]) -> bool:
    """Whether a file is part of one of these tenants' slices."""
    return bool(tenants) and path.startswith("tenants/") and tree.slice_of(path) in tenants


def faulty(told: Told) -> frozenset[str]:
    """The tenants with an error."""
    return frozenset(name for name, of in told.items() if name != GLOBAL and errors(of))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def fault(name: str, problems: Iterable[Problem], *, since: str) -> SliceFault:
    """What the ledger keeps of a faulty slice: the first errors, private keys before the rest."""
    wrong = errors(in_reading_order(problems))
    first = sorted(wrong, key=lambda problem: problem.code not in KEYS)[:MOST_TOLD]
    return SliceFault(
        slice=name,
        since=since,
        problems=tuple(_short(str(problem)) for problem in first),
        count=len(wrong),
    )


def again(one: SliceStatus) -> SliceFault:
    """The same fault, of which nothing has changed."""
    return SliceFault(slice=one.tenant, since=one.since, problems=one.problems, count=one.count)


def stays(told: Iterable[str]) -> bool:
    """Whether what was kept of a fault is a tenant's as long as neither its own files nor global
    ones change. Only a key that is another tenant's, too, does not depend on these alone.
    """
    return any(f"error[{SHARED_KEY}]" not in text for text in told)


def brought_a_key(told: Iterable[str]) -> bool:
    """Whether what was kept of a fault is about a private key."""
    return any(f"error[{code}]" in text for text in told for code in KEYS)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TOLD else f"{text[: LONGEST_TOLD - 1]}…"
