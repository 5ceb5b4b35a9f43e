"""One commit against what was accepted before it: what changed, what that touches, what is wrong.

Only changed files, the objects that refer to them and what these reach are looked at; the rest was
judged when it was accepted. The values that come out are the same as from looking at everything.

Each tenant's folder is a slice that is accepted or not by itself (see the README, "Slices"). The
tree that a commit is judged as has the files of that commit, but for tenants with an error: theirs
are those accepted last. Taking them away may show an error elsewhere, so it is tried until no
further tenant has one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Accepted, Refused, SliceFault
from pki_reconciler.observe import repeated, slices
from pki_reconciler.observe.blame import pushed_keys
from pki_reconciler.observe.breadth import below
from pki_reconciler.observe.git import Repository
from pki_reconciler.observe.looking import Look, looked
from pki_reconciler.observe.manifests import ManifestCache
from pki_reconciler.observe.pushed import Pushed
from pki_reconciler.observe.reading import Reading
from pki_reconciler.observe.recording import facts, same
from pki_schema.desired import GLOBAL, Declared, DesiredState, Identity, Resolved
from pki_schema.errors import Problem, Severity, in_reading_order
from pki_schema.kinds import TenantSpec
from pki_schema.load import assemble, check_references, resolve, tree
from pki_schema.load.resolve import OVER_QUOTA


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``record`` is what the ledger is told of the commit. ``problems`` are all, those of tenants
    that stand still included.
    """

    record: Accepted | Refused
    problems: tuple[Problem, ...]
    parsed: int


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A commit judged with some tenants standing still: what it would mean, and what is wrong."""

    paths: tuple[str, ...]
    affected: frozenset[Identity]
    state: DesiredState
    resolved: Resolved
    told: slices.Told


@dataclass
class _Progress:
    """Who stands still so far, what each of them was told, and what has been read."""

    faulty: frozenset[str] = frozenset()
    told: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    reading: Reading | None = None
    parsed: int = 0


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

    def judge(self, commit: str, *, parent: str = "") -> Verdict:
        """Compare a commit with what was accepted last; ``parent`` is its first parent, empty where
        that is the same.
        """
        look = looked(self._repository, commit, self._path, reader=self._reader)
        keys = pushed_keys(self._repository, self._pushed, look, self._path, parent=parent)
        told = slices.together(
            slices.by_slice((*look.problems, *tree.twins(look.blobs))),
            keys,
        )
        progress = _Progress(
            faulty=look.overfull | look.unchanged,
            told={t: told[t] for t in look.overfull | (look.unchanged & keys.keys())},
        )
        while True:
            trial = self._tried(look, progress)
            every = slices.together(told, trial.told)
            fresh = slices.faulty(every) - progress.faulty
            if not fresh:
                break
            progress.told |= {name: every[name] for name in fresh}
            progress.faulty |= fresh
        sound = {name: of for name, of in every.items() if name not in progress.faulty}
        problems = in_reading_order(
            problem for of in (*sound.values(), *progress.told.values()) for problem in of
        )
        return Verdict(
            record=self._record(look, trial, progress, sound.get(GLOBAL, ())),
            problems=problems,
            parsed=progress.parsed,
        )

    # What it means

    def _tried(self, look: Look, progress: _Progress) -> _Trial:
        """The commit with these tenants' files as they were accepted last."""
        faulty = progress.faulty
        paths = tuple(c.path for c in look.changes if not slices.within(c.path, faulty))
        reading = Reading(
            self._repository,
            self._cache,
            blobs=self._composed(look, faulty),
            reader=self._reader,
            earlier=progress.reading,
        )
        affected = self._affected(reading, paths, healing=look.standing.keys() - faulty)
        affected = {identity for identity in affected if identity.tenant not in faulty}
        reading.reach(affected)
        loaded = assemble(reading.documents.values(), reading.requests(affected))
        reading.search(paths)
        present = affected & loaded.state.objects.keys()
        resolved = resolve(loaded.state, present)
        reading.remember()
        progress.reading = reading
        progress.parsed += reading.parsed
        problems = (
            *reading.problems,
            *_news(loaded.problems, paths),
            *check_references(loaded.state, present),
            *(p for p in resolved.problems if p.code != OVER_QUOTA),
            *self._over_quota(loaded.state, affected, resolved),
            *repeated.removals(self._reader, affected - loaded.state.objects.keys()),
            *repeated.revocation_problems(self._reader, _of_files(loaded.state, present, paths)),
        )
        return _Trial(
            paths=paths,
            affected=frozenset(affected),
            state=loaded.state,
            resolved=resolved,
            told=slices.by_slice(problems),
        )

    def _composed(self, look: Look, faulty: Collection[str]) -> Mapping[str, str]:
        """The files of the commit, with what the ledger knows of tenants that stand still."""
        if not faulty:
            return look.blobs
        rows = self._reader.objects_of_tenants(faulty, tree.TENANT_FOLDERS.values())
        sound = {p: blob for p, blob in look.blobs.items() if not slices.within(p, faulty)}
        return sound | {row.path: row.blob for row in rows}

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
                yield Problem(position, OVER_QUOTA, message)

    def _affected(
        self, reading: Reading, paths: Iterable[str], *, healing: Collection[str]
    ) -> set[Identity]:
        """Objects of changed files, before and after, and all that refer to them.

        Of tenants that stood still all objects: what they refer to has changed without them.
        """
        changed = list(paths)
        seeds = {row.identity for row in self._reader.objects(paths=changed)}
        seeds |= {
            row.identity
            for row in self._reader.objects_of_tenants(healing, tree.TENANT_FOLDERS.values())
        }
        reading.load(changed)
        seeds |= reading.identities(changed)
        for path in changed:
            spot = tree.classify(path)
            if isinstance(spot, tree.RequestPath):
                seeds.add(Identity("Service", spot.tenant, spot.service))
        return seeds | set(self._reader.referrers(seeds))

    # What is written down

    def _record(
        self, look: Look, trial: _Trial, progress: _Progress, wrong: Iterable[Problem]
    ) -> Accepted | Refused:
        """``wrong`` is what is told of the global slice."""
        if slices.errors(wrong):
            fault = slices.fault(GLOBAL, wrong, since=look.before or "")
            return Refused(commit=look.commit, parent=look.before or "", fault=fault)
        told = progress.told
        faulty = tuple(
            slices.fault(name, told[name], since=self._since(look, name))
            if name in told
            else slices.again(look.standing[name])
            for name in sorted(progress.faulty)
        )
        return self._accepted(look, trial, faulty)

    def _since(self, look: Look, tenant: str) -> str:
        """The commit whose files of a tenant were accepted last; empty if it had none."""
        if tenant in look.standing:
            return look.standing[tenant].since
        if look.before is None:
            return ""
        inside = self._repository.inside(look.before, below(self._path, slices.folder(tenant)))
        return look.before if inside.files.entries or inside.folders else ""

    def _accepted(self, look: Look, trial: _Trial, faulty: tuple[SliceFault, ...]) -> Accepted:
        changed = frozenset(trial.paths)
        affected, state, resolved = trial.affected, trial.state, trial.resolved
        declared = [state.objects[i] for i in sorted(affected) if i in state.objects]
        gone = [i for i in affected if i not in state.objects]
        former = set(self._reader.subjects_of(affected))
        wanted = resolved.meanings.keys() | resolved.pending.keys()
        stored = self._reader.declared(resolved.meanings.keys())
        return Accepted(
            commit=look.commit,
            parent=look.before or "",
            objects=tuple(facts(one) for one in declared if one.position.path in changed),
            removed=tuple(sorted(self._reader.facts(gone))),
            meanings=tuple(
                meaning
                for identity, meaning in sorted(resolved.meanings.items())
                if not same(meaning, stored.get(identity))
            ),
            pending=tuple(sorted(resolved.pending)),
            # A responder answers for its CA's generation until that generation's last certificate
            # has expired, whatever the CA declares now.
            withdrawn=tuple(sorted(s for s in former - wanted if s.kind != "ResponderCertificate")),
            faulty=faulty,
        )


def _of_files(
    state: DesiredState, present: Iterable[Identity], paths: Iterable[str]
) -> list[Declared]:
    """The objects that stand in these files."""
    files = frozenset(paths)
    found = (state.objects[identity] for identity in sorted(present))
    return [declared for declared in found if declared.position.path in files]


def _news(problems: Iterable[Problem], changed: Collection[str]) -> Iterator[Problem]:
    """Without notices about files that were only read along: their authors had them."""
    for problem in problems:
        if problem.severity is not Severity.NOTICE or problem.position.path in changed:
            yield problem
