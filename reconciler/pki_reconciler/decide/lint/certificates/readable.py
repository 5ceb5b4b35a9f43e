"""PKI5001: what is linted is what will be signed, by the issuer's key."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CertificateFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.cuts import cut_faults, signer_faults
from pki_reconciler.decide.lint.drafts import read_certificate

CODE = "PKI5001"


def readable(context: CertificateContext) -> Rule[CertificateFacts]:
    """Strict DER (X.690 section 10), version 3 (RFC 5280 section 4.1.2.1), no octet too many."""

    def rule(unsigned: Unsigned[CertificateFacts]) -> tuple[Finding, ...]:
        return tuple(Finding(CODE, message) for message in _faults(unsigned, context))

    return rule


def _faults(unsigned: Unsigned[CertificateFacts], context: CertificateContext) -> Iterator[str]:
    draft = read_certificate(unsigned.draft)
    if draft is None:
        yield "the certificate cannot be read"
        return
    if draft.certificate.version is not x509.Version.v3:
        yield "the certificate is not version 3"
    yield from cut_faults(unsigned, unsigned.draft)
    issuer = context.issuer
    signer = issuer.spki if issuer else unsigned.facts.spki
    yield from signer_faults(
        unsigned,
        spki=signer,
        key_algorithm=(
            issuer.key_algorithm if issuer else unsigned.facts.meaning.profile.key_algorithm
        ),
    )
    if unsigned.facts.issuer != signer:
        yield f"would be recorded under issuer {unsigned.facts.issuer[:16]}, not {signer[:16]}"
