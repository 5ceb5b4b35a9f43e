"""One commit against the tree accepted before it: what changed, what that touches, what is wrong.

Only changed files, the objects that refer to them and what these reach are looked at; the rest was
judged when it was accepted. The values that come out are the same as from looking at everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Accepted, ObjectFacts
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.manifests import ManifestCache
from pki_reconciler.observe.pushed import Pushed
from pki_reconciler.observe.reading import Reading
from pki_schema.desired import (
    GLOBAL,
    Declared,
    DesiredState,
    Identity,
    Meaning,
    Resolved,
    RevocationRequest,
)
from pki_schema.errors import Position, Problem, Severity, in_reading_order
from pki_schema.kinds import (
    DECLARED_ONLY,
    PublicationSpec,
    RevocationSpec,
    TenantSpec,
    TrustBundleSpec,
)
from pki_schema.load import assemble, check_references, references_of, resolve, tree


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``accepted`` is what accepting the commit would record; only without errors may it be."""

    accepted: Accepted
    problems: tuple[Problem, ...]
    parsed: int


class Judge:
    """Judges commits of one repository, one after the other; see ``judge``."""

    def __init__(
        self, repository: Repository, cache: ManifestCache, *, path: str, reader: Reader
    ) -> None:
        self._repository = repository
        self._cache = cache
        self._path = path
        self._reader = reader
        self._pushed = Pushed(repository, path=path)

    def judge(self, commit: str) -> Verdict:
        """Compare a commit with what was accepted last."""
        before = self._reader.accepted()
        listing = self._repository.tree(commit, self._path)
        difference = self._repository.changed(before, commit, self._path)
        paths = [change.path for change in difference.changes]
        reading = Reading(
            self._repository,
            self._cache,
            blobs={entry.path: entry.blob for entry in listing.entries},
            reader=self._reader,
        )
        affected = self._affected(reading, paths)
        reading.reach(affected)
        loaded = assemble(reading.documents.values(), reading.requests(affected))
        reading.search(paths)
        present = affected & loaded.state.objects.keys()
        resolved = resolve(loaded.state, present)
        reading.remember()
        problems = (
            *listing.problems,
            *difference.problems,
            *tree.twins(reading.blobs),
            *reading.problems,
            *self._pushed.problems(before, commit, present=reading.blobs.values()),
            *_news(loaded.problems, paths),
            *check_references(loaded.state, present),
            *resolved.problems,
            *self._over_quota(loaded.state, affected, resolved),
            *self._without_effect(affected - loaded.state.objects.keys()),
        )
        return Verdict(
            accepted=self._accepted(commit, paths, affected, loaded.state, resolved),
            problems=in_reading_order(problems),
            parsed=reading.parsed,
        )

    def _over_quota(
        self, state: DesiredState, affected: Collection[Identity], resolved: Resolved
    ) -> Iterator[Problem]:
        """Counted over the whole tenant: its other services are not looked at, but they count."""
        wanted = resolved.meanings.keys() | resolved.pending.keys()
        former = self._reader.subjects_of(affected)
        for tenant in sorted({i.tenant for i in affected if i.tenant}):
            owner = state.objects.get(Identity("Tenant", GLOBAL, tenant))
            if owner is None or not isinstance(owner.spec, TenantSpec):
                continue
            own = {s for s in wanted if s.tenant == tenant and s.kind == "Certificate"}
            count = len((self._reader.certificates_of_tenant(tenant) - former) | own)
            quota = owner.spec.quotas.certificates
            if count > quota:
                position = tree.at(owner, "spec", "quotas", "certificates")
                message = f'tenant "{tenant}" declares {count} certificates; its quota is {quota}'
                yield Problem(position, "PKI4040", message)

    def _without_effect(self, removed: Collection[Identity]) -> Iterator[Problem]:
        """Taking a revocation back: said, because its author will expect something to happen."""
        for identity, facts in sorted(self._reader.facts(removed).items()):
            if identity.kind == "Revocation":
                message = f"{identity} was removed, which changes nothing: revoked stays revoked"
                hint = "to certify again, name it in the service's resumeAfter"
                yield Problem(
                    Position(facts.path), "PKI6020", message, hint, severity=Severity.NOTICE
                )

    def _affected(self, reading: Reading, paths: Iterable[str]) -> set[Identity]:
        """Objects of changed files, before and after, and all that refer to them."""
        changed = list(paths)
        seeds = {row.identity for row in self._reader.objects(paths=changed)}
        reading.load(changed)
        seeds |= reading.identities(changed)
        for path in changed:
            spot = tree.classify(path)
            if isinstance(spot, tree.RequestPath):
                seeds.add(Identity("Service", spot.tenant, spot.service))
        return seeds | set(self._reader.referrers(seeds))

    def _accepted(
        self,
        commit: str,
        paths: Iterable[str],
        affected: Collection[Identity],
        state: DesiredState,
        resolved: Resolved,
    ) -> Accepted:
        changed = frozenset(paths)
        declared = [state.objects[i] for i in sorted(affected) if i in state.objects]
        gone = [i for i in affected if i not in state.objects]
        former = set(self._reader.subjects_of(affected))
        wanted = resolved.meanings.keys() | resolved.pending.keys()
        stored = self._reader.declared(resolved.meanings.keys())
        return Accepted(
            commit=commit,
            parent=self._reader.accepted() or "",
            objects=tuple(_facts(one) for one in declared if one.position.path in changed),
            removed=tuple(sorted(self._reader.facts(gone))),
            meanings=tuple(
                meaning
                for identity, meaning in sorted(resolved.meanings.items())
                if not _same(meaning, stored.get(identity))
            ),
            pending=tuple(sorted(resolved.pending)),
            # A responder answers for its CA's generation until that generation's last certificate
            # has expired, whatever the CA declares now.
            withdrawn=tuple(sorted(s for s in former - wanted if s.kind != "ResponderCertificate")),
        )


def _news(problems: Iterable[Problem], changed: Collection[str]) -> Iterator[Problem]:
    """Without notices about files that were only read along: their authors had them."""
    for problem in problems:
        if problem.severity is not Severity.NOTICE or problem.position.path in changed:
            yield problem


def _same(meaning: Meaning, stored: Meaning | None) -> bool:
    """Whether recording it again would say nothing new (where it is written does not count)."""
    return (
        stored is not None
        and stored.profile == meaning.profile
        and stored.care() == meaning.care()
        and stored.suspended == meaning.suspended
        and stored.template == meaning.template
    )


def _facts(declared: Declared) -> ObjectFacts:
    spec = declared.spec
    return ObjectFacts(
        identity=declared.identity,
        path=declared.position.path,
        blob=declared.blob,
        origin=_origin(declared),
        refs=references_of(declared),
        acted_on=declared.identity.kind not in DECLARED_ONLY,
        revocations_limit=spec.limits.revocations if isinstance(spec, TenantSpec) else None,
        revocation=(
            RevocationRequest(
                name=declared.identity.name, spec=spec, origin=tree.at(declared, "spec")
            )
            if isinstance(spec, RevocationSpec)
            else None
        ),
        publication=spec if isinstance(spec, PublicationSpec) else None,
        trust=spec if isinstance(spec, TrustBundleSpec) else None,
    )


def _origin(declared: Declared) -> Position:
    """Where an author would change what this object limits, or where it begins."""
    if isinstance(declared.spec, TenantSpec):
        return tree.at(declared, "spec", "limits", "revocations")
    return declared.position
