"""A small PKI made with pyca: root, issuing CA, one service certificate, CRLs and OCSP answers."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki_schema.desired import (
    Meaning,
    Profile,
    authority_identity,
    certificate_identity,
    responder_identity,
)
from pki_schema.errors import Position
from pki_schema.issued import (
    CertificateState,
    IssuedAnswer,
    IssuedAuthority,
    IssuedCertificate,
    IssuedCrl,
)

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Authority:
    """A CA with its key, so that tests can sign what they need."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    issued: IssuedAuthority

    def sign_crl(self, *, number: int, revoked=(), at=NOW, until=NOW + timedelta(days=7)) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(until)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for one in revoked:
            serial, reason = one if isinstance(one, tuple) else (one, None)
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            if reason:
                entry = entry.add_extension(reason, critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(DER)

    def with_crl(self, *, number: int, **crl) -> IssuedAuthority:
        der = self.sign_crl(number=number, **crl)
        at, until = crl.get("at", NOW), crl.get("until", NOW + timedelta(days=7))
        issued = IssuedCrl(
            issuer=self.issued.spki,
            number=number,
            this_update=at,
            next_update=until,
            regular_at=at,
            der=der,
        )
        return _replace(self.issued, crl=issued)

    def certify(self, name: str, serial: int, **facts) -> IssuedCertificate:
        """A service certificate ``svc/web`` of tenant ``vcc`` unless told otherwise."""
        key = ec.generate_private_key(ec.SECP256R1())
        identity = facts.pop("subject", certificate_identity("vcc", name, "web"))
        return _certify(
            key.public_key(), name, self.certificate.subject, self.key, serial, identity, **facts
        )

    def answer(
        self,
        certificate: IssuedCertificate,
        algorithm: str,
        *,
        revoked=False,
        at=NOW,
        until=NOW + timedelta(days=4),
    ) -> IssuedAnswer:
        hash_algorithm = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}[algorithm]
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=x509.load_der_x509_certificate(certificate.der),
                issuer=self.certificate,
                algorithm=hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=at,
                next_update=until,
                revocation_time=at if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
            .sign(self.key, hashes.SHA256())
        )
        return IssuedAnswer(
            issuer=self.issued.spki,
            serial=certificate.serial,
            algorithm=algorithm,
            this_update=at,
            next_update=until,
            der=response.public_bytes(DER),
        )

    def request(self, certificate: IssuedCertificate, algorithm=None) -> bytes:
        """The OCSP request for a certificate of this CA, in DER."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            x509.load_der_x509_certificate(certificate.der),
            self.certificate,
            algorithm or hashes.SHA1(),
        )
        return builder.build().public_bytes(DER)


@dataclass(frozen=True)
class Estate:
    root: Authority
    issuing: Authority
    leaf: IssuedCertificate


def make_authority(
    name: str, serial: int, parent: Authority | None = None, *, key=None
) -> Authority:
    key = key or ec.generate_private_key(ec.SECP256R1())
    spki = _spki(key.public_key())
    subject = authority_identity(name, 1)
    certificate = _certify(
        key.public_key(),
        name,
        parent.certificate.subject if parent else None,
        parent.key if parent else key,
        serial,
        subject,
        ca=True,
        issuer=parent.issued.spki if parent else spki,
    )
    loaded = x509.load_der_x509_certificate(certificate.der)
    ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()
    profile = Profile(issuer="", subject=(), duration=86_400, key_algorithm="P-256")
    issued = IssuedAuthority(
        name=name,
        generation=1,
        spki=spki,
        ski=ski,
        certificate=certificate,
        meaning=Meaning(subject=subject, profile=profile, renew_before=0, origin=Position("a")),
        parent=parent.issued.spki if parent else "",
    )
    return Authority(key, loaded, issued)


def _replace(struct, **changes):
    import msgspec

    return msgspec.structs.replace(struct, **changes)


def _spki(public_key) -> str:
    der = public_key.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _certify(
    public_key, name, issuer_name, issuer_key, serial, identity, *, ca=False, issuer="", **facts
) -> IssuedCertificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start, end = NOW - timedelta(hours=1), NOW + timedelta(days=90)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name or subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if identity.kind == responder_identity("", 1).kind:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(usage, critical=False)
    digest = (
        hashes.SHA256()
        if isinstance(issuer_key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        else None
    )
    der = builder.sign(issuer_key, digest).public_bytes(DER)
    return IssuedCertificate(
        issuer=issuer or _spki(issuer_key.public_key()),
        serial=serial,
        subject=identity,
        spec="0" * 64,
        spki=_spki(public_key),
        not_before=start,
        not_after=end,
        state=facts.pop("state", CertificateState.VALID),
        der=der,
        **facts,
    )


@pytest.fixture(scope="session")
def now():
    return NOW


@pytest.fixture(scope="session")
def estate() -> Estate:
    root = make_authority("root", 0x11)
    issuing = make_authority("issuing", 0x22, root)
    return Estate(root, issuing, issuing.certify("api", 0x1234ABCD))


@pytest.fixture(scope="session")
def stranger() -> Authority:
    """Another CA with the same *name* as the issuing one, and another key."""
    return make_authority("issuing", 0x22, make_authority("root", 0x11))
