"""PKI5014: purposes lie within those of the CAs above."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import extension_of
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.x509 import oids

CODE = "PKI5014"


def issuer_purposes(context: CertificateContext) -> SharedRule:
    """RFC 5280 leaves EKU in CAs undefined; every large relying party reads it as a limit.

    OCSPSigning is exempt: a delegated responder's purpose comes from RFC 6960 section 4.2.2.2,
    which asks for the issuer's signature only.
    """
    limits = [
        {usage.dotted_string for usage in limit}
        for certificate in context.chain
        if (limit := extension_of(certificate, x509.ExtendedKeyUsage))
    ]

    def check(shared: Shared) -> Iterator[str]:
        if not limits:
            return
        found = shared.extension(x509.ExtendedKeyUsage)
        if found is None:
            yield "no purposes below a CA that is limited to some"
            return
        usages = {usage.dotted_string for usage in found.value} - {oids.OCSP_SIGNING}
        for limit in limits:
            if beyond := usages - limit:
                yield f"purposes {sorted(beyond)} are not among its issuer's"

    return on_shared(CODE, check)
