"""Whose a private key is that came with a push, and what it keeps from being accepted.

One in a tenant's folder is that tenant's. One in a message, or in a global file of a side branch
that is gone again, need not be of somebody who may change what is global: it is theirs whose change
the merge is.
"""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.observe import slices
from pki_reconciler.observe.breadth import below, between, listed
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.looking import Look
from pki_reconciler.observe.pushed import BESIDE_ONE, Pushed
from pki_schema.desired import GLOBAL
from pki_schema.errors import Position, Problem
from pki_schema.load import tree


def pushed_keys(
    repository: Repository, pushed: Pushed, look: Look, path: str, *, parent: str
) -> slices.Told:
    """Keys that were pushed and are not in the tree, and CSRs that may have come with one.

    ``parent`` is the first parent, empty where that is the commit accepted before.
    """
    found = list(pushed.problems(look.before, look.commit, present=look.blobs.values()))
    told = slices.by_slice((*found, *_burnt(repository, look, path)))
    strays = told.get(GLOBAL, ())
    if not strays:
        return told
    older: set[Problem] = set()
    if parent and parent != look.before:
        older = set(pushed.problems(look.before, parent, present=()))
    own = tuple(problem for problem in strays if problem not in older)
    whose = _touched(repository, parent or look.before, look)
    rest = {GLOBAL: tuple(problem for problem in strays if problem in older)}
    others = {name: of for name, of in told.items() if name != GLOBAL}
    return slices.together(others, rest, dict.fromkeys(whose, own))


def _touched(repository: Repository, parent: str | None, look: Look) -> frozenset[str]:
    """The tenants whose files alone a commit changes; else the global slice."""
    before = listed(repository, parent, look.breadth.path) if parent else None
    found = {tree.slice_of(change.path) for change in between(before, look.breadth).changes}
    found |= look.overfull - look.standing.keys()
    return frozenset({GLOBAL} if GLOBAL in found or not found else found)


def _burnt(repository: Repository, look: Look, path: str) -> Iterator[Problem]:
    """CSRs that were there when a tenant pushed a private key, and are new since then: who deletes
    the key alone has not made another.
    """
    for tenant, one in look.standing.items():
        if not look.before or tenant in look.unchanged or not slices.brought_a_key(one.problems):
            continue
        folder = f"{slices.folder(tenant)}/csr"
        there = repository.tree(look.before, below(path, folder)).entries
        suspected = {entry.blob for entry in there}
        for change in look.changes:
            if change.path.startswith(f"{folder}/") and change.after in suspected:
                message = "this CSR came to the branch together with a private key"
                hint = "make another key and commit its CSR"
                yield Problem(Position(change.path), BESIDE_ONE, message, hint)
