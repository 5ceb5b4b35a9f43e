"""A small PKI to write ledgers about: one root, one issuing CA, services as many as a test likes.

Certificates of services are no DER at all: the ledger keeps bytes and never reads them. CAs have
real ones, because the ledger reads their key identifiers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pki_reconciler.chain import CertificateFacts, CrlFacts, Linted, Unsigned, lint
from pki_reconciler.ledger import records
from pki_reconciler.ledger.write import Ledger
from pki_schema.desired import (
    AuthoritySettings,
    Identity,
    Meaning,
    Profile,
    RevocationRequest,
    authority_identity,
    certificate_identity,
)
from pki_schema.errors import Position
from pki_schema.fields import Duration, KeyDigest, Name, SerialNumber
from pki_schema.instants import to_epoch
from pki_schema.issued import IssuedCrl
from pki_schema.kinds.parts import CrlSettings, OcspSettings
from pki_schema.kinds.revocation import RevocationSpec, RevocationTarget
from pki_schema.x509.algorithms import spki_der

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
DAY = 86_400


class Counted:
    """Entropy that never repeats and is the same in every run."""

    def __init__(self) -> None:
        self.calls = 0

    def token(self, size: int) -> bytes:
        self.calls += 1
        blocks = [
            hashlib.sha256(f"{self.calls}/{block}".encode()).digest()
            for block in range(size // 32 + 1)
        ]
        return b"".join(blocks)[:size]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class World:
    """Writes histories into a ledger, one durable step at a time."""

    ledger: Ledger
    now: datetime = NOW
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    serial: int = 0x1000

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def append(self, *entries: records.Record, commit: str = "") -> list[int]:
        with self.ledger.transaction(self.now) as transaction:
            return transaction.append(entries, commit=commit)

    def touched(self, **options: Any) -> Any:
        return self.ledger.reader.touched(self.now, **options)

    # what Git says

    def accept(self, commit: str, **fields: Any) -> None:
        self.append(
            records.Accepted(commit=commit, parent=self.ledger.reader.accepted() or "", **fields),
            commit=commit,
        )

    # what is done about it

    def key_of(self, name: str) -> str:
        """The SHA-256 of the key that a CA generation of this name has."""
        return digest(spki_der(self._key(name).public_key()))

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        if name not in self.keys:
            self.keys[name] = ec.generate_private_key(ec.SECP256R1())
        return self.keys[name]

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def linted(self, meaning: Meaning, *, issuer: str, serial: int | None = None) -> Any:
        serial = serial or self.next_serial()
        spki = meaning.profile.spki or b""
        name = meaning.subject.name
        own = self.key_of(name) if meaning.profile.ca else digest(spki or name.encode())
        unsigned = Unsigned(
            facts=CertificateFacts(
                issuer=issuer,
                serial=serial,
                subject=meaning.subject,
                meaning=meaning,
                spki=own,
                not_before=self.now,
                not_after=self.now + timedelta(seconds=meaning.profile.duration),
                cause="git",
                reason="declared",
            ),
            draft=b"draft",
            tbs=f"tbs {issuer} {serial} {meaning.profile.digest()}".encode(),
            algorithm=b"algorithm",
            signer=issuer,
            key_algorithm="P-256",
        )
        return passed(unsigned)

    def issue(self, *meanings: Meaning, issuer: str, commit: str = "c1") -> list[int]:
        """Intend and issue; returns the serials."""
        items = [self.linted(meaning, issuer=issuer) for meaning in meanings]
        self.ledger.intend(items, at=self.now, commit=commit, plan="p")
        facts = [item.unsigned.facts for item in items]
        self.append(
            *(
                records.CertificateIssued(
                    issuer=issuer, serial=f"{fact.serial:x}", der=self._der(fact)
                )
                for fact in facts
            )
        )
        return [fact.serial for fact in facts]

    def _der(self, facts: CertificateFacts) -> bytes:
        if not facts.meaning.profile.ca:
            return f"certificate {facts.serial:x}".encode()
        key = self._key(facts.subject.name)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, facts.subject.name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(facts.serial)
            .not_valid_before(facts.not_before)
            .not_valid_after(facts.not_after)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        return builder.sign(key, x509_hash()).public_bytes(encoding())

    def authority(self, name: str, *, issuer: str = "", **settings: Any) -> str:
        """Declare and issue a CA; returns its key's name."""
        meaning = authority_meaning(name, **settings)
        self.accept(f"ca-{name}-{meaning.subject.name}", meanings=(meaning,))
        key = self.key_of(meaning.subject.name)
        self.issue(meaning, issuer=issuer or key)
        return key

    def crl(self, issuer: str, number: int, *, regular: bool = True) -> None:
        """Intend, issue and keep a CRL."""
        linted = linted_crl(issuer, number, at=self.now, regular=regular)
        facts = linted.unsigned.facts
        before = self.ledger.reader.crl(issuer)
        self.ledger.intend_crl(linted, at=self.now, commit="c1", plan="p")
        record = records.CrlIssued(
            issuer=issuer, scope="*", number=number, content_digest=digest(b"crl")
        )
        with self.ledger.transaction(self.now) as transaction:
            transaction.append([record])
            transaction.put_statuses(
                [
                    IssuedCrl(
                        issuer=issuer,
                        number=number,
                        this_update=facts.this_update,
                        next_update=facts.next_update,
                        regular_at=self.now if regular or not before else before.regular_at,
                        der=b"crl",
                    )
                ]
            )

    def revoke(self, issuer: str, *serials: int, reason: str = "superseded", by: str = "r") -> None:
        self.append(
            *(
                records.Revoked(
                    issuer=issuer,
                    serial=f"{serial:x}",
                    revoked_at=to_epoch(self.now),
                    reason=reason,
                    revocation=by,
                    cause="git",
                )
                for serial in serials
            )
        )

    def release(self, issuer: str, *serials: int, by: str = "r") -> None:
        self.append(
            *(
                records.Released(issuer=issuer, serial=f"{serial:x}", revocation=by)
                for serial in serials
            )
        )


