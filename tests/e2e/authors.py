"""Whoever declares things for years: a seeded mind that adds, changes, loses, holds and takes back.

``Author`` commits to a world's repository and remembers what it may expect of the publication.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.onlooker import Onlooker
from tests.properties.organisation import manifest
from tests.worlds import World

TENANTS = ("alpha", "beta", "gamma")
LIVES = {7: 3, 47: 16, 90: 30}
"""Days that certificates last, and how long before their end they are renewed."""
ROTATION = 95
"""Days until alpha's CA is followed by its next generation: it may issue for 100."""
EVENTS_A_DAY = 0.5
FINAL = ("cessationOfOperation", "unspecified", "affiliationChanged", "privilegeWithdrawn")

_ROOT = """\
  subject: [{CN: Lasting Root CA G1}]
  privateKey: {algorithm: P-256}
  duration: 3653d
  issuesFor: 1826d
  baseURLs: [http://pki.test.internal]
  offline: true
  crl: {validity: 365d, refresh: 180d}
"""
_ISSUING = """\
  parent: root
  subject: [{{CN: {title} CA G{generation}}}]
  privateKey: {{algorithm: P-256}}
  generation: {generation}
  duration: {days}d
  issuesFor: {issues}d
  pathLength: 0
  usages: [server auth, client auth]
  baseURLs: [http://pki.test.internal]
  crl: {{validity: 7d, refresh: {refresh}}}
{answers}"""
_ANSWERS = {
    "alpha": "  ocsp: {mode: presigned, template: ocsp, validity: 7d, refreshAt: 5d}\n",
    "beta": "  ocsp: {mode: presigned, template: ocsp, validity: 4d, refreshAt: 2d}\n",
    "gamma": "",
}
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
_SERVICE = """\
  issuers: [alpha, beta, gamma]
  subject: [{CN: "${service_name}.${zone}"}]
  names: {dnsNames: ["${service_name}.${zone}"]}
  nameTypes: [dns]
  requiredNames: [dns]
  usages: [digital signature, server auth, client auth]
  privateKey: {algorithms: [P-256]}
  duration: 90d
  maxDuration: 90d
  renewBefore: 30d
"""
_TENANT = """\
  organization: {title}
  zone: {name}.internal
  certificateAuthorities: [{name}]
  templates: [service]
  limits: {{revocations: 20}}
  quotas: {{certificates: 200}}
"""


@dataclass
class Service:
    """``wanted``: it is to have a certificate that is good. ``names`` counts its other names. To
    a ``steady`` one nothing ever happens: it is renewed and renewed.
    """

    tenant: str
    name: str
    days: int
    names: int = 0
    wanted: bool = True
    suspended: bool = False
    steady: bool = False
    resumes: list[str] = field(default_factory=list)

    @property
    def target(self) -> str:
        return f"{{tenant: {self.tenant}, service: {self.name}}}"

    @property
    def pointer(self) -> str:
        return f"svc/{self.tenant}/{self.name}/default/current.json"

    @property
    def files(self) -> tuple[str, str]:
        folder = f"tenants/{self.tenant}"
        return f"{folder}/services/{self.name}.yaml", f"{folder}/csr/{self.name}.pem"

    def text(self) -> str:
        more = f"  dnsNames: [n{self.names}.{self.tenant}.internal]\n" if self.names else ""
        more += "  suspend: true\n" if self.suspended else ""
        more += f"  resumeAfter: [{', '.join(self.resumes)}]\n" if self.resumes else ""
        life = f"  duration: {self.days}d\n  renewBefore: {LIVES[self.days]}d\n"
        return manifest("Service", self.name, f"  template: service\n{life}{more}")


