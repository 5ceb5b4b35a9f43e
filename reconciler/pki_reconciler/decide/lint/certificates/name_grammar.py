"""PKI5017: every name is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate
from pki_schema.x509 import names, oids

CODE = "PKI5017"

_GRAMMARS: dict[str, Callable[[str], str | None]] = {
    "dns": names.dns_fault,
    "email": names.email_fault,
    "uri": names.uri_fault,
    "ip": names.ip_fault,
}


def name_grammar(_context: CertificateContext) -> Rule[CertificateFacts]:
    """RFC 5280 section 4.2.1.6 with RFC 1123, 3986 and 5890: pyca would write NUL and ``a..b``."""

    def check(draft: CertificateDraft, _facts: CertificateFacts) -> Iterator[str]:
        for kind, value in draft.names:
            if fault := grammar_fault(kind, value):
                yield f'{kind} name "{value[:80]}" {fault}'

    return on_certificate(CODE, check)


def grammar_fault(kind: str, value: str) -> str | None:
    """Why this is no name of its type, or ``None``."""
    if kind == "other":
        oid, _, text = value.partition(";")
        # A type with a grammar of its own would pass it by; what has no text is of no type here.
        if not oids.is_dotted(oid) or oid in oids.RESERVED_OTHER_NAMES:
            return "is of a type that is not in use here"
        return None if text and text.isprintable() else "is no text"
    return _GRAMMARS[kind](value) if kind in _GRAMMARS else None