def passed(unsigned: Unsigned[Any]) -> Linted[Any]:
    found = lint(unsigned, [lambda _: ()])
    assert isinstance(found, Linted)
    return found


def linted_crl(issuer: str, number: int, *, at: datetime, regular: bool = True) -> Linted[Any]:
    return passed(
        Unsigned(
            facts=CrlFacts(
                issuer=issuer,
                number=number,
                this_update=at,
                next_update=at + timedelta(days=7),
                regular=regular,
            ),
            draft=b"draft",
            tbs=f"crl {issuer} {number} {at}".encode(),
            algorithm=b"algorithm",
            signer=issuer,
            key_algorithm="P-256",
        )
    )


def x509_hash() -> Any:
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256()


def encoding() -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization.Encoding.DER


def place(path: str) -> Position:
    return Position(path, 3, 1)


def authority_meaning(
    name: str,
    *,
    generation: int = 1,
    parent: str = "",
    ocsp: str = "none",
    refresh: int = DAY,
    renew_before: int = 0,
    duration: int = 3650 * DAY,
) -> Meaning:
    return Meaning(
        subject=authority_identity(name, generation),
        profile=Profile(
            issuer=parent,
            subject=(("2.5.4.3", f"{name} G{generation}"),),
            ca=True,
            duration=duration,
            key_algorithm="P-256",
        ),
        renew_before=renew_before,
        authority=AuthoritySettings(
            name=name,
            generation=generation,
            parent=parent,
            depth=1 if parent else 0,
            issues_for=90 * DAY,
            base_urls=("http://pki.vcc.local",),
            crl=CrlSettings(refresh=Duration(refresh)),
            ocsp=OcspSettings(mode=ocsp),
            offline=False,
            lifecycle="active",
        ),
        origin=place(f"authorities/{name}.yaml"),
    )


def service_meaning(name: str, *, tenant: str = "vcc", **fields: Any) -> Meaning:
    """A service's certificate; ``profile`` takes fields of the profile."""
    profile = {
        "issuer": "issuing",
        "subject": (("2.5.4.3", name),),
        "names": (("dns", f"{name}.vcc.local"),),
        "duration": 90 * DAY,
        "key_algorithm": "P-256",
        "spki": f"key of {name}".encode(),
    } | fields.pop("profile", {})
    defaults: dict[str, Any] = {
        "subject": certificate_identity(tenant, name, "default"),
        "profile": Profile(**profile),
        "renew_before": 30 * DAY,
        "template": "service",
        "origin": place(f"tenants/{tenant}/services/{name}.yaml"),
    }
    return Meaning(**(defaults | fields))


def object_facts(kind: str, name: str, *, tenant: str = "", **fields: Any) -> records.ObjectFacts:
    path = fields.pop("path", f"{kind.lower()}/{name}.yaml")
    return records.ObjectFacts(
        identity=Identity(kind, tenant, name),
        path=path,
        blob=fields.pop("blob", "b1"),
        origin=place(path),
        **fields,
    )


def revocation_facts(
    name: str, *, reason: str = "superseded", state: str = "revoked", **target: Any
) -> records.ObjectFacts:
    scalars = {"serial": SerialNumber, "key": KeyDigest}
    aim = RevocationTarget(**{k: scalars.get(k, Name)(v) for k, v in target.items()})
    spec = RevocationSpec(target=aim, reason=reason, state=state)  # type: ignore[arg-type]
    origin = place(f"revocations/{name}.yaml")
    return object_facts(
        "Revocation",
        name,
        path=origin.path,
        revocation=RevocationRequest(name=name, spec=spec, origin=origin),
    )


@pytest.fixture
def make() -> SimpleNamespace:
    """The builders of this page."""
    return SimpleNamespace(
        authority=authority_meaning,
        service=service_meaning,
        facts=object_facts,
        revocation=revocation_facts,
        crl=linted_crl,
        passed=passed,
        replace=msgspec.structs.replace,
        now=NOW,
        entropy=Counted,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def world(path: Path) -> Iterator[World]:
    with Ledger.create(path, entropy=Counted()) as ledger:
        yield World(ledger)


@pytest.fixture
def new_world(tmp_path: Path) -> Iterator[Callable[[str], World]]:
    """More worlds, each with its own ledger."""
    opened: list[Ledger] = []

    def another(name: str) -> World:
        opened.append(Ledger.create(tmp_path / f"{name}.db", entropy=Counted()))
        return World(opened[-1])

    yield another
    for ledger in opened:
        ledger.close()
