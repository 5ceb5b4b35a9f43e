"""What a relying party finds in a published folder: it follows pointers and opens nothing else."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki_reconciler.ports import SystemClock
from tests.worlds import World


@dataclass(frozen=True, kw_only=True)
class Held:
    """A service certificate as its ``current.json`` describes it; CA certificates are in PEM."""

    name: str
    cert: Path
    chain: Path
    fullchain: Path
    staple: Path
    crls: Path
    crl: Path
    issuer: Path
    anchor: Path
    key: Path
    """On the host of the service; never published."""

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.cert.read_bytes())

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    @property
    def ocsp(self) -> str:
        """The path of the OCSP service that the certificate names."""
        return self._access(AuthorityInformationAccessOID.OCSP)

    @property
    def pointer_to_issuer(self) -> str:
        """The path at which the certificate says its issuer's is found."""
        return self._access(AuthorityInformationAccessOID.CA_ISSUERS)

    @property
    def pointer_to_crl(self) -> str:
        """The path at which the certificate says its CRL is found."""
        (point,) = self.certificate.extensions.get_extension_for_class(
            x509.CRLDistributionPoints
        ).value
        assert point.full_name is not None
        (url,) = point.full_name
        return urlsplit(url.value).path

    def _access(self, method: x509.ObjectIdentifier) -> str:
        (url,) = (
            access.access_location.value
            for access in self.certificate.extensions.get_extension_for_class(
                x509.AuthorityInformationAccess
            ).value
            if access.access_method == method
        )
        return urlsplit(url).path


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A CA: ``line`` are the names of the CAs above it, nearest first."""

    name: str
    stem: str
    pem: Path
    crl: Path
    crls: Path
    line: tuple[str, ...]
    certificate: x509.Certificate


class Published:
    """A published folder; ``scratch`` receives in PEM what is published in DER."""

    def __init__(self, world: World) -> None:
        self.root = world.public
        self._hosts = world.hosts
        self._scratch = world.root / "scratch"
        self._scratch.mkdir(exist_ok=True)

    def held(self, name: str) -> Held:
        """What ``tenant/service`` or ``tenant/service/certificate`` uses now."""
        tenant, service, certificate = (*name.split("/"), "default")[:3]
        pointer = self.root / "svc" / tenant / service / certificate / "current.json"
        current = json.loads(pointer.read_text())
        files = {name: self.root / file["path"] for name, file in current["files"].items()}
        return Held(
            name=name,
            cert=files["cert.pem"],
            chain=files["chain.pem"],
            fullchain=files["fullchain.pem"],
            staple=self.root / current["staple"]["path"],
            crls=self.root / current["crlChain"],
            crl=self.root / current["crl"],
            issuer=self._pem(self.root / current["issuerCertificate"]),
            anchor=self._pem(self.root / current["trustAnchor"]),
            key=self._hosts / tenant / service / f"{certificate}.key.pem",
        )

    def names(self) -> set[str]:
        """Every service certificate that has a pointer."""
        found = {p.parent.relative_to(self.root / "svc") for p in self.root.rglob("current.json")}
        return {path.as_posix().removesuffix("/default") for path in found}

    def authority(self, name: str) -> Authority:
        return self.authorities()[name]

    def authorities(self) -> dict[str, Authority]:
        """Every CA with a published certificate, by name."""
        read = {
            path: x509.load_der_x509_certificate(path.read_bytes())
            for path in sorted((self.root / "aia").glob("*.cer"))
        }
        by_subject = {c.subject: path.stem.rpartition("-")[0] for path, c in read.items()}
        issuers = {by_subject[c.subject]: by_subject[c.issuer] for c in read.values()}

        def line(name: str) -> tuple[str, ...]:
            above = issuers[name]
            return () if above == name else (above, *line(above))

        return {
            by_subject[certificate.subject]: Authority(
                name=by_subject[certificate.subject],
                stem=path.stem,
                pem=self._pem(path),
                crl=self.root / "crl" / f"{path.stem}.crl",
                crls=self.root / "crl" / f"{path.stem}.chain.pem",
                line=line(by_subject[certificate.subject]),
                certificate=certificate,
            )
            for path, certificate in read.items()
        }

    def responder(self, authority: Authority) -> Path:
        """The certificate of the responder that signs a CA's answers, as they carry it."""
        answer = next((self.root / "ocsp" / authority.stem).glob("*.der"))
        (certificate,) = ocsp.load_der_ocsp_response(answer.read_bytes()).certificates
        pem = self._scratch / f"{authority.stem}.responder.pem"
        pem.write_bytes(certificate.public_bytes(Encoding.PEM))
        return pem

    def _pem(self, der: Path) -> Path:
        pem = self._scratch / f"{der.stem}.pem"
        pem.write_text(ssl.DER_cert_to_PEM_cert(der.read_bytes()))
        return pem


def an_hour_old(root: Path) -> World:
    """The shipped organisation, published on disk an hour before the real time."""
    world = World.shipped(root).on_disk()
    world.clock.instant = SystemClock().now()
    outcome = world.reconcile(hours=-1)
    assert not outcome.held, outcome.kept_back
    return world


def reconcile_now(world: World) -> None:
    """Reconcile at the time that foreign programs will read from the real clock."""
    world.clock.instant = SystemClock().now()
    outcome = world.reconcile()
    assert not outcome.observed.refused, outcome.observed.refused
    assert not outcome.held, outcome.kept_back
