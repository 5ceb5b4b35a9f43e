"""PKI5013: the extended key usage."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.x509 import oids

CODE = "PKI5013"


def extended_key_usage(_context: CertificateContext) -> SharedRule:
    """As declared, never anyExtendedKeyUsage, never twice, never empty (RFC 5280 section 4.2.1.12).

    A leaf has one: without it every purpose would be allowed.
    """

    def check(shared: Shared) -> Iterator[str]:
        profile = shared.profile
        found = shared.extension(x509.ExtendedKeyUsage)
        usages = [usage.dotted_string for usage in found.value] if found else []
        declared = {oids.EXTENDED_KEY_USAGES.get(u, u) for u in profile.extended_key_usages}
        if set(usages) != declared or len(usages) != len(declared):
            yield f"purposes {usages}, declared are {sorted(declared)}"
        if oids.ANY_EXTENDED_KEY_USAGE in usages:
            yield "anyExtendedKeyUsage allows every purpose"
        if found and found.critical != profile.extended_key_usage_critical:
            yield f"its criticality is {found.critical}, not as declared"
        if not usages and not profile.ca:
            yield "a leaf without a purpose may be used for all"

    return on_shared(CODE, check)
