"""A small organisation for properties: two CAs, two tenants, and histories of what happens to it.

A history is a list of steps. Each is total: where it has nothing to act on it changes nothing, so
every list that hypothesis thinks of is a history.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from pki_reconciler.loop import Outcome
from tests.fakes import FixedClock, InMemoryKeyStore, InMemoryTarget, SeededEntropy
from tests.worlds import World

SERVICES = (("alpha", "web"), ("alpha", "api"), ("beta", "db"), ("beta", "new"))
"""Services that histories are about; the last is not declared at first."""

REASONS = ("superseded", "keyCompromise", "cessationOfOperation", "unspecified")

_HEAD = "apiVersion: pki.vcc.local/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
_ROOT = """\
  subject: [{CN: Small Root CA G1}]
  privateKey: {algorithm: P-256}
  duration: 3653d
  issuesFor: 1826d
  baseURLs: [http://pki.test.internal]
  offline: true
  crl: {validity: 365d, refresh: 180d}
"""
_ISSUING = """\
  parent: root
  subject: [{CN: Small Issuing CA G1}]
  privateKey: {algorithm: P-256}
  duration: 1826d
  issuesFor: 365d
  pathLength: 0
  usages: [server auth, client auth]
  baseURLs: [http://pki.test.internal]
  crl: {validity: 7d, refresh: %s}
  ocsp: {mode: presigned, template: ocsp, validity: 4d, refreshAt: 2d}
"""
_OCSP = """\
  subject: [{CN: "${ca_name} G${generation} OCSP Responder"}]
  nameTypes: []
  usages: [digital signature, ocsp signing]
  extendedKeyUsageCritical: true
  privateKey: {algorithms: [P-256]}
  ocspNoCheck: true
  statusPointers: false
  duration: 30d
  renewBefore: 10d
"""
_SERVICE_TEMPLATE = """\
  issuers: [issuing]
  subject: [{CN: "${service_name}.${zone}"}]
  names: {dnsNames: ["${service_name}.${zone}"]}
  nameTypes: [dns]
  requiredNames: [dns]
  usages: [digital signature, server auth, client auth]
  privateKey: {algorithms: [P-256]}
  duration: 90d
  maxDuration: 180d
  renewBefore: %s
"""
_PUBLICATION = """\
  baseURLs: [http://pki.test.internal]
  retention: 30d
"""


def explored(examples: int) -> settings:
    """The same examples in every run; a world takes as long as it takes.

    Nothing is shrunk: a history is short, and a world too slow for hundreds of attempts.
    """
    return settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def manifest(kind: str, name: str, spec: str) -> str:
    return _HEAD.format(kind=kind, name=name) + spec


def tenant(name: str, limit: int) -> str:
    return manifest(
        "Tenant",
        name,
        f"  organization: {name.title()}\n  zone: {name}.internal\n"
        "  certificateAuthorities: [issuing]\n  templates: [service]\n"
        f"  limits: {{revocations: {limit}}}\n  quotas: {{certificates: 20}}\n",
    )


@dataclass
class Scene:
    """A world and the state of its author's mind: what is declared, and what was taken away.

    ``holds`` are the revocations that hold a service, with that service.
    """

    world: World
    extra: dict[tuple[str, str], str] = field(default_factory=dict)
    revocations: list[str] = field(default_factory=list)
    holds: dict[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    _committed: str = ""

    @classmethod
    def small(cls, root: Path, *, limit: int = 50, world: World | None = None) -> Scene:
        """Everything declared and committed but ``SERVICES``' last; nothing reconciled."""
        scene = cls(world or World.empty(root))
        write = scene.world.write
        write("cas/root.yaml", manifest("CertificateAuthority", "root", _ROOT))
        scene.settings("1d")
        write("templates/ocsp.yaml", manifest("CertificateTemplate", "ocsp", _OCSP))
        scene.template("30d")
        write("publications/public.yaml", manifest("Publication", "public", _PUBLICATION))
        for name in ("alpha", "beta"):
            scene.limit(name, limit)
        for service in SERVICES[:-1]:
            scene.declare(service)
        scene.commit()
        return scene

    # What an author does

    def settings(self, refresh: str) -> None:
        """Change how often the issuing CA signs a CRL."""
        self.world.write(
            "cas/issuing.yaml", manifest("CertificateAuthority", "issuing", _ISSUING % refresh)
        )

    def template(self, renew_before: str) -> None:
        """Change when services are renewed, which signs nothing."""
        self.world.write(
            "templates/service.yaml",
            manifest("CertificateTemplate", "service", _SERVICE_TEMPLATE % renew_before),
        )

    def limit(self, name: str, revocations: int) -> None:
        self.world.write(f"tenants/{name}/tenant.yaml", tenant(name, revocations))

    def declare(self, service: tuple[str, str], *, more: str = "") -> None:
        """Declare a service, or declare it otherwise; one without a CSR gets one."""
        self.extra[service] = more
        owner, name = service
        self.world.write(
            self.path(service), manifest("Service", name, f"  template: service\n{more}")
        )
        if not (self.world.tree / self.csr(service)).exists():
            self.world.new_key(owner, name)

    def revoke(self, service: tuple[str, str], reason: str, more: str = "") -> str:
        """Returns the revocation's name."""
        owner, name = service
        label = f"{name}-{len(self.revocations) + 1}"
        self.revocations.append(label)
        self.world.revoke(label, f"{{tenant: {owner}, service: {name}}}", reason, more)
        return label

    def is_declared(self, service: tuple[str, str]) -> bool:
        return (self.world.tree / self.path(service)).exists()

    @staticmethod
    def path(service: tuple[str, str]) -> str:
        return f"tenants/{service[0]}/services/{service[1]}.yaml"

    @staticmethod
    def csr(service: tuple[str, str]) -> str:
        return f"tenants/{service[0]}/csr/{service[1]}.pem"

    def commit(self) -> str | None:
        """Commit if anything changed."""
        return self.world.commit() if self.see() else None

    def see(self) -> bool:
        """Take the files as they are for what is committed; returns whether anything changed."""
        tree = self.world.tree
        digest = hashlib.sha256()
        for file in sorted(tree.rglob("*")):
            if file.is_file() and ".git" not in file.parts:
                digest.update(str(file.relative_to(tree)).encode() + b"\0" + file.read_bytes())
        changed, self._committed = digest.hexdigest() != self._committed, digest.hexdigest()
        return changed

    # What is done about it

    def reconcile(self, **later: float) -> Outcome:
        outcome = self.world.reconcile(**later)
        self.outcomes.append(outcome)
        return outcome

    def play(
        self, history: Sequence[Step], *, between: Callable[[], object] = lambda: None
    ) -> None:
        """Carry out a history, committing every step; ``between`` is called after each."""
        for step in history:
            step.act(self)
            self.commit()
            between()

    @property
    def keys(self) -> InMemoryKeyStore:
        assert isinstance(self.world.keys, InMemoryKeyStore)
        return self.world.keys

    @property
    def target(self) -> InMemoryTarget:
        target = self.world.targets["public"]
        assert isinstance(target, InMemoryTarget)
        return target

    @property
    def public(self) -> Mapping[str, bytes]:
        return self.target.files


@dataclass(frozen=True)
class Step:
    """``act`` changes files or the clock."""

    def act(self, scene: Scene) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Declare(Step):
    """Add a service, or change its names and duration."""

    service: tuple[str, str]
    name: int = 0
    days: int = 90

    def act(self, scene: Scene) -> None:
        owner = self.service[0]
        more = f"  duration: {self.days}d\n"
        if self.name:
            more += f"  dnsNames: [n{self.name}.{owner}.internal]\n"
        scene.declare(self.service, more=more)


@dataclass(frozen=True)
class NewKey(Step):
    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        if scene.is_declared(self.service):
            scene.world.new_key(*self.service)


@dataclass(frozen=True)
class LoseRequest(Step):
    """The CSR is deleted; the service waits for another."""

    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        if scene.is_declared(self.service):
            (scene.world.tree / scene.csr(self.service)).unlink(missing_ok=True)


@dataclass(frozen=True)
class Remove(Step):
    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        if scene.is_declared(self.service):
            (scene.world.tree / scene.path(self.service)).unlink()
            (scene.world.tree / scene.csr(self.service)).unlink(missing_ok=True)


@dataclass(frozen=True)
class Restore(Step):
    """Bring a removed service back, as it was declared last."""

    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        if not scene.is_declared(self.service):
            scene.declare(self.service, more=scene.extra.get(self.service, ""))


@dataclass(frozen=True)
class Revoke(Step):
    service: tuple[str, str]
    reason: str

    def act(self, scene: Scene) -> None:
        scene.revoke(self.service, self.reason)


@dataclass(frozen=True)
class Hold(Step):
    """By a name of its own: another hold of the service may stand."""

    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        name = scene.revoke(self.service, "certificateHold", "  state: held\n")
        scene.holds[name] = self.service


@dataclass(frozen=True)
class Release(Step):
    """The oldest hold of the service ends, also if its file was deleted meanwhile."""

    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        _conclude(scene, self.service, "certificateHold", "released")


@dataclass(frozen=True)
class MakeFinal(Step):
    """The oldest hold of the service is for ever."""

    service: tuple[str, str]
    reason: str

    def act(self, scene: Scene) -> None:
        _conclude(scene, self.service, self.reason, "revoked")


def _conclude(scene: Scene, service: tuple[str, str], reason: str, state: str) -> None:
    name = next((n for n, held in scene.holds.items() if held == service), None)
    if name is not None:
        del scene.holds[name]
        owner, own = service
        target = f"{{tenant: {owner}, service: {own}}}"
        scene.world.revoke(name, target, reason, f"  state: {state}\n")


@dataclass(frozen=True)
class Revert(Step):
    """Delete every declared revocation, as ``git revert`` would."""

    def act(self, scene: Scene) -> None:
        shutil.rmtree(scene.world.tree / "revocations", ignore_errors=True)


@dataclass(frozen=True)
class Suspend(Step):
    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        if scene.is_declared(self.service):
            scene.declare(self.service, more="  suspend: true\n")


@dataclass(frozen=True)
class Resume(Step):
    """The service names every revocation there ever was."""

    service: tuple[str, str]

    def act(self, scene: Scene) -> None:
        if scene.is_declared(self.service) and scene.revocations:
            names = ", ".join(scene.revocations)
            scene.declare(self.service, more=f"  resumeAfter: [{names}]\n")


@dataclass(frozen=True)
class Settings(Step):
    """Other CA settings, and another time of renewal."""

    refresh: str
    renew_before: str

    def act(self, scene: Scene) -> None:
        scene.settings(self.refresh)
        scene.template(self.renew_before)


@dataclass(frozen=True)
class Break(Step):
    """Commit something that cannot be read: nothing of its tenant counts."""

    def act(self, scene: Scene) -> None:
        scene.world.write("tenants/alpha/services/broken.yaml", "spec: [\n")


@dataclass(frozen=True)
class Fix(Step):
    def act(self, scene: Scene) -> None:
        (scene.world.tree / "tenants/alpha/services/broken.yaml").unlink(missing_ok=True)


@dataclass(frozen=True)
class Wait(Step):
    hours: int

    def act(self, scene: Scene) -> None:
        scene.world.clock.advance(hours=self.hours)


EVENTFUL: list[Step] = [
    Declare(SERVICES[3]),
    Declare(SERVICES[0], name=1),
    Revoke(SERVICES[0], "superseded"),
    Settings("12h", "20d"),
    Revoke(SERVICES[1], "keyCompromise"),
    NewKey(SERVICES[1]),
    Revoke(SERVICES[3], "cessationOfOperation"),
    Revert(),
    Resume(SERVICES[3]),
    Remove(SERVICES[2]),
    Suspend(SERVICES[0]),
    Wait(30),
]
"""A little of everything, lest chance leave it out."""


HOLDING: list[Step] = [
    Hold(SERVICES[0]),
    Hold(SERVICES[0]),
    Hold(SERVICES[1]),
    Resume(SERVICES[1]),
    Release(SERVICES[0]),
    Declare(SERVICES[0], name=1),
    Revert(),
    MakeFinal(SERVICES[1], "cessationOfOperation"),
    Release(SERVICES[0]),
    Hold(SERVICES[2]),
    Revoke(SERVICES[2], "superseded"),
    Release(SERVICES[2]),
]
"""What holds may meet: each other, names in advance, a change, deleted files, what is for ever."""


def holding(waits: tuple[int, ...] = (1, 30, 150)) -> st.SearchStrategy[Step]:
    """Something about holds, or anything else."""
    service = st.sampled_from(SERVICES)
    return st.one_of(
        st.builds(Hold, service),
        st.builds(Release, service),
        st.builds(MakeFinal, service, st.sampled_from(REASONS)),
        steps(waits),
    )


def steps(waits: tuple[int, ...] = (1, 30, 150)) -> st.SearchStrategy[Step]:
    """One thing that happens; ``waits`` in hours."""
    service = st.sampled_from(SERVICES)
    return st.one_of(
        st.builds(Declare, service, st.integers(0, 2), st.sampled_from((60, 90))),
        st.builds(NewKey, service),
        st.builds(LoseRequest, service),
        st.builds(Remove, service),
        st.builds(Restore, service),
        st.builds(Revoke, service, st.sampled_from(REASONS)),
        st.builds(Revert),
        st.builds(Suspend, service),
        st.builds(Resume, service),
        st.builds(Settings, st.sampled_from(("12h", "1d", "2d")), st.sampled_from(("20d", "30d"))),
        st.builds(Break),
        st.builds(Fix),
        st.builds(Wait, st.sampled_from(waits)),
    )


def histories(
    *,
    least: int = 3,
    most: int = 6,
    waits: tuple[int, ...] = (1, 30, 150),
    holds: bool = False,
) -> st.SearchStrategy[list[Step]]:
    """Histories that mostly change something."""
    chosen = holding(waits) if holds else steps(waits)
    return st.lists(chosen, min_size=least, max_size=most)


@dataclass(frozen=True)
class Nursery:
    """Young worlds by copying one: declared, reconciled once, and independent of each other."""

    root: Path

    @contextmanager
    def scene(self, *, limit: int = 50) -> Iterator[Scene]:
        """A small organisation of its own, for as long as the block lasts."""
        model = self.model(limit)
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            yield _copied(model, Path(folder) / "world")

    def model(self, limit: int = 50) -> Scene:
        """The world that is copied: look, do not touch."""
        if limit not in _MODELS:
            _MODELS[limit] = Scene.small(self.root / f"model-{limit}", limit=limit)
            _MODELS[limit].reconcile()
        return _MODELS[limit]


_MODELS: dict[int, Scene] = {}
"""By limit; one nursery a process."""


def _copied(model: Scene, root: Path) -> Scene:
    shutil.copytree(model.world.root, root)
    return Scene(
        World(
            root=root,
            clock=FixedClock(model.world.clock.instant),
            entropy=SeededEntropy(drawn=model.world.entropy.drawn),
            keys=InMemoryKeyStore(dict(model.keys.keys), set(model.keys.offline)),
            targets={"public": InMemoryTarget(dict(model.target.files))},
        ),
        extra=dict(model.extra),
        _committed=model._committed,
    )
