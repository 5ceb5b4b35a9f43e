"""The files of a commit, slice by slice where they are too many: one tenant's mass is its own.

A tree is listed in one go up to ``MOST_FILES``. Above that each tenant's folder is listed for
itself, so that neither a heap of files nor a few trees that name each other a million times
(``git`` stores those in a kilobyte) keep anybody else's from being read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from pki_reconciler.observe import slices
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.trees import (
    MOST_FILES,
    TOO_MANY,
    Change,
    Difference,
    Listing,
    TreeEntry,
    too_many,
)
from pki_schema.errors import Problem
from pki_schema.load import tree

MOST_OF_A_TENANT: Final = 100_000
"""Files of one tenant's folder: 50,000 services with their CSRs."""


@dataclass(frozen=True)
class Breadth:
    """The files of a commit below ``path``. Of the tenants in ``overfull`` there is none but their
    declaration. ``is_cut`` where they were too many to be listed in one go.
    """

    commit: str
    path: str
    listing: Listing
    is_cut: bool
    overfull: frozenset[str] = frozenset()


def listed(
    repository: Repository, commit: str, path: str, *, most: int = MOST_OF_A_TENANT
) -> Breadth:
    """Every regular file below a folder of a commit, but those of tenants with more than ``most``.

    Raises ``WorldFailed``; everything else that is wrong is a problem at its place.
    """
    listing = repository.tree(commit, path)
    full: set[str] = set()
    is_cut = _is_cut(listing)
    if is_cut:
        listing, full = _apart(repository, commit, path, most)
    if len(listing.entries) > most:
        counts = Counter(tree.slice_of(entry.path) for entry in listing.entries)
        full |= {name for name, count in counts.items() if name and count > most}
    kept = tuple(e for e in listing.entries if not slices.within(e.path, full))
    crowded = tuple(too_many(most, slices.folder(name)) for name in sorted(full))
    whole = Listing(kept, (*listing.problems, *crowded))
    return Breadth(commit, path, whole, is_cut, frozenset(full))


def differing(
    repository: Repository, old: str | None, after: Breadth, *, still: Collection[str] = ()
) -> Difference:
    """What differs from another commit of the same repository; without ``old``, everything.

    Of the tenants in ``still``, whose folders may hold anything in either, only the declaration.
    """
    new, path = after.commit, after.path
    if old is None or after.is_cut:
        return between(listed(repository, old, path) if old else None, after, still=still)
    folders = [slices.folder(tenant) for tenant in still]
    difference = repository.changed(old, new, path, without=folders)
    if any(p.code == TOO_MANY for p in difference.problems):
        return between(listed(repository, old, path), after, still=still)
    declarations = (
        Change(f"{folder}/{tree.TENANT_FILE}", *blobs)
        for folder in folders
        if (blobs := _declared(repository, (old, new), below(path, folder)))
    )
    return structs.replace(difference, changes=(*difference.changes, *declarations))


def between(before: Breadth | None, after: Breadth, *, still: Collection[str] = ()) -> Difference:
    """The same from two lists, which are as long as they may be and no longer."""
    old = {e.path: e.blob for e in before.listing.entries} if before else {}
    new = {e.path: e.blob for e in after.listing.entries}
    return Difference(
        tuple(
            Change(path, old.get(path, ""), new.get(path, ""))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path) and not slices.within(path, still)
        )
    )


def _declared(
    repository: Repository, commits: tuple[str, str], folder: str
) -> tuple[str, str] | None:
    """A tenant's declaration in two commits, if it differs."""
    old, new = (
        next((e.blob for e in repository.inside(c, folder, (tree.TENANT_FILE,)).files.entries), "")
        for c in commits
    )
    return (old, new) if old != new else None


def below(path: str, inside: str) -> str:
    """A folder of the desired state, as a path of the repository."""
    if not inside:
        return path
    return inside if path == "." else f"{path}/{inside}"


def _apart(repository: Repository, commit: str, path: str, most: int) -> tuple[Listing, set[str]]:
    """Tenant by tenant, and everything else under one bound. Also whose folders were cut short."""
    entries: list[TreeEntry] = []
    problems: list[Problem] = []
    full: set[str] = set()
    left = MOST_FILES
    for here in _folders(repository, commit, path):
        tenant = tree.slice_of(here) if here else ""
        if here in ("", "tenants"):
            part = repository.inside(commit, below(path, here)).files
        else:
            bound = most + 1 if tenant else left  # one more: the tenant's declaration
            part = repository.tree(commit, below(path, here), most=bound)
        if tenant and _is_cut(part):
            full.add(tenant)
            part = repository.inside(commit, below(path, here), (tree.TENANT_FILE,)).files
        left -= 0 if tenant else len(part.entries)
        if left < 0 or _is_cut(part):
            return Listing(problems=(too_many(MOST_FILES),)), set()
        entries += (structs.replace(e, path=_joined(here, e.path)) for e in part.entries)
        problems += (_moved(here, problem) for problem in part.problems)
    return Listing(tuple(entries), tuple(problems)), full


def _folders(repository: Repository, commit: str, path: str) -> Iterator[str]:
    """The root, everything in it, and each tenant's folder; relative to ``path``."""
    yield ""
    for name in repository.inside(commit, path).folders:
        yield name
        if name == "tenants":
            found = repository.inside(commit, below(path, name))
            yield from (f"{name}/{tenant}" for tenant in found.folders)


def _joined(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _moved(folder: str, problem: Problem) -> Problem:
    position = structs.replace(problem.position, path=_joined(folder, problem.position.path))
    return structs.replace(problem, position=position)


def _is_cut(listing: Listing) -> bool:
    return any(p.code == TOO_MANY for p in listing.problems)
