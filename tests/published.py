"""What readers of a publication see: public bytes alone, read with foreign eyes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.x509 import ocsp

from pki_publishers import layout
from tests.fakes import InMemoryTarget
from tests.worlds import World


@dataclass(frozen=True)
class Published:
    """All files of a publication by path. Nothing here asks the ledger."""

    files: Mapping[str, bytes]

    @classmethod
    def of(cls, world: World) -> Self:
        """What a world has published by now."""
        target = world.targets["public"]
        if isinstance(target, InMemoryTarget):
            return cls(dict(target.files))
        return cls.at(world.public)

    @classmethod
    def at(cls, folder: Path) -> Self:
        """What lies in a folder."""
        return cls(
            {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file() and not path.name.startswith(".")
            }
        )

    @property
    def but_pages(self) -> Mapping[str, bytes]:
        """All but the status page, which tells of much that is not published."""
        return {path: body for path, body in self.files.items() if not is_page(path)}

    def json(self, path: str) -> Any:
        return json.loads(self.files[path])

    def has(self, service: str, tenant: str = "vcc", name: str = "default") -> bool:
        """Whether anything is published for a service's certificate."""
        return f"svc/{tenant}/{service}/{name}/current.json" in self.files

    def current(self, service: str, tenant: str = "vcc", name: str = "default") -> Any:
        return self.json(f"svc/{tenant}/{service}/{name}/current.json")

    def certificate(
        self, service: str, tenant: str = "vcc", name: str = "default"
    ) -> x509.Certificate:
        """The certificate that ``current.json`` points to."""
        path = self.current(service, tenant, name)["files"]["cert.pem"]["path"]
        return x509.load_pem_x509_certificate(self.files[path])

    def stem(self, ca: str, generation: int = 1) -> str:
        """The name of a CA's key in paths."""
        return str(
            next(
                a["stem"]
                for a in self.json("status.json")["authorities"]
                if (a["name"], a["generation"]) == (ca, generation)
            )
        )

    def authority(self, ca: str, generation: int = 1) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.files[f"aia/{self.stem(ca, generation)}.cer"])

    def crl(self, ca: str, generation: int = 1) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl(self.files[f"crl/{self.stem(ca, generation)}.crl"])

    def crl_number(self, ca: str, generation: int = 1) -> int:
        extensions = self.crl(ca, generation).extensions
        return extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    def entry(self, certificate: x509.Certificate, ca: str) -> x509.RevokedCertificate | None:
        """The entry of a certificate on the newest generation's CRL, if it has one."""
        generations = [
            a["generation"]
            for a in self.json("status.json")["authorities"]
            if a["name"] == ca and self.authority(ca, a["generation"]).subject == certificate.issuer
        ]
        crl = self.crl(ca, max(generations))
        return crl.get_revoked_certificate_by_serial_number(certificate.serial_number)

    def answers(self, certificate: x509.Certificate) -> list[ocsp.OCSPResponse]:
        """The stored OCSP answers for a certificate, for both CertID hashes."""
        serial = f"{certificate.serial_number:x}"
        return [
            ocsp.load_der_ocsp_response(body)
            for path, body in sorted(self.files.items())
            if path.startswith("ocsp/") and path.split("/")[2].partition(".")[0] == serial
        ]

    def ocsp_states(self, certificate: x509.Certificate) -> set[str]:
        """What its stored answers say: ``GOOD``, ``REVOKED``; empty when there are none."""
        return {answer.certificate_status.name for answer in self.answers(certificate)}


def is_page(path: str) -> bool:
    """Whether it is one of the files that people read to see how everything stands."""
    return path in (layout.INDEX_PATH, layout.CALENDAR_PATH) or path.startswith(layout.PAGES_FOLDER)


def duration(certificate: x509.Certificate) -> int:
    """Seconds, both ends counted (RFC 5280 section 4.1.2.5)."""
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return int(lasts.total_seconds()) + 1
