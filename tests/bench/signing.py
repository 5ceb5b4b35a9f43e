"""The floor of issuance: certificates by pyca's builder alone, from keys that are there already."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

START = datetime(2026, 11, 23)  # noqa: DTZ001 - pyca takes naive UTC


def sign(count: int) -> float:
    """Seconds for ``count`` P-256 certificates of the usual shape, P-256 keys.

    What all have in common is built once: the shared prefix of a template.
    """
    issuer = ec.generate_private_key(ec.SECP256R1())
    subjects = [ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(count)]
    digest = hashes.SHA256()
    prefix = (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench CA G1")]))
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    start = time.perf_counter()
    for number, key in enumerate(subjects, start=1):
        name = f"service-{number:05d}.fleet.vcc.internal"
        (
            prefix.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(issuer, digest)
        )
    return time.perf_counter() - start
