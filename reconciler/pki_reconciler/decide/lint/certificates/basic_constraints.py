"""PKI5010: a CA says so, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared

CODE = "PKI5010"


def basic_constraints(_context: CertificateContext) -> SharedRule:
    """Critical, with cA TRUE and the declared path length, in CAs; absent in all else.

    RFC 5280 section 4.2.1.9.
    """

    def check(shared: Shared) -> Iterator[str]:
        profile = shared.profile
        found = shared.extension(x509.BasicConstraints)
        if not profile.ca:
            if found:
                yield "basic constraints in a certificate that is no CA's"
        elif found is None or not found.critical or not found.value.ca:
            yield "a CA without critical basic constraints that say so"
        elif found.value.path_length != profile.path_length:
            yield f"path length {found.value.path_length}, declared is {profile.path_length}"

    return on_shared(CODE, check)
