"""PKI5022: the certificate policies."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.x509.oids import ANY_POLICY

CODE = "PKI5022"


def policies(_context: CertificateContext) -> SharedRule:
    """As declared, not critical, each once, anyPolicy only in CAs (RFC 5280 section 4.2.1.4)."""

    def check(shared: Shared) -> Iterator[str]:
        profile = shared.profile
        found = shared.extension(x509.CertificatePolicies)
        pairs = [
            (policy.policy_identifier.dotted_string, _qualifier(policy))
            for policy in (found.value if found else ())
        ]
        if pairs != list(profile.policies):
            yield f"policies {pairs}, declared are {list(profile.policies)}"
        identifiers = [oid for oid, _ in pairs]
        if len(set(identifiers)) != len(identifiers):
            yield "a policy stands there twice"
        if ANY_POLICY in identifiers and not profile.ca:
            yield "anyPolicy in a leaf"
        if found and (found.critical or not pairs):
            yield "certificate policies that are critical or empty"

    return on_shared(CODE, check)


def _qualifier(policy: x509.PolicyInformation) -> str:
    """The URL of the practice statement, or empty; a user notice shows as what it is."""
    match policy.policy_qualifiers:
        case None | []:
            return ""
        case [str() as url]:
            return url
        case others:
            return repr(others)