@dataclass
class Author:
    """``faults`` are disappointed expectations, ``done`` how often what happened."""

    world: World
    chance: random.Random
    onlooker: Onlooker
    days: int
    faults: list[str] = field(default_factory=list)
    done: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    services: list[Service] = field(default_factory=list)
    _revoked: dict[int, str] = field(default_factory=dict)
    _later: defaultdict[int, list[Callable[[int], None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _settled: set[str] = field(default_factory=set)
    _generation: int = 1
    _number: int = 0
    _broken: bool = False

    def found(self, count: int, steady: int) -> None:
        """The first commit, with so many services, and more that are steady and short-lived."""
        write = self.world.write
        write("cas/root.yaml", manifest("CertificateAuthority", "root", _ROOT))
        write("templates/ocsp.yaml", manifest("CertificateTemplate", "ocsp", _OCSP))
        write("templates/service.yaml", manifest("CertificateTemplate", "service", _SERVICE))
        bundle = manifest("TrustBundle", "all", "  authorities: [root]\n  formats: [pem]\n")
        write("trust/all.yaml", bundle)
        public = "  baseURLs: [http://pki.test.internal]\n  retention: 30d\n  estTrustBundle: all\n"
        write("publications/public.yaml", manifest("Publication", "public", public))
        for name in TENANTS:
            self._authority(name)
            text = _TENANT.format(name=name, title=name.title())
            write(f"tenants/{name}/tenant.yaml", manifest("Tenant", name, text))
        for _ in range(count):
            self._declare(0)
        for number in range(steady):
            self._begin(Service("gamma", f"steady{number}", 7, steady=True))
        self.world.commit("An organisation")
        turns = range(ROTATION, self.days, ROTATION) if self.days > ROTATION else [self.days // 2]
        for day in turns:
            self._later[24 * day].append(self._rotate)

    # From hour to hour

    def hour(self, hour: int) -> None:
        """Commit what comes to mind, if anything does."""
        acts = self._later.pop(hour, [])
        if hour and self.chance.random() < EVENTS_A_DAY / 24:
            acts.append(self.chance.choice(self._ideas()))
        for act in acts:
            act(hour)
            self.done[act.__name__.strip("_")] += 1
        if acts and self.world.git("status", "--porcelain"):
            self.world.commit(f"Hour {hour}")

    def _ideas(self) -> list[Callable[[int], None]]:
        return [
            *(self._declare, self._rename, self._relive, self._rekey, self._retire),
            *(self._supersede, self._lose, self._end, self._end, self._hold, self._hold),
            *(self._suspend, self._look_after, self._break, self._revert),
        ]

    def wants(self, pointer: str) -> bool:
        """Whether a certificate is to be renewed, and was well when everything was last."""
        return pointer in self._settled

    def declares(self, pointer: str) -> bool:
        """Whether a service is to have a certificate, however it is with it now."""
        return any(one.wanted and one.pointer == pointer for one in self.services)

    def check(self, hour: int, *, disturbed: bool) -> None:
        """Whether the publication is as it was declared, unless something is in between."""
        if disturbed or self._broken:
            return
        now = self.world.clock.now()
        for service in self.services:
            there = self.onlooker.pointers.get(service.pointer)
            if service.wanted and (there is None or there.state != "valid"):
                state = there.state if there else "absent"
                self.faults.append(f"{now} {service.pointer} is {state}")
        for serial, what in list(self._revoked.items()):
            if self.onlooker.is_listed(serial):
                self._revoked.pop(serial)  # that it stays is the onlooker's to see
            elif not self.onlooker.is_over(serial, now):
                self.faults.append(f"{now} {what} is not on a CRL")
        self._settled = {service.pointer for service in self.services if service.wanted}

    # What an author does

    def _authority(self, name: str, refresh: str = "1d") -> None:
        long = name != "alpha"
        text = _ISSUING.format(
            title=name.title(),
            generation=1 if long else self._generation,
            days=1826 if long else 200,
            issues=1461 if long else 100,
            refresh=refresh,
            answers=_ANSWERS[name],
        )
        self.world.write(f"cas/{name}.yaml", manifest("CertificateAuthority", name, text))

    def _rotate(self, _: int) -> None:
        self._generation += 1
        self._authority("alpha")

    def _one(self) -> Service | None:
        """One that is well, and published."""
        well = [s for s in self.services if s.wanted and s.pointer in self._settled]
        found = [s for s in well if not s.steady]
        if not found:
            return None
        service = self.chance.choice(found)
        self._settled.discard(service.pointer)
        return service

    def _put(self, service: Service) -> None:
        self.world.write(service.files[0], service.text())
        self._settled.discard(service.pointer)

    def _declare(self, _: int) -> None:
        self._number += 1
        # Every second one belongs to the tenant without OCSP: answers cost more than anything.
        tenant = ("gamma", "alpha", "gamma", "beta")[self._number % 4]
        days = (90, 7, 47, 7, 47, 90, 90)[self._number % 7]
        self._begin(Service(tenant, f"s{self._number}", days))

    def _begin(self, service: Service) -> None:
        self.services.append(service)
        self.world.new_key(service.tenant, service.name)
        self._put(service)

    def _rename(self, _: int) -> None:
        if service := self._one():
            service.names += 1
            self._put(service)

    def _relive(self, _: int) -> None:
        if service := self._one():
            service.days = self.chance.choice([7, 47, 90])
            self._put(service)

    def _rekey(self, _: int) -> None:
        if service := self._one():
            self.world.new_key(service.tenant, service.name)

    def _retire(self, _: int) -> None:
        if service := self._one():
            self.services.remove(service)
            for path in service.files:
                self.world.remove(path)

    def _suspend(self, hour: int) -> None:
        if service := self._one():
            service.suspended, service.wanted = True, False
            self._put(service)
            self._later[hour + self.chance.randint(24, 960)].append(lambda _: self._back(service))

    def _back(self, service: Service) -> None:
        service.suspended, service.wanted = False, True
        self._put(service)

    def _supersede(self, _: int) -> None:
        if service := self._one():
            self._revoke(service, "superseded")

    def _lose(self, hour: int) -> None:
        """A key is lost; its host makes another, at once or some days later."""
        if service := self._one():
            self._revoke(service, "keyCompromise")
            late = self.chance.choice([0, 0, 30, 100])
            if late:
                service.wanted = False
                self._later[hour + late].append(lambda _: self._replace(service))
            else:
                self._replace(service)

    def _replace(self, service: Service) -> None:
        self.world.new_key(service.tenant, service.name)
        service.wanted = True
        self._settled.discard(service.pointer)

    def _end(self, hour: int) -> None:
        """For good, until its author names the revocation."""
        if service := self._one():
            name = self._revoke(service, self.chance.choice(FINAL))
            service.wanted = False
            if self.chance.random() < 0.7:
                self._later[hour + self.chance.randint(1, 400)].append(
                    lambda _: self._resume(service, name)
                )

    def _resume(self, service: Service, name: str) -> None:
        service.resumes.append(name)
        service.wanted = True
        self._put(service)

    def _hold(self, hour: int) -> None:
        """Held, and then released or revoked for good."""
        if service := self._one():
            name = self._revoke(service, "certificateHold", "  state: held\n")
            service.wanted = False
            serial = self.onlooker.pointers[service.pointer].serial
            self._later[hour + self.chance.randint(2, 300)].append(
                lambda later: self._decide(service, name, serial, later)
            )

    def _decide(self, service: Service, name: str, serial: int, hour: int) -> None:
        if self.chance.random() < 0.7:
            self.onlooker.released |= self.onlooker.serials[service.pointer]
            self._revoked.pop(serial, None)
            self.world.revoke(name, service.target, "certificateHold", "  state: released\n")
            self._back(service)
        else:
            self.world.revoke(name, service.target, "cessationOfOperation", "  state: revoked\n")
            self._later[hour + 50].append(lambda _: self._resume(service, name))

    def _revoke(self, service: Service, reason: str, more: str = "") -> str:
        name = f"r{sum(self.done.values())}-{service.name}"
        self.world.revoke(name, service.target, reason, more)
        serial = self.onlooker.pointers[service.pointer].serial
        self._revoked[serial] = f"{name} ({reason})"
        return name

    def _look_after(self, _: int) -> None:
        """Other settings, the same certificates."""
        self._authority(self.chance.choice(["beta", "gamma"]), self.chance.choice(["12h", "1d"]))

    def _break(self, hour: int) -> None:
        """A commit that cannot be read, and one that heals it."""
        if not self._broken:
            self._broken = True
            self.world.write("tenants/beta/services/broken.yaml", "spec: [\n")
            self._later[hour + self.chance.randint(1, 40)].append(self._heal)

    def _heal(self, _: int) -> None:
        self._broken = False
        self.world.remove("tenants/beta/services/broken.yaml")

    def _revert(self, _: int) -> None:
        """A revocation is taken out of the tree, which changes nothing."""
        needed = {name for service in self.services for name in service.resumes}
        files = sorted((self.world.tree / "revocations").glob("*.yaml"))
        spare = [f for f in files if "superseded" in f.read_text() and f.stem not in needed]
        if spare and not self._revoked:
            spare[0].unlink()
