"""PKI5015: an OCSP responder's certificate is good for nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.x509 import oids

CODE = "PKI5015"


def ocsp_signing(context: CertificateContext) -> SharedRule:
    """OCSPSigning and ocsp-nocheck only together, as the sole purpose, in leaves.

    RFC 6960 sections 4.2.2.2 and 4.2.2.2.1: whoever holds such a key speaks for the CA, and its
    certificate is not checked itself. So no service ever holds one.
    """

    def check(shared: Shared) -> Iterator[str]:
        purposes = shared.extension(x509.ExtendedKeyUsage)
        usages = {usage.dotted_string for usage in purposes.value} if purposes else set()
        no_check = shared.extension(x509.OCSPNoCheck)
        if oids.OCSP_SIGNING not in usages:
            if no_check:
                yield "ocsp-nocheck in a certificate that is not a responder's"
            return
        if shared.kind != "ResponderCertificate":
            yield "OCSPSigning for a key that is not the key store's"
        if usages != {oids.OCSP_SIGNING}:
            yield "OCSPSigning beside other purposes"
        if no_check is None or no_check.critical:
            yield "ocsp-nocheck is missing or critical"
        constraints = shared.extension(x509.BasicConstraints)
        if (constraints and constraints.value.ca) or context.issuer is None:
            yield "OCSPSigning on a CA"

    return on_shared(CODE, check)
