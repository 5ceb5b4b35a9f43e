"""What of a commit has to be looked at: its files, and how they differ from what was accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pki_reconciler.ledger.read import Reader
from pki_reconciler.observe import slices
from pki_reconciler.observe.breadth import Breadth, below, differing, listed
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.trees import Change
from pki_schema.desired import GLOBAL
from pki_schema.errors import Problem
from pki_schema.load import tree
from pki_schema.reported import SliceStatus


@dataclass(frozen=True, kw_only=True)
class Look:
    """One commit as it is looked at: its files, what changed, and who stood still before it.

    ``changes`` of a tenant that stood still are those since its files were accepted last. The
    verdict on tenants in ``unchanged`` is the one there was. ``problems`` are of files as such.
    """

    commit: str
    before: str | None
    breadth: Breadth
    blobs: Mapping[str, str]
    changes: tuple[Change, ...]
    standing: Mapping[str, SliceStatus]
    unchanged: frozenset[str]
    problems: tuple[Problem, ...]

    @property
    def overfull(self) -> frozenset[str]:
        """Tenants with more files than are read."""
        return self.breadth.overfull


def looked(repository: Repository, commit: str, path: str, *, reader: Reader) -> Look:
    """Raises ``WorldFailed``."""
    before = reader.accepted()
    standing = {one.tenant: one for one in reader.faults() if one.tenant != GLOBAL}
    breadth = listed(repository, commit, path)
    # Of who stood still the list is of another length: what changed since it was accepted.
    difference = differing(repository, before, breadth, still=standing.keys() | breadth.overfull)
    changes = list(difference.changes)
    alike: frozenset[str] = frozenset()
    if standing and before and not any(tree.slice_of(c.path) == GLOBAL for c in changes):
        alike = frozenset(
            name
            for name, one in standing.items()
            if slices.stays(one.problems) and _same_folder(repository, before, commit, path, name)
        )
    for name in standing.keys() - alike - breadth.overfull:
        changes += _changes_of(repository, name, standing[name].since, commit, path)
    return Look(
        commit=commit,
        before=before,
        breadth=breadth,
        blobs={entry.path: entry.blob for entry in breadth.listing.entries},
        changes=tuple(changes),
        standing=standing,
        unchanged=alike,
        problems=(*breadth.listing.problems, *difference.problems),
    )


def _same_folder(repository: Repository, old: str, new: str, path: str, tenant: str) -> bool:
    folder = below(path, slices.folder(tenant))
    return repository.folder(old, folder) == repository.folder(new, folder)


def _changes_of(
    repository: Repository, tenant: str, since: str, commit: str, path: str
) -> Iterator[Change]:
    """How a tenant's folder differs from what was accepted of it last."""
    folder = slices.folder(tenant)
    for change in repository.changed(since or None, commit, below(path, folder)).changes:
        if slices.within(whole := f"{folder}/{change.path}", (tenant,)):
            yield Change(whole, change.before, change.after)
