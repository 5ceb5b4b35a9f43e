"""PKI5004: nothing outlives its issuer."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared

CODE = "PKI5004"


def issuer_validity(context: CertificateContext) -> SharedRule:
    """Its period lies within that of every certificate above it.

    RFC 5280 section 6.1.3 (a)(2) would refuse the path for the rest of the time; relying parties
    with the shell model refuse it altogether.
    """

    def check(shared: Shared) -> Iterator[str]:
        begin, end = shared.not_before, shared.not_after
        for certificate in context.chain:
            if end > certificate.not_valid_after_utc:
                yield f"ends at {end}, its issuer at {certificate.not_valid_after_utc}"
            if begin < certificate.not_valid_before_utc:
                yield f"begins at {begin}, its issuer at {certificate.not_valid_before_utc}"

    return on_shared(CODE, check)
