"""PKI5204: who answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from pki_reconciler.chain import AnswerFacts, Rule
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.drafts import AnswerDraft, extension_of, on_answer
from pki_schema.x509 import oids

CODE = "PKI5204"


def responder(context: AnswerContext) -> Rule[AnswerFacts]:
    """A responder that this issuer's key certified for OCSP, named by its key, valid to the end.

    RFC 6960 sections 2.6, 4.2.2.2 and 4.2.2.3; by key because RFC 9919 section 3.2.1 wants it
    short.
    """
    certificate = x509.load_der_x509_certificate(context.responder)
    standing = _standing(certificate, context.issuer.certificate)
    key_hash = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc

    def check(draft: AnswerDraft, _facts: AnswerFacts) -> Iterator[str]:
        yield from standing
        response = draft.response
        if response.responder_key_hash != key_hash:
            yield "the responder is not named by the hash of its key"
        enclosed = [c.public_bytes(serialization.Encoding.DER) for c in response.certificates]
        if enclosed != [context.responder]:
            yield "the responder's certificate, and only that, has to come along"
        for single in draft.singles:
            until = single.next_update_utc
            if single.this_update_utc < begin or (until and until > end):
                yield f"the responder's certificate is valid from {begin} to {end} only"

    return on_answer(CODE, check)


@lru_cache(maxsize=64)
def _standing(certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[str, ...]:
    """What is wrong with the responder itself; remembered, since it costs a signature check."""
    return tuple(_certificate_faults(certificate, issuer))


def _certificate_faults(certificate: x509.Certificate, issuer: x509.Certificate) -> Iterator[str]:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        yield "the responder was not certified by this issuer"
    purposes = extension_of(certificate, x509.ExtendedKeyUsage)
    if not purposes or [usage.dotted_string for usage in purposes] != [oids.OCSP_SIGNING]:
        yield "the responder's certificate is not for signing OCSP answers only"
    if extension_of(certificate, x509.OCSPNoCheck) is None:
        yield "the responder's certificate lacks ocsp-nocheck"
