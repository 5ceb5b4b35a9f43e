"""What relying parties are shown: certificates as the product issued and published them.

One installation is made twice, with the same names and other keys. In the first a server and a
client certificate are issued, end, are renewed, revoked and replaced; so each is there as good,
revoked and expired, with one CRL for all. The second installation and the other tenant give
certificates that are in order but for who issued them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from cryptography import x509

from pki_reconciler.ports import SystemClock
from tests.conformance.published import Published, reconcile_now
from tests.fakes import SeededEntropy
from tests.worlds import World


class Role(StrEnum):
    """In which role a certificate is presented."""

    SERVER = "server"
    CLIENT = "client"


class Situation(StrEnum):
    """What is the matter with a certificate; always one thing only."""

    GOOD = "good"
    HOME = "home"
    """Good, the other tenant's, under the other tenant's root."""
    THEN = "then"
    """The expired one, with the CRLs and at the time of its youth; for who has a clock option."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    STRANGER = "stranger"
    """Wrong CA: the other tenant's, under our root."""
    IMPOSTOR = "impostor"
    """Wrong CA: every name is right and every key another."""
    MISUSED = "misused"
    """A client's certificate as a server's, and the other way round."""


LATER = timedelta(minutes=1)
"""After publishing a relying party comes: Java takes what was revoked this instant as good."""

NAMES = {Role.SERVER: "vcc/pki-server/api", Role.CLIENT: "vcc/veritas-frontend"}
"""Certificates for one of the roles only."""

PARTNER = "partner/exchange"
BEGIN_CRL = b"-----BEGIN X509 CRL-----"
HOSTS = {NAMES[Role.SERVER]: "pki.vcc.local", PARTNER: "exchange.partner.internal"}


@dataclass(frozen=True, kw_only=True)
class Presented:
    """One certificate in one role, and all that a relying party has to judge it; in PEM."""

    situation: Situation
    role: Role
    cert: Path
    chain: Path
    fullchain: Path
    key: Path
    anchor: Path
    crls: Path
    """Of every level, of both tenants: nobody lacks a CRL."""
    host: str
    at: datetime

    @property
    def name(self) -> str:
        return f"{self.situation}-{self.role}"

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.cert.read_bytes())

    @cached_property
    def lists(self) -> list[x509.CertificateRevocationList]:
        """The CRLs."""
        parts = self.crls.read_bytes().split(BEGIN_CRL)[1:]
        return [x509.load_pem_x509_crl(BEGIN_CRL + part) for part in parts]

    @cached_property
    def line(self) -> list[x509.Certificate]:
        """The intermediates."""
        return x509.load_pem_x509_certificates(self.chain.read_bytes())


@dataclass(frozen=True)
class Evidence:
    """Every certificate that is presented, by situation and role; and the installation itself."""

    world: World
    presented: dict[tuple[Situation, Role], Presented]

    @classmethod
    def make(cls, root: Path) -> Evidence:
        return cls(*_Maker(root).make())

    def of(self, situation: Situation, role: Role) -> Presented:
        return self.presented[situation, role]

    def in_role(self, role: Role) -> Iterator[Presented]:
        return (each for each in self.presented.values() if each.role == role)


class _Maker:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept = root / "kept"
        self.world = World.shipped(root / "world").on_disk()
        self.now = self._real_time(self.world)
        self.presented: dict[tuple[Situation, Role], Presented] = {}

    @staticmethod
    def _real_time(world: World) -> datetime:
        world.clock.instant = SystemClock().now()
        return world.clock.instant

    def make(self) -> tuple[World, dict[tuple[Situation, Role], Presented]]:
        world = self.world
        assert not world.reconcile(days=-100).held
        then = self._keep_crls("then")
        for role, name in NAMES.items():
            self._keep(Situation.EXPIRED, role, name)
            self._keep(Situation.THEN, role, name, crls=then)
        then_at = world.clock.instant + LATER
        world.clock.instant = self.now
        assert not world.reconcile(hours=-1).held
        for role, name in NAMES.items():
            self._keep(Situation.REVOKED, role, name)
        world.revoke("api", "{tenant: vcc, service: pki-server, certificate: api}", "superseded")
        world.revoke("frontend", "{tenant: vcc, service: veritas-frontend}", "superseded")
        world.commit()
        reconcile_now(world)
        other = {Role.SERVER: Role.CLIENT, Role.CLIENT: Role.SERVER}
        partner = Published(world).held(PARTNER).anchor
        for role, name in NAMES.items():
            self._keep(Situation.GOOD, role, name)
            self._keep(Situation.MISUSED, role, NAMES[other[role]])
            self._keep(Situation.STRANGER, role, PARTNER)
            self._keep(Situation.HOME, role, PARTNER, anchor=partner)
        self._keep_crls("now")
        self._impostors()
        now = world.clock.instant + LATER
        return world, {
            (situation, role): replace(each, at=then_at if situation is Situation.THEN else now)
            for (situation, role), each in self.presented.items()
        }

    def _impostors(self) -> None:
        world = World.shipped(self.root / "impostor").on_disk()
        world.entropy = SeededEntropy("another installation")
        self._real_time(world)
        assert not world.reconcile(hours=-1).held
        for role, name in NAMES.items():
            self._keep(Situation.IMPOSTOR, role, name, world=world)

    def _keep(
        self,
        situation: Situation,
        role: Role,
        name: str,
        *,
        world: World | None = None,
        anchor: Path | None = None,
        crls: Path | None = None,
    ) -> None:
        """Copy what is published now: the next reconciliation replaces it."""
        held = Published(world or self.world).held(name)
        folder = self.kept / f"{situation}-{role}"
        folder.mkdir(parents=True)
        cert, chain, fullchain = (
            Path(shutil.copy(path, folder)) for path in (held.cert, held.chain, held.fullchain)
        )
        self.presented[situation, role] = Presented(
            situation=situation,
            role=role,
            cert=cert,
            chain=chain,
            fullchain=fullchain,
            key=held.key,
            anchor=anchor or Published(self.world).held(NAMES[role]).anchor,
            crls=crls or self.kept / "now.crls.pem",
            host=HOSTS.get(name, HOSTS[NAMES[Role.SERVER]]),
            at=self.now,
        )

    def _keep_crls(self, moment: str) -> Path:
        """Both tenants' published chains of CRLs, one after the other."""
        published = Published(self.world)
        files = (published.held(name).crls for name in (NAMES[Role.SERVER], PARTNER))
        kept = self.kept / f"{moment}.crls.pem"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(b"".join(file.read_bytes() for file in files))
        return kept
