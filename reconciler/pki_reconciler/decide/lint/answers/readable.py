"""PKI5201: what is linted is what will be signed, by the responder's key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import AnswerFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.cuts import signer_faults
from pki_reconciler.decide.lint.drafts import read_answer
from pki_reconciler.decide.lint.signatures import IDENTIFIERS
from pki_schema.x509 import der
from pki_schema.x509.algorithms import algorithm_of, spki_der

CODE = "PKI5201"


def readable(context: AnswerContext) -> Rule[AnswerFacts]:
    """A successful OCSPResponse in strict DER, no octet more or less (RFC 6960 section 4.2.1).

    Clients accept a trailing octet, so the whole draft is put together anew and compared.
    """
    public_key = x509.load_der_x509_certificate(context.responder).public_key()
    algorithm = algorithm_of(public_key)
    name = algorithm.name if algorithm else ""
    spki = hashlib.sha256(spki_der(public_key)).hexdigest()

    def rule(unsigned: Unsigned[AnswerFacts]) -> tuple[Finding, ...]:
        return tuple(
            Finding(CODE, message)
            for message in (
                *_faults(unsigned),
                *signer_faults(unsigned, spki=spki, key_algorithm=name),
                *_algorithm_faults(unsigned, IDENTIFIERS.get(name)),
                *_issuer_faults(unsigned, context),
            )
        )

    return rule


def _faults(unsigned: Unsigned[AnswerFacts]) -> Iterator[str]:
    draft = read_answer(unsigned.draft)
    if draft is None:
        yield "the answer cannot be read"
        return
    response = draft.response
    if response.tbs_response_bytes != unsigned.tbs:
        yield "the bytes to be signed are not those of the draft"
    parts = (unsigned.tbs, unsigned.algorithm, response.signature, unsigned.certificates)
    if der.ocsp_response(*parts) != unsigned.draft:
        yield "put together anew, the answer is another one"


def _algorithm_faults(unsigned: Unsigned[AnswerFacts], expected: bytes | None) -> Iterator[str]:
    if unsigned.algorithm != expected:
        yield f"signature algorithm {unsigned.algorithm.hex()} does not fit the responder's key"


def _issuer_faults(unsigned: Unsigned[AnswerFacts], context: AnswerContext) -> Iterator[str]:
    if unsigned.facts.issuer != context.issuer.spki:
        yield f"would be recorded under issuer {unsigned.facts.issuer[:16]}"
