"""PKI5005: the signature algorithm, inside and outside."""

from __future__ import annotations

from pki_reconciler.chain import CertificateFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import read_certificate
from pki_reconciler.decide.lint.signatures import IDENTIFIERS

CODE = "PKI5005"


def signature_algorithm(context: CertificateContext) -> Rule[CertificateFacts]:
    """The two AlgorithmIdentifiers are equal, parameters included, and fit the issuer's key.

    RFC 5280 sections 4.1.1.2 and 4.1.2.3.
    """

    def rule(unsigned: Unsigned[CertificateFacts]) -> tuple[Finding, ...]:
        draft = read_certificate(unsigned.draft)
        if draft is None:
            return ()
        name = context.issuer.key_algorithm if context.issuer else unsigned.key_algorithm
        expected = IDENTIFIERS[name]
        if draft.signature_algorithm == unsigned.algorithm == expected:
            return ()
        inside, outside = draft.signature_algorithm.hex(), unsigned.algorithm.hex()
        return (Finding(CODE, f"signed as {inside} inside and {outside} outside for {name}"),)

    return rule
