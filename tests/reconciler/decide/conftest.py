"""A small world to build in: real keys, a root, a services CA and its responder, one fixed now."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cryptography import x509

from pki_reconciler.decide.build import Issuer, build_certificate
from pki_schema.desired import (
    AuthoritySettings,
    Constraints,
    Identity,
    Meaning,
    Profile,
    Subtrees,
    authority_identity,
    certificate_identity,
    responder_identity,
)
from pki_schema.errors import Position
from pki_schema.fields import Duration
from pki_schema.issued import CertificateState, IssuedCertificate
from pki_schema.kinds.parts import CrlSettings, OcspSettings
from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS, algorithm_of, spki_der

DAY = 86_400
ORIGIN = Position("desired-state/example.yaml")
CN, O, C = "2.5.4.3", "2.5.4.10", "2.5.4.6"  # noqa: E741
BASE_URLS = ("http://pki.vcc.internal", "http://pki2.vcc.internal")


@dataclass
class World:
    """Makes keys, meanings and issuers; ``keys`` finds a private key by its SPKI's SHA-256."""

    now: datetime = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
    keys: dict[str, Any] = field(default_factory=dict)
    serials: int = 1 << 150

    def key(self, algorithm: str) -> Any:
        """A new public key whose private half the world keeps."""
        private = ALGORITHMS[algorithm].generate()
        self.keys[self.digest(private.public_key())] = private
        return private.public_key()

    def digest(self, public_key: Any) -> str:
        return hashlib.sha256(spki_der(public_key)).hexdigest()

    def serial(self) -> int:
        self.serials += 1
        return self.serials

    def finished(self, unsigned: Any) -> bytes:
        """The object in DER, signed without asking anybody."""
        key = self.keys[unsigned.signer]
        signature = ALGORITHMS[unsigned.key_algorithm].sign(key, unsigned.tbs)
        if unsigned.certificates:
            parts = (unsigned.tbs, unsigned.algorithm, signature, unsigned.certificates)
            return der.ocsp_response(*parts)
        return der.signed(unsigned.tbs, unsigned.algorithm, signature)

    def settings(self, name: str, *, parent: str = "", **changes: Any) -> AuthoritySettings:
        values = {
            "depth": 1 if parent else 0,
            "issues_for": 1461 * DAY,
            "base_urls": BASE_URLS,
            "crl": CrlSettings(),
            "ocsp": OcspSettings(mode="presigned" if parent else "none", template="vcc-ocsp"),
            "offline": not parent,
            "lifecycle": "active",
        }
        return AuthoritySettings(name=name, generation=1, parent=parent, **values | changes)

    def authority_meaning(
        self, name: str, *, parent: str = "", settings: Any = None, **changes: Any
    ) -> Meaning:
        values = {
            "subject": ((C, "DE"), (O, "VCC - Veritas Control Center"), (CN, f"{name} G1")),
            "ca": True,
            "key_usages": ("cert sign", "crl sign"),
            "duration": (1826 if parent else 7305) * DAY,
            "key_algorithm": "P-384",
        }
        return Meaning(
            subject=authority_identity(name, 1),
            profile=Profile(issuer=parent, **values | changes),
            renew_before=365 * DAY,
            authority=settings or self.settings(name, parent=parent),
            origin=ORIGIN,
        )

    def issuing_meaning(self, name: str = "vcc-services", **changes: Any) -> Meaning:
        """The services CA of the example: limited in path, purposes and names."""
        values = {
            "parent": "vcc-root",
            "path_length": 0,
            "extended_key_usages": ("client auth", "server auth"),
            "name_constraints": Constraints(permitted=Subtrees(dns=("vcc.internal", "vcc.local"))),
            "policies": (("2.5.29.32.0", ""),),
        }
        return self.authority_meaning(name, **values | changes)

    def leaf_meaning(self, **changes: Any) -> Meaning:
        values = {
            "issuer": "vcc-services",
            "subject": ((C, "DE"), (CN, "argus-backend.vcc.local")),
            "names": (("dns", "argus-backend.vcc.local"),),
            "key_usages": ("digital signature",),
            "extended_key_usages": ("client auth", "server auth"),
            "policies": (("1.3.6.1.4.1.32473.1.1", "http://pki.vcc.internal/cps"),),
            "duration": 90 * DAY,
            "key_algorithm": "P-256",
        }
        return Meaning(
            subject=certificate_identity("vcc", "argus-backend", "default"),
            profile=Profile(**values | changes),
            renew_before=30 * DAY,
            template="vcc-service",
            origin=ORIGIN,
        )

    def responder_meaning(self, **changes: Any) -> Meaning:
        values = {
            "issuer": "vcc-services",
            "subject": ((C, "DE"), (CN, "vcc-services G1 OCSP responder")),
            "key_usages": ("digital signature",),
            "extended_key_usages": ("ocsp signing",),
            "extended_key_usage_critical": True,
            "ocsp_no_check": True,
            "status_pointers": False,
            "duration": 30 * DAY,
            "key_algorithm": "P-256",
            "key_reuse": False,
        }
        return Meaning(
            subject=responder_identity("vcc-services", 1),
            profile=Profile(**values | changes),
            renew_before=10 * DAY,
            template="vcc-ocsp",
            origin=ORIGIN,
        )

    def unsigned(self, meaning: Meaning, issuer: Issuer | None, **changes: Any) -> Any:
        """What is built from a meaning, with a new key and a new serial unless told otherwise."""
        values = {
            "issuer": issuer,
            "serial": self.serial(),
            "now": self.now,
            "cause": "git",
            "reason": "declared",
        }
        public_key = changes.pop("public_key", None) or self.key(meaning.profile.key_algorithm)
        values["spki"] = spki_der(public_key)
        return build_certificate(meaning, **values | changes)

    def issuer(self, meaning: Meaning, parent: Issuer | None, **changes: Any) -> Issuer:
        """A CA that exists."""
        der_bytes = self.finished(self.unsigned(meaning, parent, **changes))
        assert meaning.authority is not None
        return Issuer.with_certificate(x509.load_der_x509_certificate(der_bytes), meaning.authority)

    def issued(self, serial: int, **changes: Any) -> IssuedCertificate:
        """A row of the ledger for a certificate of the services CA."""
        values = {
            "issuer": "",
            "subject": Identity("Certificate", "vcc", "argus-backend/default"),
            "spec": "",
            "spki": "",
            "not_before": self.now,
            "not_after": self.now,
            "state": CertificateState.VALID,
        }
        return IssuedCertificate(serial=serial, **values | changes)

    def with_crl(self, issuer: Issuer, **changes: Any) -> Issuer:
        """The same issuer with other CRL settings (durations in seconds)."""
        values = {k: Duration(v) if k in {"validity", "refresh"} else v for k, v in changes.items()}
        crl = msgspec.structs.replace(issuer.settings.crl, **values)
        settings = msgspec.structs.replace(issuer.settings, crl=crl)
        return Issuer.with_certificate(issuer.certificate, settings)

    def algorithm(self, public_key: Any) -> str:
        found = algorithm_of(public_key)
        assert found is not None
        return found.name


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def root(world: World) -> Issuer:
    return world.issuer(world.authority_meaning("vcc-root"), None)


@pytest.fixture(scope="session")
def services(world: World, root: Issuer) -> Issuer:
    return world.issuer(world.issuing_meaning(), root)


@pytest.fixture(scope="session")
def responder(world: World, services: Issuer) -> bytes:
    """The responder's certificate of the services CA, in DER."""
    return world.finished(world.unsigned(world.responder_meaning(), services))
