"""PKI5101: what is linted is what will be signed, by the issuer's key."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CrlFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.cuts import cut_faults, signer_faults
from pki_reconciler.decide.lint.drafts import read_crl

CODE = "PKI5101"


def readable(context: CrlContext) -> Rule[CrlFacts]:
    """Strict DER, no octet more or less (X.690 section 10), by the key that the draft names."""

    def rule(unsigned: Unsigned[CrlFacts]) -> tuple[Finding, ...]:
        return tuple(Finding(CODE, message) for message in _faults(unsigned, context))

    return rule


def _faults(unsigned: Unsigned[CrlFacts], context: CrlContext) -> Iterator[str]:
    if read_crl(unsigned.draft) is None:
        yield "the CRL cannot be read"
        return
    issuer = context.issuer
    yield from cut_faults(unsigned, unsigned.draft)
    yield from signer_faults(unsigned, spki=issuer.spki, key_algorithm=issuer.key_algorithm)
    if unsigned.facts.issuer != issuer.spki:
        yield f"would be recorded under issuer {unsigned.facts.issuer[:16]}"
